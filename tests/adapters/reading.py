"""Runs an adapter over files at hand, as an import does: claim each, give the rest as loose, read everything."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from satchel.adapters.base import Adapter, Claim, ReadContext
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember, Member
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Part
from satchel.model.findings import Finding
from satchel.model.record import Asset, Item, Original, Record


@dataclass
class Outcome:
    roles: dict[str, str] = field(default_factory=dict)
    loose: list[Member] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def take(self, items: Iterator[Item]) -> None:
        """All that an adapter yields, each original read."""
        for item in items:
            if isinstance(item, Finding):
                self.findings.append(item)
            elif isinstance(item, Asset):
                self.assets.append(item)
                check(item.record)
            else:
                assert isinstance(item, Original)
                self.originals.append(item)
                reading = item.read()
                self.records.extend(reading.records)
                self.findings.extend(reading.findings)
        for record in self.records:
            check(record)

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records if record.kind == kind]

    def bodies(self, kind: str) -> list[Any]:
        return [record.body for record in self.of(kind)]

    def codes(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.code] = counts.get(finding.code, 0) + finding.count
        return counts

    def parts(self) -> list[Part]:
        return [part for body in self.bodies("message") for part in body.parts]


Found = TypeVar("Found", bound=Outcome)


def run(adapter: Adapter, files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Outcome:
    """``files``: path to bytes, or to a value that is written as JSON."""
    return run_into(Outcome(), adapter, files, account=account, limits=limits)


def run_into(outcome: Found, adapter: Adapter, files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Found:
    """As ``run``, into an outcome that knows more."""
    members = [
        BytesMember(path, data if isinstance(data, bytes) else json.dumps(data).encode()) for path, data in files.items()
    ]
    claims: list[Claim] = []
    for member in members:
        seen = probe(member)
        role = adapter.claim(member, seen)
        if role is None:
            outcome.loose.append(member)
        else:
            outcome.roles[member.path] = role
            claims.append(Claim(role, member, seen))
    outcome.take(adapter.read(claims, ReadContext(limits=limits, account=account, loose=outcome.loose)))
    return outcome


def texts_as_bytes(files: dict[str, Any]) -> dict[str, Any]:
    """The files with text as it stands, not as JSON."""
    return {path: value.encode() if isinstance(value, str) else value for path, value in files.items()}


def check(record: Record) -> None:
    """What holds for every record: its fields have the types that they say, its uid the form of one."""
    again = msgspec.json.decode(msgspec.json.encode(record), type=Record)
    assert again == record
    assert record.times.recorded is None
    assert len(record.uid) == 40
    assert set(record.uid) <= set("0123456789abcdef")
    for link in record.links:
        assert len(link.to) == 40


def folder(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def broken(value: Any, changes: list[tuple[int, Any]]) -> Any:
    """A copy of ``value`` with something else at some of its places, which numbers name."""
    value = copy.deepcopy(value)
    for number, junk in changes:
        spots: list[tuple[Any, Any]] = []
        stack = [value]
        while stack:
            item = stack.pop()
            keys = list(item) if isinstance(item, dict) else list(range(len(item))) if isinstance(item, list) else []
            spots += [(item, key) for key in keys]
            stack += [item[key] for key in keys]
        if spots:
            container, key = spots[number % len(spots)]
            container[key] = copy.deepcopy(junk)
    return value
