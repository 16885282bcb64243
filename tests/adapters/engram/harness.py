"""Runs the adapter over files at hand, and builds the Portable Memory episode that a record stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from satchel.adapters.base import Claim, ReadContext
from satchel.adapters.engram import ADAPTER
from satchel.adapters.engram.values import timestamp
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.record import Original, Record

SHARED = Path(__file__).resolve().parents[3].parent / "shared"
FIXTURES = SHARED / "conformance" / "portable-memory" / "Conformance" / "fixtures" / "engram"
NAMES = ("engrams.yaml", "pack.yaml", "episodes.yaml")
NOW = datetime.fromtimestamp(1_700_000_000, UTC)
#: What Portable Memory's adapters write unasked (dossier 9, "Constants"), written down here a second time.
CONSTANTS: dict[str, Any] = {
    "sensitivity": "low", "importance": 0.5, "confidence": 0.7, "lifecycleState": "HOT", "extractionState": "done",
    "accessCount": 0, "pinned": False, "actors": [], "categories": [], "vaultRefs": [],
}  # fmt: skip


@dataclass
class Outcome:
    claimed: list[str] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def codes(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.code] = counts.get(finding.code, 0) + finding.count
        return counts

    def texts(self) -> list[str]:
        return [record.body.text for record in self.records]  # type: ignore[union-attr]

    def episodes(self) -> list[dict[str, Any]]:
        return [episode_of(record) for record in self.records]


def run(*files: str | bytes, account: str = "", limits: Limits = DEFAULT, is_forced: bool = True) -> Outcome:
    """Read files; those that nobody would claim too, unless ``is_forced`` is False."""
    outcome = Outcome()
    claims: list[Claim] = []
    for index, data in enumerate(files):
        member = BytesMember(f"{index}.yaml", data if isinstance(data, bytes) else data.encode())
        seen = probe(member)
        role = ADAPTER.claim(member, seen)
        if role is not None:
            outcome.claimed.append(member.path)
        if role is not None or is_forced:
            claims.append(Claim(role or "memories", member, seen))
    for item in ADAPTER.read(claims, ReadContext(limits=limits, account=account)):
        if isinstance(item, Finding):
            outcome.findings.append(item)
        else:
            assert isinstance(item, Original)
            outcome.originals.append(item)
            reading = item.read()
            outcome.records.extend(reading.records)
            outcome.findings.extend(reading.findings)
    for record in outcome.records:
        assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
        assert len(record.uid) == 40
    return outcome


def one(text: str) -> Record:
    """The one record of a file."""
    (record,) = run(text).records
    return record


def episode_of(record: Record, now: datetime = NOW) -> dict[str, Any]:
    """Constants, what the record's fields say, and its residue over both: nothing else may be needed."""
    event = record.times.observed or record.times.created or now
    text = record.body.text  # type: ignore[union-attr]
    return {
        **CONSTANTS,
        "id": record.origin.id,
        "details": text,
        "summary": text[:120],
        "eventTime": timestamp(event),
        "mentionTime": timestamp(record.times.updated or event),
        "ingestionTime": timestamp(now),
        **record.residue["portable-memory"],
    }


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()
