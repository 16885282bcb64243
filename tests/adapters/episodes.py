"""Runs an adapter over files at hand, and builds from its records the episodes that Portable Memory has for them.

The episode is the dossier's: the defaults of portable-memory.md 9, the record's own fields, then its residue.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from satchel.adapters.base import Adapter, Claim, ReadContext
from satchel.codec import canonical
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember, Member
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.record import Item, Original, Record
from satchel.model.times import to_rfc3339

NOW = "2023-11-14T22:13:20Z"  # 1700000000
DEFAULTS: dict[str, Any] = {
    "accessCount": 0, "actors": [], "categories": [], "confidence": 0.7, "extractionState": "done", "importance": 0.5,
    "lifecycleState": "HOT", "metadata": {}, "pinned": False, "sensitivity": "low", "vaultRefs": [],
}  # fmt: skip


@dataclass
class Outcome:
    roles: dict[str, str] = field(default_factory=dict)
    loose: list[Member] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def take(self, items: Iterator[Item]) -> None:
        """All that an adapter yields, each original read."""
        for item in items:
            if isinstance(item, Finding):
                self.findings.append(item)
                continue
            assert isinstance(item, Original)
            self.originals.append(item)
            reading = item.read()
            self.records.extend(reading.records)
            self.findings.extend(reading.findings)
        for record in self.records:
            assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
            assert len(record.uid) == 40 and set(record.uid) <= set("0123456789abcdef")
            assert record.trust in ("imported", "untrusted")
            assert record.times.recorded is None

    def codes(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.code] = counts.get(finding.code, 0) + finding.count
        return counts

    def texts(self) -> list[str]:
        return [record.body.text for record in self.records if record.kind == "memory"]  # type: ignore[union-attr]

    def episodes(self) -> list[dict[str, Any]]:
        return [episode(record) for record in self.records if record.kind == "memory"]


def run(adapter: Adapter, files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Outcome:
    """``files``: path to bytes, to text, or to a value that is written as JSON."""
    outcome = Outcome()
    claims: list[Claim] = []
    for path, value in files.items():
        data = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
        member = BytesMember(path, data)
        seen = probe(member)
        role = adapter.claim(member, seen)
        if role is None:
            outcome.loose.append(member)
        else:
            outcome.roles[path] = role
            claims.append(Claim(role, member, seen))
    outcome.take(adapter.read(claims, ReadContext(limits=limits, account=account)))
    return outcome


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
