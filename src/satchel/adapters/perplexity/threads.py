"""Threads of the JSON forms: one to a file, several in an array, or exchanges of many in one array (providers.md 3.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from satchel.adapters.base import Claim
from satchel.adapters.gathering import Gathering
from satchel.adapters.notes import Notes
from satchel.adapters.perplexity.detect import ACCOUNT_TITLE, thread_key
from satchel.adapters.perplexity.entries import ENTRY_ID, QUESTION, THREAD_ID, exchange_of
from satchel.adapters.perplexity.wire import PLATFORM, Exchange, Thread, read_thread
from satchel.adapters.platform import Ties, array, members, sha256, single
from satchel.adapters.values import beyond, decode, dict_of, dicts, first_id, first_text, ident, list_of
from satchel.codec.sources import Member
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Scope
from satchel.model.findings import Finding, from_error
from satchel.model.record import Item, Reading, Record, Times
from satchel.model.times import from_iso

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_HEADS = ("thread_metadata", "metadata")
_TITLES = ("title", "thread_title", ACCOUNT_TITLE)
_CREATED = ("created_at", "thread_created_at", "createdat")
_UPDATED = ("updated_at", "thread_updated_at", "updatedat")
_COLLECTION = ("collection_info", "collection")


def read_threads(claims: Sequence[Claim], account: str, limits: Limits, met: Met | None = None) -> Iterator[Item]:
    """Every thread of these files; see ``satchel.adapters.perplexity.detect`` for the roles.

    Exchanges of one thread may lie in several files.

    Args:
        met: is told of every thread, for a workbook beside these files that has them too.
    """
    with Gathering(limits) as rows:
        threads = _Threads(account, rows, limits, met)
        for claim in claims:
            yield from threads.collect(claim.member, claim.role)
        for group in rows.groups():
            try:
                yield threads.gathered(group)
            except SatchelError as error:
                yield from_error(error, place=rows.place(group[0]))


class Met:
    """Threads that were read, by their ids and those of their exchanges, and where they have none by what was asked when."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._asked: set[tuple[str, int]] = set()

    def add(self, about: dict[str, Any], entries: list[dict[str, Any]]) -> None:
        """A thread, with its exchanges."""
        for value in (about, *entries):
            self._ids.update(found for name in (*THREAD_ID, *ENTRY_ID) if (found := ident(value.get(name))))
            began = from_iso(first_text(value, *_CREATED, "entry_created_datetime", "timestamp"))
            for text in (first_text(value, *_TITLES), first_text(value, *QUESTION)):
                if text and began:
                    self._asked.add((sha256(text.strip()), int(began.timestamp())))

    def has(self, ids: Iterable[str], texts: Iterable[str], began: datetime | None) -> bool:
        """Whether one of these ids was met, or one of these titles or questions within a second of that moment."""
        if not self._ids.isdisjoint(ids):
            return True
        if began is None:
            return False
        second = int(began.timestamp())
        return any((sha256(text.strip()), second + near) in self._asked for text in texts if text for near in (-1, 0, 1))


class _Threads:
    def __init__(self, account: str, rows: Gathering, limits: Limits, met: Met | None) -> None:
        self.account = account
        self.met = met
        self.ties = Ties()
        self.rows = rows
        self.limits = limits

    def collect(self, member: Member, role: str) -> Iterator[Item]:
        """The threads of a file; its loose exchanges are kept until their threads are whole."""
        self.rows.begin(member)
        kind, _, at = role.partition(":")
        read = self.take if kind == "entries" else self.thread
        if kind == "thread":
            yield from single(member, self.limits, read)
        elif at:
            yield from members(member, self.limits, {at: read})
        else:
            yield from array(member, self.limits, read)

    def thread(self, data: bytes, place: Place) -> Iterator[Item]:
        """A thread that is an object of its own."""
        value = decode(data, PLATFORM.notes(place), self.limits)
        if type(value) is not dict or not (list_of(value.get("entries")) or list_of(value.get("conversations"))):
            yield self._unread(data, place)
            return
        yield self._original(data, value, place)

    def take(self, data: bytes, place: Place) -> Iterator[Item]:
        """Keep an exchange until its thread is whole."""
        value = decode(data, PLATFORM.notes(place), self.limits)
        if type(value) is not dict:
            yield self._unread(data, place)
            return
        key = thread_key(value)
        self.rows.add(data, *([key] if key else []))

    def gathered(self, group: list[int]) -> Item:
        """The thread that these exchanges are.

        Raises:
            LimitExceeded, MalformedInput: they cannot be read together.
        """
        self.rows.check_size(group)
        native = b'{"entries":[' + b",\n".join(self.rows.data(row) for row in group) + b"]}"
        place = self.rows.place(group[0])
        return self._original(native, decode(native, PLATFORM.notes(place), self.limits), place)

    def _unread(self, data: bytes, place: Place) -> Item:
        finding = Finding("unknown-shape", "warning", "this is no thread; its bytes are kept", place, "skipped")
        return PLATFORM.unread(self.account, data, finding)

    def _original(self, data: bytes, value: dict[str, Any], place: Place) -> Item:
        entries = dicts(value.get("entries")) or dicts(value.get("conversations"))
        about = _about(value)
        first = entries[0] if entries else {}
        id = first_id(about, *THREAD_ID) or first_id(first, *THREAD_ID)
        account = self.account
        if id:
            uid = PLATFORM.uid(account, "thread", id)
        else:
            began = first_text(about, *_CREATED) or first_text(first, "entry_created_datetime", "timestamp")
            said = first_id(first, "uuid", "backend_uuid") or sha256(first_text(first, *QUESTION))
            uid = self.ties.uid(PLATFORM.info.name, account, "thread", began, said)
        if self.met is not None:
            self.met.add(about, entries)
        limits = self.limits
        updated = from_iso(first_text(about, *_UPDATED)) or _latest(entries)
        return PLATFORM.original(
            uid, "thread", data, place, updated, lambda notes: _read(data, uid, id, account, notes, limits)
        )


