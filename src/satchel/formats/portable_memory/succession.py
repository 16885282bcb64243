"""Edges and facts are superseded, never overwritten (dossier 2, 6.4, 10.6 no. 11).

A row that says something else under the id of one that the vault holds becomes its successor, under an id derived from what
it says; the one before stays, with the successor's id and an end to its validity. Rows that are read again change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.formats.portable_memory.records import changed_at

#: What such a row says; the other members tell of its life: how sure, until when, what came after, when it was pruned.
KINDS: dict[str, tuple[str, ...]] = {
    "edge": ("srcEntityID", "dstEntityID", "edgeType", "tValidFrom"),
    "fact": ("subject", "predicate", "object", "text", "episodeID", "tValidFrom"),
}
#: A chain longer than this is taken as it is.
_MAX_CHAIN = 10_000


def merged(kind: str, line: bytes, row: Mapping[str, Any], current: Callable[[str, str], bytes | None]) -> list[bytes]:
    """The rows that the vault is to take for this one: itself, or the one before as superseded and itself as its successor.

    Args:
        current: the row that the vault holds under a kind and an id.
    """
    id = row["id"]
    for _ in range(_MAX_CHAIN):
        held = current(kind, id)
        if held is None or held == line:
            return [line if id == row["id"] else _successor(row, id)]
        before: dict[str, Any] = msgspec.json.decode(held)
        after = before.get("supersededBy")
        if _says(kind, before) == _says(kind, row):
            # The same, told again: an end that it has found since is not taken back.
            return [held] if id != row["id"] or (after and not row.get("supersededBy")) else [line]
        if after and current(kind, after) is not None:
            id = after
            continue
        old, new = changed_at(kind, before), changed_at(kind, row)
        if old is not None and new is not None and new < old:
            # An older statement does not come after a newer one.
            return [line] if id == row["id"] else []
        heir = f"{row['id']}~{hashlib.sha256(canonical.encode(_says(kind, row), 'mem')).hexdigest()[:16]}"
        ended = {**before, "supersededBy": heir, "tValidTo": before.get("tValidTo") or row["tValidFrom"]}
        return [canonical.encode(ended, "mem"), _successor(row, heir)]
    return [line]


def _says(kind: str, row: Mapping[str, Any]) -> list[Any]:
    return [row.get(name) for name in KINDS[kind]]


def _successor(row: Mapping[str, Any], id: str) -> bytes:
    return canonical.encode({**row, "id": id}, "mem")
