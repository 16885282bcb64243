"""What a set of tombstones forbids: rows by kind and key, and what was derived from them (dossier 4).

A tombstone reaches the rows of its own kind alone (R5: the reference lets it reach the same id in every kind), whatever else
it names in ``derived``, and rows that cannot exist without one of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.codec import canonical
from satchel.formats.portable_memory.kinds import DERIVED, KINDS, Kind
from satchel.formats.portable_memory.succession import succeeded


def key_of(kind: Kind, row: Mapping[str, Any]) -> str:
    """What identifies a row, as a tombstone's ``targetID`` names it: its id, its name or key, or, where the key is several
    fields, the canonical JSON array of them (dossier 10.6 no. 8). "" where a part is missing."""
    if len(kind.key) == 1:
        part = row.get(kind.key[0])
        return part if type(part) is str else ""
    parts = [row.get(name) for name in kind.key]
    return canonical.encode(parts, "mem").decode() if all(type(part) is str for part in parts) else ""


class Graves:
    """Collected from tombstones; answers whether a row may live."""

    def __init__(self) -> None:
        self._deleted: dict[str, set[str]] = {}
        self._redacted: dict[str, set[str]] = {}
        self.kinds: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._deleted or self._redacted)

    def add(self, tombstone: Mapping[str, Any]) -> None:
        """Take in a tombstone that is well-formed. Adding one again, or in another order, changes nothing."""
        kind, target = tombstone["targetKind"], tombstone["targetID"]
        self.kinds.add(kind)
        graves = self._deleted if tombstone["op"] == "delete" else self._redacted
        graves.setdefault(kind, set()).add(target)
        derived = tombstone.get("derived")
        if type(derived) is dict:
            for name, of in DERIVED.items():
                ids = derived.get(name)
                if of and type(ids) is list and ids:
                    self._deleted.setdefault(of, set()).update(id for id in ids if type(id) is str)

    def forbids(self, kind: str, row: Mapping[str, Any]) -> bool:
        """Whether the row is deleted: by its own key, or by a row that it cannot exist without."""
        if not self._deleted and not self._redacted:
            return False
        rules = KINDS.get(kind)
        if rules is None:
            return _id_of(row) in self._deleted.get(kind, ())
        if kind in self._deleted and key_of(rules, row) in self._deleted[kind]:
            return True
        if not rules.parents:
            return False
        if kind in self._deleted and succeeded(kind, row) in self._deleted[kind]:
            return True
        of = dict(rules.refs)
        if any(row.get(name) in self._deleted.get(of[name], ()) for name in rules.parents):
            return True
        # Text may outlive its redaction in what was drawn from it: that goes with it.
        return bool(rules.text) and any(row.get(name) in self._redacted.get(of[name], ()) for name in rules.parents)

    def silences(self, kind: str, row: Mapping[str, Any]) -> bool:
        """Whether the row is redacted: it may stand as a skeleton, without its text."""
        if kind not in self._redacted:
            return False
        rules = KINDS.get(kind)
        return (key_of(rules, row) if rules else _id_of(row)) in self._redacted[kind]


def _id_of(row: Mapping[str, Any]) -> str | None:
    """The id of a vendor's row, which may be of any type: a tombstone can name only text."""
    id = row.get("id")
    return id if type(id) is str else None


#: Members that say how a row is kept and not what was said.
_KEPT = frozenset({"sensitivity", "sourceType", "lifecycleState", "extractionState"})
_WORD_CHARACTERS = 16


def is_skeleton(kind: str, row: Mapping[str, Any]) -> bool:
    """Whether a native row holds none of what was said: times, numbers, flags and ids alone, every other text, list and map
    empty, nothing foreign. A vendor's row is none, for nobody knows where its text is."""
    rules = KINDS.get(kind)
    if rules is None or row.keys() - rules.names:
        return False
    ids = {*rules.key, *rules.parents}
    for field in rules.fields:
        value = row.get(field.name)
        if not value or field.type not in ("s", "s[]", "map") or field.name in ids:
            continue
        # One of the format's few words may stand; anything longer could be what was said.
        if field.name not in _KEPT or len(value) > _WORD_CHARACTERS or not value.isalpha():
            return False
    return True
