"""A table of Copilot's as conversations (providers.md 3.8; portable-ai-memory.md 7.5).

The tables have no ids: rows belong together by title, and rows of one title that lie far apart in time are talks of their own.
They come newest first, the answer before its question in the same second, so the order of the file is turned round before time
sorts it. Everything that is worked out so is told.
"""

from __future__ import annotations

import io
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from satchel.adapters.copilot.dates import Orders, Spelled, spelled
from satchel.adapters.copilot.table import Header, Row, read_header, records, stays_open
from satchel.adapters.copilot.wire import PLATFORM, Said, Talk, human_first, read_talk, role_of
from satchel.adapters.gathering import Gathering
from satchel.adapters.notes import Notes
from satchel.adapters.platform import Ties, sha256
from satchel.codec.sources import Member
from satchel.errors import MalformedInput, Place, SatchelError
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Part, Role
from satchel.model.findings import Finding, Outcome, Severity, from_error
from satchel.model.record import Item, Reading
from satchel.model.times import from_microseconds, to_microseconds

#: A longer silence begins another talk of the same title. Titles are drawn from what is said, and a talk may last a day.
TITLED_PAUSE = timedelta(hours=24)
#: Without a title time alone holds rows together (providers.md 3.3: the usual gap).
UNTITLED_PAUSE = timedelta(minutes=30)
_NEVER = -(1 << 63)
_USER, _ASSISTANT = 0, 1
_SPEAKERS: tuple[Role, Role] = ("user", "assistant")

_TOLD: dict[str, tuple[Severity, Outcome, str]] = {
    "no-rows": ("info", "noticed", "the table has no rows"),
    "empty-message": ("info", "skipped", "a row has no message; it gives no record"),
    "short-row": ("warning", "changed", "a row has fewer cells than the header; what is missing stays missing"),
    "repeated-header": ("info", "skipped", "the header stands among the rows again"),
    "repaired-text": ("warning", "changed", "text that is no UTF-8 was replaced by U+FFFD"),
    "bad-time": ("warning", "changed", "a time could not be read and is left out"),
    "ambiguous-date": ("warning", "changed", "day and month of a date could be either; the time is left out"),
    "time-without-zone": ("info", "noticed", "a time does not say its zone; it is read as UTC"),
    "unclosed-quote": ("error", "changed", "a quote is never closed: the rest of the file is read as one cell"),
    "split-by-pause": ("info", "noticed", "a title stands again after a long pause; the rows are read as another conversation"),
    "untitled": ("info", "noticed", "a conversation has no title; its rows were put together by time"),
}


def read_table(member: Member, account: str, ties: Ties, limits: Limits) -> Iterator[Item]:
    """Every conversation of a table."""
    try:
        with Gathering(limits) as rows:
            rows.begin(member)
            yield from _Table(member, account, ties, rows, limits).items()
    except SatchelError as error:
        yield from_error(error, place=Place(file=member.name))


