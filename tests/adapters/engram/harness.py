"""Runs the adapter over files at hand, and builds the Portable Memory episode that a record stands for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from satchel.adapters.base import Claim, ReadContext
from satchel.adapters.engram import ADAPTER
from satchel.adapters.engram.values import timestamp
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.limits import DEFAULT, Limits
from satchel.model.record import Record
from tests.adapters import episodes
from tests.conftest import SHARED

FIXTURES = SHARED / "conformance" / "portable-memory" / "Conformance" / "fixtures" / "engram"
NAMES = ("engrams.yaml", "pack.yaml", "episodes.yaml")
NOW = datetime.fromtimestamp(1_700_000_000, UTC)
#: What Portable Memory's adapters write unasked (dossier 9, "Constants"), written down here a second time.
CONSTANTS: dict[str, Any] = {
    "sensitivity": "low", "importance": 0.5, "confidence": 0.7, "lifecycleState": "HOT", "extractionState": "done",
    "accessCount": 0, "pinned": False, "actors": [], "categories": [], "vaultRefs": [],
}  # fmt: skip


class Outcome(episodes.Outcome):
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
            outcome.roles[member.path] = role
        if role is not None or is_forced:
            claims.append(Claim(role or "memories", member, seen))
    outcome.take(ADAPTER.read(claims, ReadContext(limits=limits, account=account)))
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
