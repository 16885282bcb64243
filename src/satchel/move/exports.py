"""From the vault into a format: what leaves, seen as a formats.base.Selection."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from satchel.adapters import registry as adapters
from satchel.adapters.base import Adapter, Prepares, left_over
from satchel.codec import json_values
from satchel.codec.excise import GAP
from satchel.codec.pointers import resolve_value
from satchel.errors import SatchelError, UsageError
from satchel.formats import registry as formats
from satchel.formats.base import Format, Homeward, LogEntry, Progress, Reader, SourceNote, State, WriteOptions, Written
from satchel.model.ledger import Ledger
from satchel.model.packages import CarriedFile
from satchel.model.record import REDACTED, Record
from satchel.move.cursors import since as cursor
from satchel.move.ledgers.digests import digest_of
from satchel.move.ledgers.document import LedgerEnd, LedgerFile, LedgerFormat
from satchel.move.ledgers.writing import Wanted, begun, told_options
from satchel.move.riding import Riding, of_vault
from satchel.trust.age import Recipients
from satchel.vault.store import Store
from satchel.vault.values import Exported

if TYPE_CHECKING:
    from satchel.move.redaction import Redaction
    from satchel.trust.redaction.entries import Commitment

#: Decoded originals that are held: so many, and so many bytes of source.
_HELD = 8
_HELD_BYTES = 4 << 20
#: The one format of ours that has tombstones.
TOMBSTONED = "portable-memory"
_NO_TOMBSTONES = "what they name is not in it, but it has no word for that: whoever has an earlier copy may hold it still"
#: Originals that are remembered as closed.
_CLOSED = 1000


class VaultSelection:
    """All current records of a vault that may leave it, or with ``as_of`` their states that held at that moment. See
    satchel.formats.base.Selection."""

    def __init__(self, store: Store, *, as_of: datetime | None = None) -> None:
        self._store = store
        self._as_of = as_of
        #: Originals decoded last, each with its size: a conversation's messages come one after another, the statements of one
        #: text between those of others.
        self._decoded: dict[str, tuple[int, Any]] = {}
        self._held_bytes = 0
        self._newest = ""
        #: Originals that may not be had whole.
        self._closed: set[str] = set()
        self._adapters: dict[str, Adapter | None] = {}

    @functools.cached_property
    def _platforms(self) -> frozenset[str]:
        return self._store.platforms()

    @property
    def owner_id(self) -> str:
        return self._store.owner_id

    @property
    def changed_at(self) -> datetime:
        return self._store.changed_at()

    @property
    def state(self) -> State:
        # A view of the past is no state to go on from, and a part of the vault, which has no last change, is none either.
        change = self._store.last_change()
        return State(self._store.owner_id if self._as_of is None and change else "", change)

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        """See Selection.records."""
        if not_from and self._platforms <= {not_from}:
            # Nothing else is there: not to look at each record for that is a tenth of an export.
            return iter(())
        return _telling(self._held(self._store.records(*kinds, not_from=not_from, after=after)))

    def brought_by(self, uid: str) -> int:
        """See Selection.brought_by."""
        return self._store.brought_by(uid)

    def came_by(self, uid: str) -> int:
        """See Selection.came_by."""
        return self._store.came_by(uid)

    def states(self, uid: str) -> list[Record]:
        """See Selection.states."""
        return [version.record for version in self._store.versions(uid)]

    def messages(self, conversation: str) -> Iterator[Record]:
        """See Selection.messages."""
        return _telling(self._held(self._store.messages(conversation)))

    def get(self, uid: str) -> Record | None:
        """See Selection.get."""
        record = self._store.get(uid) if self._as_of is None else self._store.state_at(uid, self._as_of)
        return None if record is None or REDACTED in record.touched else record

    def _held(self, records: Iterator[Record]) -> Iterator[Record]:
        if self._as_of is None:
            return records
        states = (self._store.state_at(record.uid, self._as_of) for record in records)
        return (state for state in states if state is not None)

    def unmapped(self, record: Record) -> Mapping[str, Any]:
        """See Selection.unmapped: the adapter that read the record says what its fields do not carry."""
        adapter = self._adapter(record.origin.format)
        native = None if adapter is None else self._native_value(record)
        return {} if adapter is None or native is None else left_over(adapter, record, native)

    def _adapter(self, name: str) -> Adapter | None:
        """The adapter of that name, asked for once: another format's records have none."""
        if name not in self._adapters:
            try:
                self._adapters[name] = adapters.get(name)
            except UsageError:
                self._adapters[name] = None
        return self._adapters[name]

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:
        """See Selection.prepared."""
        adapter = self._adapter(record.origin.format)
        if adapter is None or not isinstance(adapter, Prepares):
            return None
        return adapter.prepared(record, whole, format)

    def native(self, record: Record) -> bytes | None:
        """See Selection.native."""
        return self._store.native(record, as_of=self._as_of)

    def source(self, record: Record) -> SourceNote | None:
        """See Selection.source."""
        found = self._store.source(record)
        if found is None:
            return None
        return SourceNote(found.reader, found.imported_at, found.file.name.rsplit("/", 1)[-1], found.file.sha256)

    def homeward(self, format: str, after: int = 0) -> Iterator[Homeward]:
        """See Selection.homeward. The platform of what came in an open format is the format."""
        for found in self._store.natives(format, after=after, as_of=self._as_of):
            if found.native != GAP:
                yield Homeward(*found)

    def earlier(self, format: str, after: int = 0) -> Iterator[list[Homeward]]:
        """See Selection.earlier. Nothing is earlier in a view of one moment."""
        if self._as_of is None:
            for states in self._store.earlier_natives(format, after=after):
                yield [Homeward(*state) for state in states]

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:
        """See Selection.reached."""
        return self._store.reached(format, after)

    def log(self, after: int = 0) -> Iterator[LogEntry]:
        """See Selection.log."""
        for entry in self._store.audit(after):
            yield LogEntry(entry.id, entry.at, entry.operation, entry.batch, entry.detail, entry.hash)

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:
        """See Selection.heard."""
        return self._store.heard(format, after)

    def carried(self, format: str) -> list[CarriedFile]:
        """See Selection.carried. What was carried at a moment, nobody knows."""
        return [] if self._as_of is not None else self._store.carried(format)

    def open_carried(self, file: CarriedFile) -> BinaryIO:
        """See Selection.open_carried."""
        return self._store.open_carried(file)

    def tombstones(self, format: str) -> Iterator[bytes]:
        """See Selection.tombstones."""
        return self._store.tombstones(format)

    def buried(self, uid: str) -> bool:
        """See Selection.buried."""
        return self._store.buried(uid)

    def buried_by_others(self, uid: str) -> bool:
        """See Selection.buried_by_others."""
        return self._store.buried_by_others(uid)

    def open_blob(self, digest: str) -> BinaryIO:
        """See Selection.open_blob."""
        return self._store.open_blob(digest)

    def _native_value(self, record: Record) -> Any:
        digest = record.native.digest
        if not digest:
            return None
        if digest in self._closed:
            return self._own_value(record)
        held = self._decoded.get(digest) if digest == self._newest else self._decoded.pop(digest, None)
        if held is None:
            data = self._store.original(record)
            if data is None:
                if len(self._closed) > _CLOSED:
                    self._closed.clear()
                self._closed.add(digest)
                return self._own_value(record)
            held = (len(data), native_value(data))
            self._held_bytes += held[0]
        if digest != self._newest:
            # The one used last stands last.
            self._decoded[digest] = held
            self._newest = digest
        while len(self._decoded) > 1 and (self._held_bytes > _HELD_BYTES or len(self._decoded) > _HELD):
            self._held_bytes -= self._decoded.pop(next(iter(self._decoded)))[0]
        return resolve_value(held[1], record.native.pointer, native_value)

    def _own_value(self, record: Record) -> Any:
        """The record's own value, where the whole that it was read from may not be had."""
        native = self._store.native(record)
        return None if native is None else native_value(native)


