"""What is never kept: account data, and the manifest whose links work once (providers.md 3.2, "Multi-part").

A finding says that they were there and what they were, and holds no value of theirs: no name, no address, no link. Nothing
here fetches anything; a fetched link could not be downloaded by its owner again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from satchel.adapters.claude.wire import decode, dicts, document, notes_of
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error

_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,31}", re.ASCII)
_PART = re.compile(r"\d{1,6}", re.ASCII)
_FILE = re.compile(r"([A-Za-z][A-Za-z_]{0,31})-(\d{1,6})(?:\s*\(\d+\))?(?:\.zip)?", re.ASCII)
#: The roles whose presence shows that a category of one part is there, whatever its file is called.
_ROLES_OF = {
    "conversations": {"conversations", "conversations-wrapped", "conversation"},
    "projects": {"projects", "project"},
    "memories": {"memories", "memory"},
    "design_chats": {"design-chats", "design-chat"},
    "frames": {"artifact", "artifact-comments"},
    "light_metadata": {"users", "logins"},
    "feedback": {"reflections"},
}


class _ManifestIn(msgspec.Struct, gc=False):
    data_files: Any = None


def account_data(member: Member, what: str) -> Finding:
    """That a file holds account data, which is not taken in."""
    return Finding(
        code="account-data",
        severity="info",
        text=f"{what} of the account; account data is not kept",
        place=Place(file=member.name),
        outcome="skipped",
    )


def manifest_findings(member: Member, names: Collection[str], roles: Collection[str], limits: Limits) -> Iterator[Finding]:
    """Which parts the manifest lists, and which of them are not in this input.

    Args:
        names: the names of all files given, to find parts by the name of the zip or folder that they lie in.
        roles: the roles of all files claimed.
    """
    place = Place(file=member.name)
    notes = notes_of(place)
    try:
        manifest = decode(document(member, limits), _ManifestIn, notes, limits)
    except SatchelError as error:
        yield from_error(error, place=place)
        return
    except msgspec.ValidationError:
        yield Finding("unknown-shape", "error", "this is no manifest", place, "skipped")
        return
    parts = _parts(manifest.data_files)
    yield Finding(
        code="multi-part-manifest",
        severity="info",
        text="the manifest of an export in parts: its links work once and are neither followed nor kept; it lists "
        + (", ".join(f"{category} {part}" for category, part, _ in parts) or "no parts"),
        place=place,
        outcome="skipped",
        count=max(len(parts), 1),
    )
    present = {key for name in names for key in _keys(name)}
    split = Counter(category for category, _, _ in parts)
    for category, part, key in parts:
        alone = split[category] == 1
        if key in present or (alone and not _ROLES_OF.get(category, set()).isdisjoint(roles)):
            continue
        yield Finding(
            code="missing-part",
            severity="warning",
            text=f"part {part} of {category} is listed but not among the given files: download it and import it too",
            place=place,
            outcome="skipped",
        )


def _parts(value: Any) -> list[tuple[str, str, tuple[str, int]]]:
    """Category and part of each listed file, in words of a fixed form so that nothing else can come along, and the word
    and number that its file is named by."""
    found: dict[tuple[str, str, tuple[str, int]], None] = {}
    for item in dicts(value):
        category, part, name = item.get("category"), item.get("part"), item.get("filename")
        named = _FILE.fullmatch(name) if type(name) is str else None
        word = category if type(category) is str and _WORD.fullmatch(category) else named[1] if named else "unnamed"
        digits = str(part) if type(part) in (int, str) and _PART.fullmatch(str(part)) else ""
        number = named[2] if named else digits or "0"
        found[(word, number.zfill(3), (named[1] if named else word, int(number)))] = None
    return list(found)


def _keys(name: str) -> Iterator[tuple[str, int]]:
    for component in name.replace("\\", "/").split("/"):
        named = _FILE.fullmatch(component)
        if named:
            yield named[1], int(named[2])
