"""What hashes cover: content_hash (dossier 2) and the integrity checksum (dossier 3), both forms of it.

A checksum is fed one memory at a time, in ascending order of ids by code point, so a store of any size is hashed in the memory
of one element.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from satchel.codec import canonical
from satchel.formats.portable_ai_memory.moments import sdk_spelling
from satchel.model.normal_forms import nfc
from satchel.model.text import normalised

_ECMA_SPACE = re.compile("[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")
_PLAIN_SPACES = re.compile(" +")

_TEMPORAL = ("created_at", "updated_at", "valid_from", "valid_until")


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def content_hash(content: str) -> str:
    """The hash of the normalised content: trim, lower, NFC, every run of white space one space (dossier 2.1)."""
    return _sha256(normalised(content))


def other_reading(content: str, declared: str) -> str:
    """Which other reading of the rule gives ``declared``: "ECMAScript white space", "spaces only", or "" (dossier 2.2)."""
    folded = nfc(content.lower())
    if _sha256(_ECMA_SPACE.sub(" ", folded).strip(" ")) == declared:
        return "ECMAScript white space"
    if _sha256(_PLAIN_SPACES.sub(" ", nfc(content.strip().lower()))) == declared:
        return "spaces only"
    return ""


class Checksum:
    """The running SHA-256 of the canonical array of memories."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"[")
        self.count = 0

    def add(self, canonical_bytes: bytes, count: int = 1) -> None:
        """Append one memory in its RFC 8785 form, or ``count`` of them with a comma between each two."""
        if self.count:
            self._digest.update(b",")
        self._digest.update(canonical_bytes)
        self.count += count

    def text(self) -> str:
        """The checksum of what was added so far, as ``integrity.checksum`` spells it."""
        digest = self._digest.copy()
        digest.update(b"]")
        return "sha256:" + digest.hexdigest()


def canonical_memory(memory: Any) -> bytes:
    """The memory's RFC 8785 form. Raises CanonicalError."""
    return canonical.encode(memory, dialect="jcs")


def sdk_form(memory: dict[str, Any]) -> dict[str, Any]:
    """The memory as SDK 1.0.0 dumps it before it hashes: nulls gone, defaults added, times respelled (dossier 3.4)."""
    form = {name: value for name, value in memory.items() if value is not None}
    form.setdefault("status", "active")
    form.setdefault("tags", [])
    for name, times in (
        ("temporal", _TEMPORAL),
        ("provenance", ("extracted_at",)),
        ("confidence", ("last_reinforced",)),
        ("metadata", ()),
    ):
        if type(form.get(name)) is dict:
            inner = {member: value for member, value in form[name].items() if value is not None}
            for time in times:
                if time in inner:
                    inner[time] = sdk_spelling(inner[time])
            form[name] = inner
    if type(form.get("access")) is dict:
        form["access"] = {"visibility": "private", "exportable": True, "shared_with": [], **form["access"]}
    return form
