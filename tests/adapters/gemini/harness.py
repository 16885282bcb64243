"""Runs the adapter over files at hand, as an import does: claim each, give the rest as loose, read everything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from satchel.adapters.base import Claim, ReadContext
from satchel.adapters.gemini import ADAPTER
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember, Member
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Message, Part
from satchel.model.findings import Finding
from satchel.model.record import Asset, Original, Record

SHARED = Path(__file__).resolve().parents[3].parent / "shared"


@dataclass
class Outcome:
    roles: dict[str, str] = field(default_factory=dict)
    loose: list[Member] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def of(self, kind: str) -> list[Record]:
        """Records of a kind, each uid once: a talk's head comes with more than one of its entries."""
        return list({record.uid: record for record in self.records if record.kind == kind}.values())

    def bodies(self, kind: str) -> list[Any]:
        return [record.body for record in self.of(kind)]

    def codes(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.code] = counts.get(finding.code, 0) + finding.count
        return counts

    def parts(self) -> list[Part]:
        return [part for body in self.bodies("message") for part in body.parts]

    def said(self) -> list[tuple[str, str]]:
        """Role and text of every message, in the order of the talks."""
        return [(body.role, text_of(body)) for body in sorted(self.bodies("message"), key=lambda body: body.position)]

    def talks(self) -> list[list[str]]:
        """The texts of each talk, talks and messages in order."""
        found: dict[str, list[Record]] = {}
        for record in sorted(self.of("message"), key=lambda record: record.body.position):  # type: ignore[union-attr]
            found.setdefault(record.linked("part_of"), []).append(record)
        return [[text_of(record.body) for record in records] for records in found.values()]

    def times(self) -> list[Any]:
        return [record.times.created for record in self.of("message")]


def text_of(body: Any) -> str:
    assert isinstance(body, Message)
    return "".join(part.text for part in body.parts)


def run(files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Outcome:
    """``files``: path to bytes, to text, or to a value that is written as JSON."""
    outcome = Outcome()
    claims: list[Claim] = []
    for path, value in files.items():
        data = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
        member = BytesMember(path, data)
        seen = probe(member)
        role = ADAPTER.claim(member, seen)
        if role is None:
            outcome.loose.append(member)
        else:
            outcome.roles[path] = role
            claims.append(Claim(role, member, seen))
    for item in ADAPTER.read(claims, ReadContext(limits=limits, account=account, loose=outcome.loose)):
        if isinstance(item, Finding):
            outcome.findings.append(item)
        elif isinstance(item, Asset):
            outcome.assets.append(item)
            check(item.record)
        else:
            assert isinstance(item, Original)
            outcome.originals.append(item)
            reading = item.read()
            outcome.records.extend(reading.records)
            outcome.findings.extend(reading.findings)
    for record in outcome.records:
        check(record)
    return outcome


def check(record: Record) -> None:
    """What holds for every record: its fields have the types that they say, its uid the form of one."""
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
    assert len(record.uid) == 40 and set(record.uid) <= set("0123456789abcdef")
    assert record.times.recorded is None
    for link in record.links:
        assert len(link.to) == 40


def entry(title: str = "Prompted hi", time: Any = "2026-01-01T10:00:00.000Z", **members: Any) -> dict[str, Any]:
    """An entry as Takeout writes it today."""
    return {"header": "Gemini Apps", "title": title, "time": time, "products": ["Gemini Apps"], **members}


def answer(*html: str) -> dict[str, Any]:
    return {"safeHtmlItem": [{"html": item} for item in html]}


def cell(body: str, *, header: str = "Gemini Apps", caption: str = "") -> str:
    """An entry of the HTML as Takeout writes it."""
    head = (
        f'<div class="header-cell mdl-cell mdl-cell--12-col"><p class="mdl-typography--title">{header}<br></p></div>'
        if header
        else ""
    )
    return (
        '<div class="outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp"><div class="mdl-grid">'
        f'{head}<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1">{body}</div>'
        '<div class="content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1 mdl-typography--text-right"></div>'
        f'<div class="content-cell mdl-cell mdl-cell--12-col mdl-typography--caption"><b>Products:</b><br>&emsp;{header}'
        f"<br>{caption}</div></div></div>"
    )


def page(*cells: str) -> str:
    style = ".mdl-grid{display:flex}.outer-cell{margin:0}"
    return (
        f'<html><head><meta charset="UTF-8"><title>x</title><style>{style}</style></head>'
        f'<body><div class="mdl-grid">{"".join(cells)}</div></body></html>'
    )


def folder(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
