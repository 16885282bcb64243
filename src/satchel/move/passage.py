"""What a conversion without a vault has of its input at any moment: one conversation, and everything that is none.

It stands where an import would stand (``imports.Door``) and is what leaves (``formats.base.Selection``). A conversation is
given on when the source object behind it comes, so that files which follow it are there; then its messages are forgotten. What
the rules of a vault would merge, or what was asked for before it came, is a ``Detour``: nothing here decides what a vault does.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import IO, Any, BinaryIO, NamedTuple, cast

import msgspec
from msgspec.structs import replace

from satchel.adapters import registry as adapters
from satchel.adapters.base import Adapter, left_over
from satchel.codec.pointers import resolve_value
from satchel.codec.streams import Cursor, Region
from satchel.errors import CanonicalError, InputError, NotFound, SatchelError, UsageError
from satchel.formats.base import Homeward, LogEntry, SourceNote, State
from satchel.limits import MIB
from satchel.model.bodies import Document, Message
from satchel.model.findings import Finding, from_error
from satchel.model.ids import make_uid, uuid_of
from satchel.model.packages import Carried, CarriedFile, Edition, Heard, Reached
from satchel.model.record import Asset, Link, Original, Record, Tombstone
from satchel.move.exports import native_value
from satchel.vault.findings import Findings
from satchel.vault.values import Batch, Counts, Outcome, SourceFile, Summary

#: What is no conversation is held, up to about so much of it: 100,000 memories and their sources.
_HELD_BYTES = 64 * MIB
#: Messages and conversations whose ids are remembered, 80 bytes each: an export of about 3 GB.
_REMEMBERED = 2_000_000
#: Kinds that say whose they are.
HEADS = ("conversation", "memory", "profile", "instruction", "procedure", "scope")
_COPY_BYTES = MIB
_NOTHING: Mapping[str, Any] = {}
_POSITION = attrgetter("body.position")
#: Temporary files that are open at once.
_COPIES = 200


class Detour(Exception):
    """The input is one for the rules of a vault; what was written so far is to be dropped."""


class _Held(NamedTuple):
    """A record that is no message, what its fields do not carry of its source, and which file that is in."""

    record: Record
    unmapped: Mapping[str, Any]
    file: str
    reader: str


class _Talk(NamedTuple):
    """A conversation that waits for what comes right behind it."""

    head: Record
    messages: Sequence[Record]


class _Source(NamedTuple):
    """The source object that came last; ``value`` opens it when it is first asked for."""

    native: bytes
    file: str
    reader: str


def owner_of(heads: set[tuple[str, str, str]], digests: Sequence[str]) -> str:
    """Whose a conversion's input is, by space, platform and account of the records that say so: of a memory store its owner, of
    an account's exports the same each time; else that of these very files."""
    space, platform, account = next(iter(heads)) if len(heads) == 1 else ("", "", "")
    if space:
        return space
    path = ("account", platform, account) if account else ("files", *sorted(digests))
    return uuid_of(make_uid("satchel.conversion", *path))


