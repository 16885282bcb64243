"""Runs an adapter over files at hand, and builds from its records the episodes that Portable Memory has for them.

The episode is the dossier's: the defaults of portable-memory.md 9, the record's own fields, then its residue.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from satchel.adapters.base import Adapter
from satchel.codec import canonical
from satchel.limits import DEFAULT, Limits
from satchel.model.record import Record
from satchel.model.times import to_rfc3339
from tests.adapters import reading

NOW = "2023-11-14T22:13:20Z"  # 1700000000
DEFAULTS: dict[str, Any] = {
    "accessCount": 0, "actors": [], "categories": [], "confidence": 0.7, "extractionState": "done", "importance": 0.5,
    "lifecycleState": "HOT", "metadata": {}, "pinned": False, "sensitivity": "low", "vaultRefs": [],
}  # fmt: skip


class Outcome(reading.Outcome):
    def texts(self) -> list[str]:
        return [record.body.text for record in self.records if record.kind == "memory"]  # type: ignore[union-attr]

    def episodes(self) -> list[dict[str, Any]]:
        return [episode(record) for record in self.records if record.kind == "memory"]


def run(adapter: Adapter, files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Outcome:
    """``files``: path to bytes, to text, or to a value that is written as JSON."""
    found = reading.run_into(Outcome(), adapter, reading.texts_as_bytes(files), account=account, limits=limits)
    assert all(record.trust in ("imported", "untrusted") for record in found.records)
    return found


def episode(record: Record) -> dict[str, Any]:
    """The Portable Memory episode of a memory, with ``NOW`` for every time that its source did not give."""
    text = record.body.text  # type: ignore[union-attr]
    times = record.times
    first = times.observed or times.created
    return {
        **DEFAULTS,
        "id": record.origin.id,
        "details": text,
        "summary": text[:120],
        "eventTime": _text(first),
        "mentionTime": _text(times.updated or first),
        "ingestionTime": _text(times.created),
        **record.residue["portable-memory"],
    }


def line(episode: dict[str, Any]) -> bytes:
    """The episode as one line of ``items/episode.jsonl``."""
    return canonical.encode(episode, "mem") + b"\n"


def _text(moment: datetime | None) -> str:
    return NOW if moment is None else to_rfc3339(moment.replace(microsecond=0))