def _about(value: dict[str, Any]) -> dict[str, Any]:
    if ACCOUNT_TITLE in value:
        # An account's thread says all of it itself.
        return value
    return next((value[name] for name in _HEADS if type(value.get(name)) is dict), {})


def _latest(entries: list[dict[str, Any]]) -> datetime | None:
    names = ("entry_updated_datetime", "updated_datetime", "entry_created_datetime", "timestamp", "created_at")
    found = [moment for entry in entries if (moment := from_iso(first_text(entry, *names)))]
    return max(found, default=None)


def _read(data: bytes, uid: str, id: str, account: str, notes: Notes, limits: Limits) -> Reading:
    value = dict_of(decode(data, notes, limits))
    name = "entries" if list_of(value.get("entries")) else "conversations"
    about = _about(value)
    exchanges: list[Exchange] = []
    titles: list[str] = []
    scope: Record | None = None
    for index, entry in enumerate(list_of(value.get(name))):
        if type(entry) is not dict:
            notes.add("malformed-entry", "an exchange is no object; it is left out", "error", "skipped")
            continue
        exchanges.append(exchange_of(entry, f"/{name}/{index}", notes))
        titles.append(first_text(entry, "thread_title"))
        scope = scope or space_of(entry, account)
    in_order(exchanges)
    scope = space_of(about, account) or space_of(value, account) or scope
    created = _time(about, _CREATED, notes) or min((at for exchange in exchanges if (at := exchange.created)), default=None)
    updated = _time(about, _UPDATED, notes) or max(
        (at for exchange in exchanges if (at := exchange.updated or exchange.created)), default=None
    )
    thread = Thread(
        uid,
        "account" if ACCOUNT_TITLE in value else "api" if name == "entries" else "legacy",
        exchanges,
        title=first_text(about, *_TITLES) or next(filter(None, titles), ""),
        id=id,
        account=account,
        times=Times(created=created, updated=updated),
        scope=scope.uid if scope else "",
    )
    reading = read_thread(thread, notes)
    return Reading((*reading.records, scope), reading.findings) if scope and is_named(scope) else reading


def _time(about: dict[str, Any], names: tuple[str, ...], notes: Notes) -> datetime | None:
    return next((notes.time(about[name]) for name in names if about.get(name)), None)


def in_order(exchanges: list[Exchange]) -> None:
    """By time, where all say theirs."""
    if all(exchange.created for exchange in exchanges):
        exchanges.sort(key=lambda exchange: exchange.created or _LONG_AGO)


def space_of(value: dict[str, Any], account: str) -> Record | None:
    """The Space that a thread is in, as far as the export tells of it; without a name it is known by its id alone."""
    about: dict[str, Any] = next((value[name] for name in _COLLECTION if type(value.get(name)) is dict), {})
    id = first_id(about, "uuid", "id") or first_id(value, "collection_uuid")
    if not id:
        return None
    return Record(
        uid=PLATFORM.uid(account, "space", id),
        body=Scope(name=first_text(about, "title", "name"), type="workspace", text=first_text(about, "description")),
        origin=PLATFORM.origin("space", id),
        provenance=PLATFORM.provenance(account),
    )


def is_named(scope: Record) -> bool:
    """Whether a Space has more than an id, and so is a record."""
    return bool(scope.body.name)  # type: ignore[union-attr]


def leftover(native: dict[str, Any]) -> dict[str, Any]:
    """The members of a thread that its records do not carry."""
    rest = beyond(native, "entries", "conversations")
    if ACCOUNT_TITLE in native:
        rest = beyond(rest, ACCOUNT_TITLE, *_CREATED, *_UPDATED)
    for name in _HEADS:
        about = rest.pop(name, None)
        kept = beyond(about, *_TITLES, *_CREATED, *_UPDATED, "thread_id") if type(about) is dict else about
        if kept:
            rest[name] = kept
    return rest
