"""The adapter: one text is one original, each statement in it a memory (portable-memory.md 9.4).

Plain text has little structure to be known by. A file that nobody named is taken only when dated statements show what it is;
a text that a person names with ``--as transfer_text`` is taken for what they say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from satchel.adapters.base import AdapterInfo, Claim, ReadContext
from satchel.adapters.transfer_text.statements import Parsed, Statement, parse
from satchel.codec.probe import Probe
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.model.bodies import Memory
from satchel.model.findings import Finding, Outcome, Severity, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Origin, Original, Provenance, Reading, Record, Times

INFO = AdapterInfo(name="transfer_text", version=1, title="Memories as text")
#: Whose members the residue has.
FORMAT = "portable-memory"

#: So many statements with a mark of their own make a text one of these, when one of them has a date.
_MIN_MARKED = 2
_SUMMARY_CHARACTERS = 120


class TransferTextAdapter:
    """Implements ``satchel.adapters.base.Adapter``; stateless."""

    def __init__(self, *, was_named: bool = True) -> None:
        self._was_named = was_named

    @property
    def info(self) -> AdapterInfo:
        return INFO

    @property
    def unasked(self) -> TransferTextAdapter:
        """The same for files that nobody named: it takes no ordinary document."""
        return TransferTextAdapter(was_named=False)

    def claim(self, member: Member, probe: Probe) -> str | None:  # noqa: ARG002
        """``text`` for a text with dated statements, or for any text when the person named the adapter."""
        return "text" if (_is_text(probe) if self._was_named else _has_dated_statements(probe)) else None

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        """One original for each text. The account, where the person named one, is the source of the text."""
        for claim in claims:
            place = Place(file=claim.member.name)
            try:
                data = read_document(claim.member, context.limits)
            except SatchelError as error:
                yield from_error(error, place=place)
            else:
                yield _original(data, context.account, place)

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """Nothing: a statement's words, date, section and line are all in its record."""
        return {}


def _is_text(probe: Probe) -> bool:
    if probe.form == "json":
        # "[2025] - Likes tea" begins as an array does.
        return not probe.whole and type(probe.value) is list and not any(type(item) in (dict, list) for item in probe.value)
    return probe.form in ("text", "csv") or (probe.form == "html" and not probe.text.startswith("<"))


def _has_dated_statements(probe: Probe) -> bool:
    """Whether marked statements are at least two and half of all, and one has a day before it (a log has times)."""
    if probe.form not in ("text", "csv"):
        return False
    found = parse(probe.text).statements
    marked = [statement for statement in found if statement.is_marked]
    return (
        len(marked) >= _MIN_MARKED
        and 2 * len(marked) >= len(found)
        and any(statement.date and ":" not in statement.raw_date for statement in marked)
    )


def _original(data: bytes, account: str, place: Place) -> Original:
    # A text has no name of its own: what it says is its identity.
    uid = make_uid(INFO.name, account, "text", hashlib.sha256(data).hexdigest())
    return Original(
        uid=uid,
        kind=f"{INFO.name}.text",
        native=data,
        place=place,
        reader=INFO.reader,
        updated=None,
        read=lambda: _read(data, account, place),
    )


def _read(data: bytes, account: str, place: Place) -> Reading:
    findings: list[Finding] = []

    def tell(code: str, severity: Severity, text: str, count: int = 1, outcome: Outcome = "noticed") -> None:
        if count:
            findings.append(Finding(code, severity, text, place, outcome, count))

    text = data.decode("utf-8", "replace")
    if text.encode() != data:
        tell("repaired-text", "warning", "bytes that are no UTF-8 are read as U+FFFD", outcome="changed")
    parsed = parse(text)
    once: dict[str, Statement] = {}
    for statement in parsed.statements:
        once.setdefault(statement.id, statement)
    unread = sum(1 for statement in parsed.statements if _has_unread_date(statement))
    tell("unread-date", "info", "a date was not understood; the statement keeps it as it was written", unread)
    tell("repeated-statement", "info", "a statement stands in the text again", len(parsed.statements) - len(once), "skipped")
    tell("empty-statement", "info", "a line begins a statement and says nothing", parsed.empty, "skipped")
    tell("outside-fence", "info", "a line outside the fenced text is no statement", parsed.outside, "skipped")
    if not once:
        tell("no-statements", "warning", _nothing(parsed), outcome="skipped")
    return Reading(tuple(_record(id, statement, account) for id, statement in once.items()), tuple(findings))


def _has_unread_date(statement: Statement) -> bool:
    return statement.date is None and any(map(str.isdigit, statement.raw_date))


def _nothing(parsed: Parsed) -> str:
    return "the fences hold no statement" if parsed.outside else "there is no statement in this text"


def _record(id: str, statement: Statement, account: str) -> Record:
    return Record(
        uid=make_uid(INFO.name, account, "memory", id),
        body=Memory(text=statement.text),
        origin=Origin(format=INFO.name, id=id, kind=f"{INFO.name}.memory"),
        # The day is when the assistant took it down: when it was known, not when this text was made.
        times=Times(observed=statement.date),
        provenance=Provenance(platform=INFO.name, account=account),
        tags=(statement.section,) if statement.section else (),
        residue={FORMAT: _episode(statement, account)},
    )


def _episode(statement: Statement, account: str) -> dict[str, Any]:
    """The members of the statement's Portable Memory episode that differ from the defaults (portable-memory.md 9, 9.4)."""
    metadata = {
        "transfer_line": str(statement.line),
        "transfer_source": account,
        "transfer_date_raw": statement.raw_date,
        "transfer_section": statement.section,
    }
    episode: dict[str, Any] = {
        "sourceType": "note",
        "metadata": {name: value for name, value in metadata.items() if value},
    }
    if statement.section:
        episode["categories"] = [statement.section]
    summary = statement.text.partition("\n")[0][:_SUMMARY_CHARACTERS]
    if summary != statement.text[:_SUMMARY_CHARACTERS]:
        episode["summary"] = summary
    return episode


ADAPTER = TransferTextAdapter()
