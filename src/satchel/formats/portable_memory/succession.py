"""Edges and facts that changed: the earlier statement stands beside the current one, superseded (dossier 2, 10.6 no. 11).

A row's id goes on naming what is held now, so that whoever refers to it, updates it or deletes it means the same as its maker.
Each earlier statement leaves as a row of its own, ``<id>~<hash of the statement>``, which names its successor in
``supersededBy`` and ends where that begins. The hash makes the row the same in every export; a deletion of the id reaches it.
What changes without saying something else (confidence, reinforcement, pruning, an end) is no new statement.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from satchel.codec import canonical

_STATEMENT = {
    "edge": ("dstEntityID", "edgeType", "srcEntityID", "tValidFrom"),
    "fact": ("episodeID", "object", "predicate", "speaker", "subject", "tValidFrom", "text"),
}
#: Kinds whose changes supersede.
KINDS = frozenset(_STATEMENT)
_EARLIER = re.compile(r"(.+)~[0-9a-f]{16}", re.DOTALL | re.ASCII)


def earlier_rows(kind: str, states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The superseded rows of a row whose states these are, oldest first, the current one last."""
    current = states[-1]
    said = {_mark(kind, current)}
    made: list[dict[str, Any]] = []
    successor = current
    for state in reversed(states):
        mark = _mark(kind, state)
        if mark in said:
            continue
        said.add(mark)
        row = {name: value for name, value in state.items() if value is not None}
        row["id"] = f"{current['id']}~{mark}"
        row.setdefault("supersededBy", successor["id"])
        row.setdefault("tValidTo", max(row["tValidFrom"], successor["tValidFrom"]))
        made.append(row)
        successor = row
    return made[::-1]


def succeeded(kind: str, row: Mapping[str, Any]) -> str:
    """The id that an earlier statement's row was a state of; "" where the row is none."""
    found = _EARLIER.fullmatch(row["id"]) if kind in KINDS and type(row.get("id")) is str else None
    return found[1] if found else ""


def _mark(kind: str, row: Mapping[str, Any]) -> str:
    said = {name: row[name] for name in _STATEMENT[kind] if row.get(name) is not None}
    return hashlib.sha256(canonical.encode(said, "mem")).hexdigest()[:16]
