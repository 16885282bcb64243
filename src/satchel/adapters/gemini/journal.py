"""A file of "My Activity", JSON or HTML: its entries, each an original of its own.

The file is read twice: to see when its entries were made, in which language, and which are one talk; then to give them out
one by one. Between the two some hundred bytes are held for each entry, so that memory hardly grows with the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from satchel.adapters.gemini import groups
from satchel.adapters.gemini.activity import is_ours, read_activity
from satchel.adapters.gemini.cells import iter_cells
from satchel.adapters.gemini.dates import Dates, Moment
from satchel.adapters.gemini.entry import read_entry
from satchel.adapters.gemini.exchange import Exchange, FileRef, entry_uid, message_uid, records_of, words_of
from satchel.adapters.gemini.files import LooseFiles
from satchel.adapters.gemini.groups import Placement, Spot
from satchel.adapters.gemini.verbs import Verbs
from satchel.adapters.gemini.wire import gem_named, notes_of, original, title_of
from satchel.adapters.notes import Notes
from satchel.adapters.values import decode
from satchel.codec.arrays import Element, iter_array
from satchel.codec.sources import Member
from satchel.errors import MalformedInput, Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid
from satchel.model.record import Item, Original, Record

_DIGEST_BYTES = 16
_BEGINNING_CHARACTERS = 80


class _Noted(msgspec.Struct, gc=False):
    """What is held of an entry between the two readings."""

    index: int
    digest: bytes
    words: str
    beginning: str
    title: str
    is_open: bool
    turns: int
    files: tuple[FileRef, ...]
    talk: str
    at: datetime | None
    raw_time: str
    gem: str


class _Plan(msgspec.Struct, gc=False):
    """What is to become of an entry. Without a placement it is the same entry once more."""

    digest: bytes
    uid: str
    files: tuple[FileRef, ...]
    at: datetime | None
    placement: Placement | None


class Journal:
    """See the module docstring. ``items`` may be asked once."""

    def __init__(
        self, member: Member, account: str, limits: Limits, loose: LooseFiles, *, is_html: bool, gems: Sequence[str] = ()
    ) -> None:
        """``gems``: the names of the account's Gems, as far as they are known."""
        self._gems = gems
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
            InputError: the file cannot be read, or not a second time (a pipe).
        """
        plans, inferred = self._plan()
        others = again = 0
        for element in self._elements():
            if isinstance(element, Finding):
                yield element
                continue
            place = Place(file=self._member.name, element=element.index, offset=element.offset)
            plan = plans.get(element.index)
            if plan is None:
                finding = self._unread(element, place)
                others += finding is None
                if finding is not None:
                    yield finding
            elif plan.digest != _digest(element.data):
                text = "the file changed while it was read; an entry was left out"
                yield Finding("file-changed", "error", text, place, "skipped")
            elif plan.placement is None:
                again += 1
            else:
                yield self._original(element.data, place, plan, plan.placement)
                part_of = plan.placement.conversation or plan.uid
                yield from self._loose.assets(plan.files, self._member.path, part_of, self._account)
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

    def _plan(self) -> tuple[dict[int, _Plan], int]:
        """A plan for each entry, by its index in the file; and how many talks were inferred."""
        plans: dict[int, _Plan] = {}
        spots: list[Spot] = []
        talking: list[_Plan] = []
        seen: dict[str, bytes] = {}
        for noted in self._noted():
            read = self._dates.read(noted.raw_time) if self._is_html else Moment(noted.at)
            uid = entry_uid(self._account, noted.words, read.at, noted.raw_time)
            is_again = seen.get(uid) == noted.digest
            if uid in seen and not is_again:
                # Another answer to the same words in the same second.
                uid = make_uid(uid, noted.digest.hex())
                is_again = uid in seen
            seen[uid] = noted.digest
            plan = plans[noted.index] = _Plan(noted.digest, uid, noted.files, read.at, None if is_again else _APART)
            if not is_again and noted.turns and not (noted.is_open and self._verbs.is_deed(noted.beginning)):
                tip = message_uid(uid, noted.turns - 1)
                spots.append(Spot(uid, tip, noted.talk, noted.title, read.at, read.rough, noted.gem))
                talking.append(plan)
        placements, inferred = groups.arrange(spots, self._account)
        for plan, placement in zip(talking, placements, strict=True):
            plan.placement = placement
        return plans, inferred

    def _noted(self) -> list[_Noted]:
        found: list[_Noted] = []
        for element in self._elements():
            if isinstance(element, Finding):
                continue
            try:
                exchange = self._exchange(element.data, notes_of(_NOWHERE), is_brief=True)
            except SatchelError:
                # Told when the file is read for the second time.
                continue
            if exchange is None:
                continue
            if self._is_html and exchange.raw_time:
                self._dates.learn(exchange.raw_time)
            if exchange.is_answered and exchange.kind == "unknown":
                self._verbs.learn(exchange.title)
            found.append(
                _Noted(
                    index=element.index,
                    digest=_digest(element.data),
                    words=words_of(exchange),
                    beginning=exchange.title[:_BEGINNING_CHARACTERS],
                    title=title_of(exchange.prompt),
                    is_open=_is_open(exchange),
                    turns=len(exchange.turns),
                    files=exchange.files,
                    talk=exchange.talk,
                    at=exchange.at,
                    raw_time=exchange.raw_time,
                    gem=gem_named(exchange.gem_note, self._gems) if exchange.gem_note else "",
                )
            )
        return found

    def _original(self, data: bytes, place: Place, plan: _Plan, placement: Placement) -> Original:
        def read(notes: Notes) -> tuple[Record, ...]:
            exchange = self._exchange(data, notes)
            if exchange is None:
                return ()
            return records_of(self._decided(exchange), plan.uid, placement, self._account, notes)

        return original(plan.uid, "activity", data, place, plan.at, read)

    def _decided(self, exchange: Exchange) -> Exchange:
        """The exchange as the whole file shows it: its moment, and whether it is a prompt."""
        if self._is_html:
            read = self._dates.read(exchange.raw_time)
            exchange = msgspec.structs.replace(exchange, at=read.at, rough=read.rough)
        if _is_open(exchange) and self._verbs.is_deed(exchange.title[:_BEGINNING_CHARACTERS]):
            exchange = msgspec.structs.replace(exchange, turns=())
        return exchange

    def _exchange(self, data: bytes, notes: Notes, *, is_brief: bool = False) -> Exchange | None:
        """The exchange that an element is; None when it is another product's.

        Raises:
            MalformedInput, LimitExceeded: it cannot be read.
        """
        if self._is_html:
            entry = read_entry(data, self._dates, is_brief=is_brief)
            if entry is None:
                raise MalformedInput("an entry has no place for what was said", place=notes.place)
            if not entry.is_whole:
                notes.add("broken-html", "an entry's HTML could not be read to its end", "warning", "changed")
            return entry.exchange if entry.is_ours else None
        value = decode(data, notes, self._limits)
        if type(value) is not dict:
            raise MalformedInput("the element is no entry", place=notes.place)
        return read_activity(value) if is_ours(value) else None

    def _unread(self, element: Element, place: Place) -> Finding | None:
        """Why an element has no plan; None when it is another product's."""
        try:
            self._exchange(element.data, notes_of(place), is_brief=True)
        except SatchelError as error:
            return from_error(error, place=place)
        return None

    def _elements(self) -> Iterator[Element | Finding]:
        """The elements of the file as far as it goes, and what is wrong with it."""
        file, limits = self._member.name, self._limits
        with self._member.open() as stream:
            elements = (iter_cells if self._is_html else iter_array)(stream, file=file, limits=limits)
            while True:
                try:
                    element = next(elements, None)
                except SatchelError as error:
                    yield from_error(error, place=Place(file=file))
                    return
                if element is None:
                    return
                yield from_error(element.fault) if element.fault else element


def _is_open(exchange: Exchange) -> bool:
    """Whether it is open if an entry is a prompt: its verb is not known, and nothing else tells."""
    return exchange.kind == "unknown" and not (exchange.is_answered or exchange.files or exchange.talk)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


_NOWHERE = Place()
#: Of what is no part of a talk.
_APART = Placement("", has_head=False)