class Passing:
    """See the module docstring."""

    def __init__(
        self,
        at: datetime,
        files: Mapping[str, SourceFile],
        digests: Callable[[], Sequence[str]],
        *,
        strip_identifiers: bool,
    ) -> None:
        """``files`` is known of the files before they are read, ``digests`` tells of those that were read to their end."""
        self._at = at
        self._files = files
        self._digests = digests
        self._strip = strip_identifiers
        #: Where conversations are written, and room for bytes of files.
        self.give: Callable[[Record], None] = _nowhere
        self.spool: Callable[[], IO[bytes]] = _no_room
        self._findings = Findings()
        self._counts: Counts = {}
        self._originals: dict[Outcome, int] = {}
        self._platforms: set[str] = set()
        self._heads: set[tuple[str, str, str]] = set()
        self._held: dict[str, _Held] = {}
        self._by_kind: dict[str, list[Record]] = {}
        self._held_bytes = 0
        self._uids: set[str] = set()
        #: The hashes of the uids of all messages, of which two alike are a detour too many and no more; of those that memories
        #: name, the messages without their parts.
        self._messages: set[int] = set()
        self._named: dict[str, Record] = {}
        #: What was asked for and was not there.
        self._missed: set[str] = set()
        self._waiting: list[_Talk] = []
        self._talk: _Talk | None = None
        self._source: _Source | None = None
        self._value: Any = None
        self._is_open = False
        #: What it says besides its records, where reading it has told.
        self._besides: dict[str, Mapping[str, Any]] | None = None
        self._adapters: dict[str, Adapter | None] = {}
        #: Copies of files, each written and then read; bytes in the newest; whether that was read.
        self._copies: list[IO[bytes]] = []
        self._copied = 0
        self._was_read = True
        self._blobs: dict[str, Region] = {}
        self._blob_bytes = 0
        #: Files of which something was read.
        self.read_from: set[str] = set()

    # What comes: imports.Door.

    def put(self, original: Original) -> None:
        """See Intake.put."""
        self.settle()
        uid = original.uid
        if uid in self._uids or len(self._uids) > _REMEMBERED:
            raise Detour
        self._uids.add(uid)
        self.read_from.add(original.place.file)
        self._source = _Source(original.native, original.place.file, original.reader)
        self._value, self._is_open, self._besides = None, False, None
        records = self._read(original)
        messages: list[Record] = []
        rest: list[Record] = []
        for record in records:
            (messages if type(record.body) is Message else rest).append(record)
        has_talk = False
        talks: dict[str, list[Record]] = {}
        for record in rest:
            if record.kind == "conversation":
                has_talk = True
                talks[record.uid] = []
        if not has_talk:
            self._held_bytes += len(original.native)
            if self._held_bytes > _HELD_BYTES:
                raise Detour
        if messages:
            self._remember(messages)
            links: tuple[Link, ...] | None = None
            said: list[Record] = []
            for record in messages:
                if record.links is not links:
                    # Those of one talk share theirs.
                    links = record.links
                    found = talks.get(record.linked("part_of"))
                    if found is None:
                        raise Detour
                    said = found
                said.append(record)
            self._count("message", "new", len(messages))
        self._name(rest, messages)
        for record in rest:
            self._hold(record)
        for uid, said in talks.items():
            if len(said) > 1:
                said.sort(key=_POSITION)
            self._waiting.append(_Talk(self._held[uid].record, said))
        self._platforms.update({record.provenance.platform for record in records})
        self._done("new")

    def put_asset(self, asset: Asset) -> Outcome:
        """See Intake.put_asset."""
        copy = self._room()
        start = self._copied
        digest = hashlib.sha256()
        try:
            with asset.open() as stream:
                while chunk := stream.read(_COPY_BYTES):
                    digest.update(chunk)
                    copy.write(chunk)
                    self._copied += len(chunk)
        except InputError as error:
            self.note(from_error(error, place=asset.place))
            return "unchanged"
        size, name = self._copied - start, digest.hexdigest()
        if name not in self._blobs:
            self._blobs[name] = Region(copy, threading.Lock(), start, size)
            self._blob_bytes += size
        body = cast(Document, asset.record.body)
        record = replace(asset.record, body=replace(body, blob=name, size_bytes=size))
        if record.uid in self._uids:
            raise Detour
        self._uids.add(record.uid)
        # What it has is in no source object.
        source, self._source = self._source, None
        self._platforms.add(record.provenance.platform)
        self._hold(record, file=asset.place.file)
        self._source = source
        self._done("new")
        return "new"

    def note(self, finding: Finding) -> None:
        """See Intake.note."""
        self._findings.add(finding)

    def bury(self, tombstone: Tombstone) -> None:  # noqa: ARG002
        """What deletes needs a vault."""
        raise Detour

    def reach(self, reached: Reached) -> None:  # noqa: ARG002
        """As ``bury``."""
        raise Detour

    def carry(self, carried: Carried) -> None:  # noqa: ARG002
        """What goes home as it came needs one."""
        raise Detour

    def hear(self, heard: Heard) -> None:  # noqa: ARG002
        """As ``carry``."""
        raise Detour

    def mark(self, edition: Edition) -> None:  # noqa: ARG002
        """As ``carry``."""
        raise Detour

    def signed(self, key: str) -> None:  # noqa: ARG002
        """As ``carry``."""
        raise Detour

    def settle(self) -> None:
        """Give on the conversations that wait."""
        for talk in self._waiting:
            self._talk = talk
            try:
                self.give(talk.head)
            except CanonicalError as error:
                # What has no JSON is no record: the vault tells of it.
                raise Detour from error
        self._waiting.clear()
        self._talk = None

    def batch(self, label: str) -> Batch:
        """What was read, as an import tells it."""
        summary = Summary(
            counts=self._counts,
            findings=self._findings.all(),
            originals=self._originals,
            blobs=len(self._blobs),
            blob_bytes=self._blob_bytes,
        )
        return Batch(1, "import", self._at, label, tuple(sorted(self._platforms)), summary)

    def _read(self, original: Original) -> Sequence[Record]:
        """See SqliteIntake._read."""
        try:
            reading = (original.read_whole or original.read)()
        except SatchelError as error:
            self.note(from_error(error, place=original.place))
            return ()
        except Exception as error:
            # Whatever it is, the vault tells it as it tells such a thing.
            raise Detour from error
        for finding in reading.findings:
            self.note(finding)
        self._besides = reading.besides
        return reading.records

    def _remember(self, messages: list[Record]) -> None:
        known = self._messages
        before = len(known)
        known.update([hash(record.uid) for record in messages])
        if len(known) != before + len(messages) or before > _REMEMBERED:
            raise Detour

    def _name(self, rest: Sequence[Record], messages: list[Record]) -> None:
        """Keep of the messages those that the other records of the same object name."""
        named = {record.provenance.message for record in rest}
        for record in rest:
            if record.links:
                named.update([link.to for link in record.links])
        named.discard("")
        if not named:
            return
        for record in messages:
            if record.uid in named:
                self._named[record.uid] = replace(record, body=Message(role=cast(Message, record.body).role))

    def _hold(self, record: Record, *, file: str = "") -> None:
        uid = record.uid
        kind = record.kind
        record = replace(record, times=replace(record.times, recorded=self._at))
        known = self._held.get(uid)
        if known is not None:
            # The messages of a conversation may come apart: what is to be one file is then not together.
            if kind == "conversation" or _stored(known.record) != _stored(record):
                raise Detour
            self._count(kind, "unchanged")
            return
        if uid in self._missed or hash(uid) in self._messages:
            raise Detour
        self._count(kind, "new")
        if kind in HEADS and len(self._heads) < 2:
            self._heads.add((record.origin.space, record.provenance.platform, record.provenance.account))
        unmapped: Mapping[str, Any] = {}
        if kind != "conversation":
            unmapped = self._unmapped(record)
            self._held_bytes += len(_stored(record))
        source = self._source
        self._by_kind.setdefault(kind, []).append(record)
        self._held[uid] = _Held(record, unmapped, source.file if source else file, source.reader if source else "")
        self._held_bytes += 1024
        if self._held_bytes > _HELD_BYTES:
            raise Detour

    def _count(self, kind: str, outcome: Outcome, count: int = 1) -> None:
        kinds = self._counts.setdefault(kind, {})
        kinds[outcome] = kinds.get(outcome, 0) + count

    def _done(self, outcome: Outcome) -> None:
        self._originals[outcome] = self._originals.get(outcome, 0) + 1

    # What leaves: formats.base.Selection.

    @functools.cached_property
    def owner_id(self) -> str:
        """See ``owner_of``."""
        return owner_of(set() if self._strip else self._heads, self._digests())

    @property
    def changed_at(self) -> datetime:
        return self._at

    @property
    def state(self) -> State:
        # Nothing can be exported since: what is behind it is gone.
        return State("", 0)

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:  # noqa: ARG002
        """See Selection.records. Nothing here came in an open format."""
        asked = kinds or tuple(self._by_kind)
        found = [record for kind in dict.fromkeys(asked) for record in self._by_kind.get(kind, ())]
        found.sort(key=attrgetter("uid"))
        return iter(found)

    def messages(self, conversation: str) -> Iterator[Record]:
        """See Selection.messages: of the conversation that is given on."""
        assert self._talk is not None and self._talk.head.uid == conversation
        return iter(self._talk.messages)

    def get(self, uid: str) -> Record | None:
        """See Selection.get."""
        held = self._held.get(uid)
        if held is not None:
            return held.record
        named = self._named.get(uid)
        if named is not None:
            return named
        if hash(uid) in self._messages:
            raise Detour
        self._missed.add(uid)
        return None

    def unmapped(self, record: Record) -> Mapping[str, Any]:
        """See Selection.unmapped."""
        if self._talk is None and record.uid in self._held:
            return self._held[record.uid].unmapped
        if self._besides is not None:
            return self._besides.get(record.uid, _NOTHING)
        return self._unmapped(record)

    def _unmapped(self, record: Record) -> Mapping[str, Any]:
        source = self._source
        if source is None:
            return {}
        if self._besides is not None:
            return self._besides.get(record.uid, _NOTHING)
        name = record.origin.format
        adapter = self._adapters[name] if name in self._adapters else self._adapter(name)
        if adapter is None:
            return {}
        if not self._is_open:
            self._value, self._is_open = native_value(source.native), True
        value = resolve_value(self._value, record.native.pointer, native_value)
        return {} if value is None else left_over(adapter, record, value)

    def _adapter(self, name: str) -> Adapter | None:
        if name not in self._adapters:
            try:
                self._adapters[name] = adapters.get(name)
            except UsageError:
                self._adapters[name] = None
        return self._adapters[name]

    def source(self, record: Record) -> SourceNote | None:
        """See Selection.source."""
        held = self._held.get(record.uid)
        if held is None:
            return None
        known = self._files.get(held.file)
        return SourceNote(held.reader, self._at, held.file.rsplit("/", 1)[-1], known.sha256 if known else "")

    def open_blob(self, digest: str) -> BinaryIO:
        """See Selection.open_blob."""
        region = self._blobs.get(digest)
        if region is None:
            raise NotFound("there is no such blob")
        self._was_read = self._was_read or region.file is self._copies[-1]
        return cast(BinaryIO, Cursor(region))

    def _room(self) -> IO[bytes]:
        """Where the bytes of a file are put: what was read from is written no more."""
        if self._was_read:
            if len(self._copies) >= _COPIES:
                raise Detour
            self._copies.append(self.spool())
            self._copied, self._was_read = 0, False
        return self._copies[-1]

    def brought_by(self, uid: str) -> int:  # noqa: ARG002
        """See Selection.brought_by: there is one change, the reading."""
        return 1

    def came_by(self, uid: str) -> int:  # noqa: ARG002
        """As ``brought_by``."""
        return 1

    def states(self, uid: str) -> list[Record]:
        """See Selection.states: nothing has an earlier one."""
        held = self._held.get(uid)
        return [held.record] if held else []

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:  # noqa: ARG002
        """See Selection.prepared; asked by formats of rows, which are none that conversations pass into."""
        raise Detour

    def native(self, record: Record) -> bytes | None:  # noqa: ARG002
        """See Selection.native; asked of what goes home, and nothing does."""
        raise Detour

    def homeward(self, format: str, after: int = 0) -> Iterator[Homeward]:  # noqa: ARG002
        """Nothing: see ``native``."""
        return iter(())

    def earlier(self, format: str, after: int = 0) -> Iterator[list[Homeward]]:  # noqa: ARG002
        """Nothing: see ``native``."""
        return iter(())

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:  # noqa: ARG002
        """Nothing: see ``bury``."""
        return iter(())

    def tombstones(self, format: str) -> Iterator[bytes]:  # noqa: ARG002
        """Nothing: see ``bury``."""
        return iter(())

    def buried(self, uid: str) -> bool:  # noqa: ARG002
        """No: see ``bury``."""
        return False

    def buried_by_others(self, uid: str) -> bool:  # noqa: ARG002
        """No: see ``bury``."""
        return False

    def log(self, after: int = 0) -> Iterator[LogEntry]:  # noqa: ARG002
        """Nothing: there is no vault that did anything."""
        return iter(())

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:  # noqa: ARG002
        """Nothing: see ``hear``."""
        return iter(())

    def carried(self, format: str) -> list[CarriedFile]:  # noqa: ARG002
        """Nothing: see ``carry``."""
        return []

    def open_carried(self, file: CarriedFile) -> BinaryIO:
        """There is none."""
        raise NotFound(f"there is no {file.name}")


def _stored(record: Record) -> bytes:
    """As a vault would store it."""
    try:
        return msgspec.json.encode(record)
    except (TypeError, ValueError, OverflowError) as error:
        raise Detour from error


def _nowhere(record: Record) -> None:  # noqa: ARG001
    raise AssertionError("nobody takes conversations")


def _no_room() -> IO[bytes]:
    raise AssertionError("nobody gives room")
