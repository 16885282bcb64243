"""The text that Gemini asks another assistant to write, for its own import of memory (providers.md 3.3, "Into it").

Five sections of third-person statements, ``* The user …``, each with ``* Evidence: User said "…". Date: [YYYY-MM-DD].`` under
it, and at the end ``Imported from: <name>``. The words are those of Gemini's prompt, which is English.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.adapters.gemini.wire import PLATFORM, origin
from satchel.adapters.notes import Notes
from satchel.model.bodies import Memory, MemoryType
from satchel.model.ids import make_uid
from satchel.model.record import Native, Provenance, Record, Times

_BULLET = re.compile(r"\s*[*\-\u2022]\s+(.*)", re.DOTALL)
_EVIDENCE = re.compile(r"\*{0,2}Evidence:\*{0,2}\s*(.*)", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(r"\s*Date:\s*\[?\s*(?:(\d{4})-(\d{2})-(\d{2})|[^\]\n]*)\s*\]?\.?\s*\Z", re.IGNORECASE)
_SOURCE = re.compile(r"(?m)^\W{0,4}Imported from:\W{0,3}[ \t]*(.+?)\W*$", re.IGNORECASE)
_SECTIONS: tuple[tuple[str, MemoryType], ...] = (
    ("demographic", "identity"), ("interest", "preference"), ("relationship", "relationship"), ("dated event", "goal"),
    ("instruction", "instruction"),
)  # fmt: skip


class Statement(msgspec.Struct, frozen=True):
    """One statement: its words, the section that it stands under, its evidence and when that was said."""

    text: str
    section: str = ""
    evidence: str = ""
    date: datetime | None = None


def is_import_text(text: str) -> bool:
    """Whether a text is such an answer: evidence under a bullet, and where it was taken from."""
    return _SOURCE.search(text) is not None and re.search(r"(?mi)^\s*[*\-\u2022]\s+\*{0,2}Evidence:", text) is not None


def parse(text: str) -> tuple[list[Statement], str]:
    """The statements in order, and the name behind ``Imported from``."""
    source = _SOURCE.search(text)
    found: list[Statement] = []
    section = ""
    for line in text.splitlines():
        bullet = _BULLET.match(line)
        bare = line.strip().strip("#*").strip().rstrip(":")
        if bullet is None:
            is_header = line.lstrip().startswith(("#", "**")) or line[:1].isdigit() or _type(bare) is not None
            if bare and is_header and not _SOURCE.match(line):
                section = re.sub(r"^\d+[.)]\s*", "", bare).strip("* ")
            elif bare and found and line[:1].isspace():
                found[-1] = msgspec.structs.replace(found[-1], text=f"{found[-1].text}\n{bare}")
            continue
        said = bullet[1].strip()
        evidence = _EVIDENCE.fullmatch(said)
        if evidence and found:
            date = _DATE.search(evidence[1])
            quote = evidence[1][: date.start()].strip() if date else evidence[1].strip()
            found[-1] = msgspec.structs.replace(found[-1], evidence=quote, date=_day(date))
        elif said and not evidence:
            found.append(Statement(said, section))
    return found, source[1].strip() if source else ""


def read_text(data: bytes, account: str, notes: Notes) -> tuple[Record, ...]:
    """Each statement as a memory, with the day of its evidence."""
    text = data.decode("utf-8", "replace")
    if text.encode() != data:
        notes.add("repaired-text", "bytes that are no UTF-8 are read as U+FFFD", "warning", "changed")
    statements, source = parse(text)
    records: dict[str, Record] = {}
    for statement in statements:
        key = hashlib.sha256(" ".join(statement.text.split()).encode()).hexdigest()
        uid = make_uid(PLATFORM, account, "import_text", key)
        if uid in records:
            notes.add("repeated-statement", "a statement stands in the text again", outcome="skipped")
            continue
        records[uid] = _record(uid, statement, account, source)
    undated = sum(1 for statement in statements if statement.evidence and statement.date is None)
    notes.add("no-date", "the evidence of a statement has no day", count=undated)
    notes.add("no-statements", "there is no statement in this text", "warning", "skipped", count=not statements)
    return tuple(records.values())


def _record(uid: str, statement: Statement, account: str, source: str) -> Record:
    residue: dict[str, Any] = {"gemini": {"evidence": statement.evidence}} if statement.evidence else {}
    return Record(
        uid=uid,
        body=Memory(text=statement.text, type=_type(statement.section) or "fact"),
        origin=origin("imported_memory"),
        times=Times(observed=statement.date),
        provenance=Provenance(platform=PLATFORM, account=account, extractor=source),
        tags=(statement.section,) if statement.section else (),
        native=Native(),
        residue=residue,
    )


def _type(section: str) -> MemoryType | None:
    lower = section.lower()
    return next((kind for word, kind in _SECTIONS if word in lower), None)


def _day(found: re.Match[str] | None) -> datetime | None:
    if found is None or not found[1]:
        return None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    except ValueError:
        return None
