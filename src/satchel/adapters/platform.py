"""One platform's names, uids and originals, and its files as streams: what adapters of chat exports do alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from satchel.adapters.base import AdapterInfo
from satchel.adapters.notes import Notes, ReadTime
from satchel.codec.arrays import Element, iter_array, iter_members
from satchel.codec.sources import Member, read_document
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.findings import Finding, Outcome, Severity, from_error
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Item, Origin, Original, Provenance, Reading

#: Reads one element's bytes.
ReadElement = Callable[[bytes, Place], Iterator[Item]]


class Platform(msgspec.Struct, frozen=True):
    """``read_time`` is how the platform writes times."""

    info: AdapterInfo
    read_time: ReadTime

    def uid(self, account: str, kind: str, native_id: str) -> str:
        """The uid of what has an id of its own."""
        return provider_uid(self.info.name, account, kind, native_id)

    def origin(self, kind: str, native_id: str = "", version: str = "") -> Origin:
        """``version`` names the layout of the export, where it has several."""
        return Origin(format=self.info.name, version=version, id=native_id, kind=f"{self.info.name}.{kind}")

    def provenance(self, account: str) -> Provenance:
        return Provenance(platform=self.info.name, account=account, method="api_export")

    def notes(self, place: Place) -> Notes:
        """Findings of one source object."""
        return Notes(place, self.read_time)

    def original(
        self, uid: str, kind: str, data: bytes, place: Place, updated: datetime | None, read: Callable[[Notes], Reading]
    ) -> Original:
        """The source object that ``read`` maps; what ``read`` raises on purpose becomes its finding."""

        def reading() -> Reading:
            notes = self.notes(place)
            try:
                return read(notes)
            except SatchelError as error:
                notes.error(error)
                return Reading(findings=notes.findings())

        return Original(
            uid=uid,
            kind=f"{self.info.name}.{kind}",
            native=data,
            place=place,
            reader=self.info.reader,
            updated=updated,
            read=reading,
        )

    def unread(self, account: str, data: bytes, finding: Finding) -> Original:
        """Bytes that are kept although no record came of them; ``finding`` says why."""
        uid = make_uid(self.info.name, account, "unread", hashlib.sha256(data).hexdigest())
        return self.original(uid, "unread", data, finding.place, None, lambda _: Reading(findings=(finding,)))


class Ties:
    """Uids of objects without an id, by their coordinates: the second with the same ones is another object."""

    def __init__(self) -> None:
        self._met: dict[str, int] = {}

    def uid(self, *coordinates: str) -> str:
        base = make_uid(*coordinates)
        count = self._met[base] = self._met.get(base, 0) + 1
        return make_uid(base, str(count))


def file_finding(
    member: Member, code: str, text: str, severity: Severity = "info", outcome: Outcome = "noticed", count: int = 1
) -> Finding:
    """A finding about a whole file."""
    return Finding(code, severity, text, Place(file=member.name), outcome, count)


def account_data(member: Member, what: str) -> Finding:
    """That a file holds account data, which is not taken in."""
    return file_finding(member, "account-data", f"{what} of the account; account data is not kept", outcome="skipped")


def each(elements: Iterator[Element], file: str, read: ReadElement) -> Iterator[Item]:
    """What ``read`` makes of each element; an element that cannot be read is told of and the next is read, and so is the
    fault that ends the stream."""
    try:
        for element in elements:
            yield from one(element, file, read)
    except SatchelError as error:
        yield from_error(error, place=Place(file=file))


def one(element: Element, file: str, read: ReadElement) -> Iterator[Item]:
    """As ``each``, of one element."""
    place = Place(file=file, element=element.index, offset=element.offset)
    if element.fault:
        yield from_error(element.fault)
        return
    try:
        yield from read(element.data, place)
    except SatchelError as error:
        yield from_error(error, place=place)


def array(member: Member, limits: Limits, read: ReadElement) -> Iterator[Item]:
    """What ``read`` makes of each element of a file that is an array; what cannot be read is told of."""
    try:
        with member.open() as stream:
            yield from each(iter_array(stream, file=member.name, limits=limits), member.name, read)
    except SatchelError as error:
        yield from_error(error, place=Place(file=member.name))


def single(member: Member, limits: Limits, read: ReadElement) -> Iterator[Item]:
    """What ``read`` makes of a file that is one value; what cannot be read is told of."""
    place = Place(file=member.name)
    try:
        yield from read(read_document(member, limits).strip(), place)
    except SatchelError as error:
        yield from_error(error, place=place)


def members(member: Member, limits: Limits, arrays: dict[str, ReadElement]) -> Iterator[Item]:
    """What the ``arrays`` of a file that is an object hold, each element by its reader; its other members are told of."""
    try:
        with member.open() as stream:
            for name, element in iter_members(stream, arrays=frozenset(arrays), file=member.name, limits=limits):
                if element is None:
                    continue
                if name in arrays and element.data[:1] != b"n":
                    yield from one(element, member.name, arrays[name])
                elif name not in arrays and element.data[:1] in (b"{", b"["):
                    place = Place(file=member.name, offset=element.offset)
                    yield Finding("unread-member", "info", "a member of the file was not read", place, "skipped")
    except SatchelError as error:
        yield from_error(error, place=Place(file=member.name))


def repeated(uid: str, seen: dict[str, int]) -> str:
    """``uid``; for one that was ``seen`` before, a uid of its own."""
    count = seen[uid] = seen.get(uid, 0) + 1
    return uid if count == 1 else make_uid(uid, str(count))


def sha256(*texts: Any) -> str:
    """A digest of texts that stand for what has no id."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