def _telling(records: Iterator[Record]) -> Iterator[Record]:
    """Without redacted ones: nothing is left of them to tell, and some formats have no empty statements."""
    return (record for record in records if REDACTED not in record.touched)


def native_value(data: bytes) -> Any:
    """A kept original as its JSON value; one that is no JSON (a table, a text) as its bytes."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            return json_values.decode(json_values.repair_text(data))
        except SatchelError:
            return data


def export(
    store: Store,
    target: Path,
    *,
    format: str,
    progress: Progress | None = None,
    sign: str = "",
    profile: str = "",
    as_of: datetime | None = None,
    budget: int = 0,
    since: str = "",
    strip_identifiers: bool = False,
    recipients: Recipients | None = None,
    redaction: Redaction | None = None,
    residue: bool = True,
    ledger: Wanted | None = None,
) -> Written:
    """Write the vault's records into ``target`` in an open format, or as texts for an assistant.

    Args:
        sign: the name of the signing key to sign it with, "" for none.
        profile: a spelling of the format, "" for its usual one.
        as_of: write what held at this moment (model.validity).
        budget: how many characters a text may have for which nobody sets a limit, 0 for the format's usual number.
        strip_identifiers: leave out what names a person or an account at a product.
        recipients: those who alone shall be able to open it (``trust.age.recipients``); None writes it in the clear.
        redaction: take personal data out; ``redaction.path`` names the file that holds it, afterwards.
        residue: let what came in another standard ride along, so that it goes home from there as it came (``riding``).
        since: only what came since then: a time, the number of a change, or an earlier export; see ``cursors.since``.
        ledger: where to write what became of each record.

    Raises:
        UsageError: no such format, or it has no such option; an increment cannot say what was taken back since.
        NotFound: no such key, or no such change.
        OutputError: the target cannot be written; nothing of it was.
    """
    if since and as_of is not None:
        raise UsageError("what is new since and what held at a moment are two things", hint="leave --since or --as-of out")
    writer = formats.get(format)
    if since and _is_same(Path(since), target):
        raise UsageError(f"{target} is the export that --since names", hint="an increment needs a place of its own")
    options = WriteOptions(
        signing_key=store.signing_key(sign) if sign else None,
        profile=profile,
        budget=budget,
        since=cursor(store, since, writer) if since else None,
        strip_identifiers=strip_identifiers,
        recipients=recipients,
    )
    if redaction is not None and since:
        raise UsageError("nothing in a redacted export has the name that it had in an earlier one", hint="leave --since out")
    leaving = Exported(
        format=format,
        target=str(target.absolute()),
        after=options.since.change if options.since else 0,
        change=store.last_change(),
        as_of=as_of,
        part=not isinstance(writer, Reader) or redaction is not None,
    )
    said = told_options(
        options, as_of=as_of.isoformat() if as_of else "", since_change=leaving.after, redacted=redaction is not None
    )
    with begun(ledger, target, operation="export", options=said, ids=redaction is None) as told:
        options = msgspec.structs.replace(options, witness=told)
        selection = VaultSelection(store, as_of=as_of)
        written, digest = _exported(store, writer, selection, target, progress, options, redaction, leaving, residue=residue)
        if told is not None and ledger is not None:
            source = LedgerEnd(vault=store.owner_id, change=leaving.change)
            files = (LedgerFile(name=target.name, sha256=digest.hex()),)
            document = told.finish(
                written.ledger.lines(), source, LedgerEnd(formats=(format_of(writer),), files=files), ledger.key
            )
            written = msgspec.structs.replace(written, document=document)
    return written


def _exported(
    store: Store,
    writer: Format,
    selection: VaultSelection,
    target: Path,
    progress: Progress | None,
    options: WriteOptions,
    redaction: Redaction | None,
    leaving: Exported,
    *,
    residue: bool,
) -> tuple[Written, bytes]:
    """Write it and note that it has left; what was written, and its digest."""
    # Noted first: what is cut short, or finished while nothing can be noted any more, may have left all the same.
    number = store.begin_export(leaving)
    try:
        written, commitments = _write(store, writer, selection, target, progress, options, redaction, residue=residue)
        tell_tombstones(store, writer.info.name, written.ledger)
    except SatchelError:
        # Formats write beside the target and rename.
        store.cancel_export(number)
        raise
    digest = digest_of(target)
    store.finish_export(number, written.size_bytes, digest)
    # It has left, whether or not what it leaves out can be kept.
    if redaction is not None:
        redaction.finish(store, target, commitments)
    return written, digest


def tell_tombstones(store: Store, format: str, ledger: Ledger) -> None:
    """Tell that a format which has no tombstones cannot say what was erased: it is not in it, and that is all."""
    if format == TOMBSTONED:
        return
    count = sum(1 for _ in store.tombstones(TOMBSTONED))
    if count:
        ledger.record("tombstone", "omitted", "no-tombstones", _NO_TOMBSTONES, count=count)


def format_of(writer: Format) -> LedgerFormat:
    """The format and its version, as a ledger names it."""
    return LedgerFormat(name=writer.info.name, version=writer.info.version)


def _write(
    store: Store,
    writer: Format,
    selection: VaultSelection,
    target: Path,
    progress: Progress | None,
    options: WriteOptions,
    redaction: Redaction | None,
    *,
    residue: bool,
) -> tuple[Written, dict[str, Commitment]]:
    if redaction is None:
        with ExitStack() as stack:
            riding = of_vault(store, writer, options, selection, stack) if residue else Riding()
            written = writer.write(selection, target, progress=progress, options=riding.within(options))
            riding.tell(written)
            return written, {}
    redaction.begin(store)
    with redaction.over(selection) as redacted:
        written = writer.write(redacted, target, progress=progress, options=options)
        redacted.tell(written.ledger)
    return written, redacted.commitments


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
