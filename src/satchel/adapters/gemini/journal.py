"""A file of "My Activity", JSON or HTML: its entries, each an original of its own.

The file is read twice: to see when its entries were made, in which language, and which are one talk; then to give them out
one by one. Between the two some hundred bytes are held for each entry, so that memory hardly grows with the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

import msgspec

from satchel.adapters.gemini import groups
from satchel.adapters.gemini.activity import is_ours, read_activity
from satchel.adapters.gemini.cells import iter_cells
from satchel.adapters.gemini.dates import Dates
from satchel.adapters.gemini.entry import read_entry
from satchel.adapters.gemini.exchange import Exchange, entry_uid, message_uid, records_of, words_of
from satchel.adapters.gemini.files import LooseFiles
from satchel.adapters.gemini.groups import Placement, Spot
from satchel.adapters.gemini.verbs import Verbs
from satchel.adapters.gemini.wire import decode, notes_of, original, title_of
from satchel.adapters.notes import Notes
from satchel.codec.arrays import Element, iter_array
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Record

_DIGEST_BYTES = 16
_BEGINNING_CHARACTERS = 80


class _Met(msgspec.Struct, frozen=True):
    """An element of the file as it was met: its exchange, or the finding to tell, or neither (another product's)."""

    data: bytes = b""
    place: Place = Place()
    exchange: Exchange | None = None
    finding: Finding | None = None
    notes: tuple[Finding, ...] = ()


class _Noted(msgspec.Struct, gc=False):
    """What is held of an entry between the two readings."""

    digest: bytes
    words: str
    beginning: str
    title: str
    is_open: bool
    turns: int
    talk: str
    at: datetime | None
    raw_time: str


class _Plan(msgspec.Struct, gc=False):
    """What is to become of an entry. Without a placement it is the same entry once more."""

    digest: bytes
    uid: str
    placement: Placement | None


class Journal:
    """See the module docstring. ``items`` may be asked once."""

    def __init__(self, member: Member, account: str, limits: Limits, loose: LooseFiles, *, is_html: bool) -> None:
        self._member = member
        self._account = account
        self._limits = limits
        self._loose = loose
        self._is_html = is_html
        self._dates = Dates()
        self._verbs = Verbs()

    def items(self) -> Iterator[Item]:
        """Every entry as an original, its files, and findings.

        Raises:
            InputError: the file cannot be read, or read a second time (a pipe).
        """
        plans, inferred = self._plan()
        at = others = again = 0
        for met in self._entries():
            if met.finding is not None:
                yield met.finding
            if met.exchange is None:
                others += met.finding is None
                continue
            plan = plans[at] if at < len(plans) else None
            at += 1
            if plan is None or plan.digest != _digest(met.data):
                text = "the file changed while it was read; an entry was left out"
                yield Finding("file-changed", "error", text, met.place, "skipped")
            elif plan.placement is None:
                again += 1
            else:
                exchange = self._decided(met.exchange)
                yield self._original(met, exchange, plan.uid, plan.placement)
                part_of = plan.placement.conversation or plan.uid
                yield from self._loose.assets(exchange.files, self._member.path, part_of, self._account)
        yield from self._told(len(plans), others, again, inferred)

    def _told(self, entries: int, others: int, again: int, inferred: int) -> Iterator[Finding]:
        place = Place(file=self._member.name)
        if others:
            yield Finding("other-product", "info", "an entry is of another product and is not read", place, "skipped", others)
        if again:
            yield Finding("duplicate", "info", "an entry stands in the file more than once", place, "skipped", again)
        if inferred:
            text = "the export does not name the talk of an entry: entries less than 30 minutes apart are taken for one"
            yield Finding("grouping-inferred", "info", text, place, "noticed", inferred)
        if not entries:
            yield Finding("no-entries", "warning", "no entry of Gemini's could be read", place, "skipped")

    def _plan(self) -> tuple[list[_Plan], int]:
        """A plan for each entry, in the file's order; and how many talks were inferred."""
        plans: list[_Plan] = []
        spots: list[Spot] = []
        talking: list[int] = []
        seen: dict[str, bytes] = {}
        for noted in self._noted():
            moment, rough = noted.at, None
            if self._is_html:
                read = self._dates.read(noted.raw_time)
                moment, rough = read.at, read.rough
            uid = entry_uid(self._account, noted.words, moment, noted.raw_time)
            is_again = seen.get(uid) == noted.digest
            if uid in seen and not is_again:
                # Another answer to the same words in the same second.
                uid = make_uid(uid, noted.digest.hex())
                is_again = uid in seen
            seen[uid] = noted.digest
            plan = _Plan(noted.digest, uid, None if is_again else Placement("", has_head=False))
            if not is_again and noted.turns and not (noted.is_open and self._verbs.is_deed(noted.beginning)):
                tip = message_uid(uid, noted.turns - 1)
                spots.append(Spot(uid, tip, noted.talk, noted.title, moment, rough))
                talking.append(len(plans))
            plans.append(plan)
        placements, inferred = groups.arrange(spots, self._account)
        for at, placement in zip(talking, placements, strict=True):
            plans[at].placement = placement
        return plans, inferred

    def _noted(self) -> list[_Noted]:
        found: list[_Noted] = []
        for met in self._entries():
            exchange = met.exchange
            if exchange is None:
                continue
            if self._is_html and exchange.raw_time:
                self._dates.learn(exchange.raw_time)
            if exchange.is_answered and exchange.kind == "unknown":
                self._verbs.learn(exchange.title)
            found.append(
                _Noted(
                    digest=_digest(met.data),
                    words=words_of(exchange),
                    beginning=exchange.title[:_BEGINNING_CHARACTERS],
                    title=title_of(exchange.prompt),
                    is_open=_is_open(exchange),
                    turns=len(exchange.turns),
                    talk=exchange.talk,
                    at=exchange.at,
                    raw_time=exchange.raw_time,
                )
            )
        return found

    def _decided(self, exchange: Exchange) -> Exchange:
        """The exchange as the whole file shows it: its moment, and whether it is a prompt."""
        if self._is_html:
            read = self._dates.read(exchange.raw_time)
            exchange = msgspec.structs.replace(exchange, at=read.at, rough=read.rough)
        if _is_open(exchange) and self._verbs.is_deed(exchange.title[:_BEGINNING_CHARACTERS]):
            exchange = msgspec.structs.replace(exchange, turns=())
        return exchange

    def _original(self, met: _Met, exchange: Exchange, uid: str, placement: Placement) -> Original:
        account = self._account

        def read(notes: Notes) -> tuple[Record, ...]:
            for finding in met.notes:
                notes.add(finding.code, finding.text, finding.severity, finding.outcome, count=finding.count)
            return records_of(exchange, uid, placement, account, notes)

        return original(uid, "activity", met.data, met.place, exchange.at, read)

    def _entries(self) -> Iterator[_Met]:
        file, limits = self._member.name, self._limits
        with self._member.open() as stream:
            if self._is_html:
                for element in iter_cells(stream, file=file, limits=limits):
                    yield self._cell(element, _place(file, element))
            else:
                for item in _array(iter_array(stream, file=file, limits=limits), file):
                    yield item if isinstance(item, _Met) else self._activity(item, _place(file, item))

    def _cell(self, element: Element, place: Place) -> _Met:
        if element.fault:
            return _Met(place=place, finding=from_error(element.fault))
        entry = read_entry(element.data, self._dates)
        if entry is None:
            return _Met(finding=Finding("unknown-shape", "warning", "an entry has nothing that was said", place, "skipped"))
        notes = notes_of(place)
        if not entry.is_whole:
            notes.add("broken-html", "an entry's HTML could not be read to its end", "warning", "changed")
        return _Met(element.data, place, entry.exchange if entry.is_ours else None, notes=notes.findings())

    def _activity(self, element: Element, place: Place) -> _Met:
        if element.fault:
            return _Met(place=place, finding=from_error(element.fault))
        notes = notes_of(place)
        try:
            value = decode(element.data, notes, self._limits)
        except SatchelError as error:
            return _Met(place=place, finding=from_error(error, place=place))
        if type(value) is not dict:
            return _Met(finding=Finding("wrong-type", "error", "the element is no entry and was not read", place, "skipped"))
        return _Met(element.data, place, read_activity(value) if is_ours(value) else None, notes=notes.findings())


def _array(elements: Iterator[Element], file: str) -> Iterator[Element | _Met]:
    """The elements as far as the array goes; where it breaks off, what is wrong with it."""
    while True:
        try:
            element = next(elements)
        except StopIteration:
            return
        except SatchelError as error:
            yield _Met(finding=from_error(error, place=Place(file=file)))
            return
        yield element


def _is_open(exchange: Exchange) -> bool:
    """Whether it is open if an entry is a prompt: its verb is not known, and nothing else tells."""
    return exchange.kind == "unknown" and not (exchange.is_answered or exchange.files or exchange.talk)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _place(file: str, element: Element) -> Place:
    return Place(file=file, element=element.index, offset=element.offset)