class _Table:
    def __init__(self, member: Member, account: str, ties: Ties, rows: Gathering, limits: Limits) -> None:
        self.member = member
        self.account = account
        self.ties = ties
        self.rows = rows
        self.limits = limits
        self.header_bytes = b""
        self.counts: Counter[str] = Counter()
        self.orders = Orders()
        #: Of each row: where it is; its time in microseconds, the month first and the day first; its spelling; who said it.
        self.offsets = array("q")
        self.month_first = array("q")
        self.day_first = array("q")
        self.spelling = bytearray()
        self.speaker = bytearray()
        self.spellings: dict[tuple[str, bool], int] = {}
        self.is_newest_first = True

    def items(self) -> Iterator[Item]:
        yield from self._collect()
        self.spelled_by = list(self.spellings)
        self._find_direction()
        for group in self.rows.groups():
            yield from self._group(group)
        if not self.rows:
            self.counts["no-rows"] += 1
        for code, count in (+self.counts).items():
            severity, outcome, text = _TOLD[code]
            yield Finding(code, severity, text, Place(file=self.member.name), outcome, count)

    def _collect(self) -> Iterator[Item]:
        """Read the table once."""
        member, limits = self.member, self.limits
        place = Place(file=member.name)
        last = b""
        with member.open() as stream:
            self.header, self.header_bytes = read_header(stream, place)
            for element in records(stream, self.header.delimiter, len(self.header_bytes), member.name, limits):
                if element.fault:
                    yield from_error(element.fault)
                    continue
                last = element.data
                row = self._row(last)
                if row is None:
                    continue
                if row.text is None:
                    here = Place(file=member.name, element=element.index, offset=element.offset)
                    text = "a row has no cell for the message; its bytes are kept"
                    yield PLATFORM.unread(self.account, last, Finding("short-row", "warning", text, here, "skipped"))
                    continue
                if not row.text.strip():
                    self.counts["empty-message"] += 1
                    continue
                self._add(row, last, element.offset)
        if stays_open(last, self.header.delimiter):
            self.counts["unclosed-quote"] += 1

    def _row(self, data: bytes) -> Row | None:
        """A record's cells; None for a blank line, and for the header once more."""
        text = _text(data)
        if "\ufffd" in text and text.encode() != data.removesuffix(b"\n").removesuffix(b"\r"):
            self.counts["repaired-text"] += 1
        row = self.header.row(text)
        if not any(row):
            return None
        if (row.text or "").lower() == self.header.layout.text and (row.time or "").lower() == self.header.layout.time:
            self.counts["repeated-header"] += 1
            return None
        if row.text is not None and None in row:
            self.counts["short-row"] += 1
        return row

    def _add(self, row: Row, data: bytes, offset: int) -> None:
        self.offsets.append(offset)
        found = spelled(row.time or "")
        if found.is_read:
            self.orders.learn(found)
            self.counts["time-without-zone"] += not found.is_zoned
        elif (row.time or "").strip():
            self.counts["bad-time"] += 1
        # A layout without titles has a conversation a row.
        self.rows.add(data, *([(row.title or "").strip()] if self.header.layout.title else []))
        for times, moment in ((self.month_first, found.month_first), (self.day_first, found.day_first)):
            times.append(_NEVER if moment is None else to_microseconds(moment))
        self.spelling.append(self.spellings.setdefault((found.spelling, found.is_zoned), len(self.spellings)))
        is_prompt = not self.header.layout.author
        self.speaker.append(_USER if is_prompt or role_of(row.author or "") == "user" else _ASSISTANT)

    def _time(self, row: int) -> int:
        """A row's time in microseconds, ``_NEVER`` without one."""
        month, day = self.month_first[row], self.day_first[row]
        if month == day:
            return month
        settled = self.orders.settle(
            Spelled(
                None if month == _NEVER else from_microseconds(month),
                None if day == _NEVER else from_microseconds(day),
                *self.spelled_by[self.spelling[row]],
            )
        )
        return _NEVER if settled is None else to_microseconds(settled)

    def _find_direction(self) -> None:
        """Whether the table is newest first, as Microsoft writes it; a copy may have been sorted the other way."""
        falls = rises = answers_above = questions_above = 0
        before, speaker = _NEVER, _USER
        for row in range(len(self.rows)):
            now = self._time(row)
            if now == before and speaker != self.speaker[row]:
                answers_above += speaker == _ASSISTANT
                questions_above += speaker == _USER
            if now != _NEVER != before:
                falls += now < before
                rises += now > before
            before, speaker = now, self.speaker[row]
        self.is_newest_first = falls > rises or (falls == rises and answers_above >= questions_above)

    def _group(self, rows: list[int]) -> Iterator[Item]:
        """The conversations of one title."""
        if self.is_newest_first:
            rows.reverse()
        known = [self._time(row) for row in rows]
        self.counts["ambiguous-date"] += sum(
            time == _NEVER and (self.month_first[row] != _NEVER or self.day_first[row] != _NEVER)
            for row, time in zip(rows, known, strict=True)
        )
        # A row without a time stays beside its neighbour.
        sorted_by = list(known)
        for i in range(1, len(rows)):
            if sorted_by[i] == _NEVER:
                sorted_by[i] = sorted_by[i - 1]
        for i in range(len(rows) - 2, -1, -1):
            if sorted_by[i] == _NEVER:
                sorted_by[i] = sorted_by[i + 1]
        order = sorted(range(len(rows)), key=sorted_by.__getitem__)
        talk: list[int] = []
        pause, begun = 0, 0
        for _, run in groupby(order, key=sorted_by.__getitem__):
            second = list(run)
            here = sorted_by[second[0]]
            if not pause:
                pause = self._pause(rows[second[0]])
            if talk and here - begun > pause:
                self.counts["split-by-pause"] += 1
                yield from self._talk([rows[i] for i in talk], [known[i] for i in talk])
                talk = []
            if here != _NEVER:
                second = [second[i] for i in human_first([_SPEAKERS[self.speaker[rows[i]]] for i in second])]
            talk += second
            begun = here
        yield from self._talk([rows[i] for i in talk], [known[i] for i in talk])

    def _pause(self, row: int) -> int:
        """How long a silence ends a talk of this row's title, in microseconds."""
        title = self.header.row(_text(self.rows.data(row))).title
        if not (title or "").strip() and self.header.layout.title:
            self.counts["untitled"] += 1
            return UNTITLED_PAUSE // timedelta(microseconds=1)
        return TITLED_PAUSE // timedelta(microseconds=1)

    def _talk(self, rows: list[int], known: list[int]) -> Iterator[Item]:
        place = Place(file=self.member.name, offset=self.offsets[min(rows)])
        try:
            self.rows.check_size(rows)
        except SatchelError as error:
            yield from_error(error)
            return
        header, account = self.header, self.account
        kept = {row: self.rows.data(row) for row in sorted(rows)}
        moments = [None if time == _NEVER else from_microseconds(time) for time in known]
        first = header.row(_text(kept[rows[0]]))
        began = moments[0].isoformat() if moments[0] else first.time or ""
        coordinates = (header.layout.version, (first.title or "").strip(), began, sha256(first.text or ""))
        uid = self.ties.uid(PLATFORM.info.name, account, "conversation", *coordinates)

        def read(notes: Notes) -> Reading:
            cells = [header.row(_text(kept[row])) for row in rows]
            return read_talk(_talk_of(header, uid, account, cells, moments), notes)

        native = self.header_bytes + b"".join(kept.values())
        updated = max((moment for moment in moments if moment), default=None)
        yield PLATFORM.original(uid, "conversation", native, place, updated, read)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")


def _talk_of(header: Header, uid: str, account: str, cells: Sequence[Row], moments: Sequence[datetime | None]) -> Talk:
    first = cells[0]
    app = (first.app or "").strip()
    messages = [
        Said(
            author=(row.author or "") if header.layout.author else "user",
            parts=(Part(type="text", text=row.text or ""),),
            created=moment,
            coordinates=(moment.isoformat() if moment else row.time or "", role_of(row.author or ""), row.text or ""),
        )
        for row, moment in zip(cells, moments, strict=True)
    ]
    title = (first.title or "").strip() if header.layout.title else f"{app} prompt" if app else ""
    return Talk(uid, header.layout.version, messages, title, account=account)


def columns(native: bytes) -> dict[str, str]:
    """What a conversation's rows say that neither its title nor its messages do, from its first row: ``client_app``."""
    stream = io.BytesIO(native)
    try:
        header, before = read_header(stream, Place())
    except MalformedInput:
        return {}
    if not header.layout.app:
        return {}
    first = next(records(stream, header.delimiter, len(before), "", DEFAULT), None)
    app = header.row(_text(first.data)).app if first else None
    return {"client_app": app} if app else {}
