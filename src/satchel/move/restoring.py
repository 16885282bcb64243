"""Reading a package in which packages of other standards ride (``formats.capsules``), so that these come home.

A capsule is taken at its word where the word is kept: what is in it is read, written anew in the format that carries it, and
compared with the carrier, element by element. What is the same comes home as it was. What was edited in the carrier is edited
at home; what is gone from it is gone; what is new in it is read as what it is. So residue never overrides what the carrier
says: a stale or forged capsule comes home as the carrier says, and one that is damaged is left out, each told as a finding.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Set
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from satchel.errors import MalformedInput, Place, SatchelError
from satchel.formats import registry as formats
from satchel.formats.base import READ, Format, FormatInfo, Known, Reader, ReadOptions, WriteOptions
from satchel.formats.capsules import Capsule, Carrier, Head, Patches, is_bookkeeping, unpack
from satchel.limits import Limits
from satchel.model.findings import Finding
from satchel.model.ids import uuid_of
from satchel.model.packages import Edition
from satchel.model.record import Asset, Item, Original, Reading, Record, Tombstone
from satchel.move.edits import Edit, brought_home, edits_between
from satchel.move.passing import Passing
from satchel.vault.values import Batch

#: Capsules in capsules: a way through that many formats and back.
MOST_NESTED = 4
#: What a carrier says of rows that were written from what comes home.
_EXPECTED = frozenset({"own-row", "own-record"})


_Records = dict[str, tuple[Record, ...]]


class _Seen(NamedTuple):
    """An element as it was written: what ``Element`` says of it, without its records."""

    group: str
    place: int
    digest: bytes
    of: str


class Restored:
    """What comes home, and what became of it in the carrier."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        #: Keys of elements of the carrier that are not taken: what they were written from comes home.
        self.passed: set[str] = set()
        #: What was edited, by the uid of the record at home, or by the UUID that a format made of that.
        self.edits: dict[str, list[Edit]] = {}
        #: The key of the element in which it was edited.
        self.edited_in: dict[str, str] = {}
        #: Uids at home of what is gone from the carrier.
        self.gone: set[str] = set()
        #: Records at home by the key of their element: it is read, and says more with them.
        self.fuller: dict[str, Record] = {}
        #: Uids at home of all that something was written from.
        self.home: set[str] = set()
        self.has_new = False

    @property
    def is_whole(self) -> bool:
        """Whether the carrier says what was written, no more and no less."""
        return not (self.edits or self.gone or self.has_new)


class Restoring:
    """A carrier at ``path`` as a ``formats.base.Reader`` of all that it brings home."""

    def __init__(self, path: Path, format: Format, capsules: list[Capsule], folder: Path, limits: Limits, depth: int) -> None:
        self._path = path
        self._format = format
        self._carrier = cast(Carrier, format)
        self._capsules = capsules
        self._folder = folder
        self._limits = limits
        self._depth = depth
        self._packages: list[tuple[Path, Format, Head]] = []
        self._restored: Restored | None = None
        self._fault: SatchelError | None = None

    @property
    def info(self) -> FormatInfo:
        """The carrier's format."""
        return self._format.info

    def home(self, format: str) -> tuple[Path, Head, Batch] | None:
        """The package of this format that the carrier is made of, where it says just what that says; None where it does not.

        With it comes what reading it told.
        """
        restored = self._look(accept_invalid_signature=False)
        if restored is None or not restored.is_whole or len(self._packages) != 1:
            return None
        path, format_of_it, head = self._packages[0]
        if head.format == format:
            return path, head, restored.batch
        inner = reader_at(path, format_of_it, self._limits, self._folder, self._depth + 1)
        return inner.home(format) if isinstance(inner, Restoring) else None

    def read(self, path: Path, *, known: Known, options: ReadOptions = READ) -> Iterator[Item]:
        """See ``formats.base.Reader.read``."""
        own = cast(Reader, self._format)
        restored = self._look(accept_invalid_signature=options.accept_invalid_signature)
        if restored is None:
            yield _dropped(path, self._fault)
            yield from own.read(path, known=known, options=options)
            return
        items = own.read(path, known=cast(Known, _Unread(known, restored.home)), options=options)
        begun = False
        for item in items:
            if not begun and not isinstance(item, Tombstone):
                begun = True
                yield from self._come_home(restored, known, options)
            yield from _left(restored, item)
        if not begun:
            yield from self._come_home(restored, known, options)
        yield from _told(path, restored)

    def _look(self, *, accept_invalid_signature: bool) -> Restored | None:
        if self._restored is None and self._fault is None:
            try:
                self._restored = self._compared(accept_invalid_signature)
            except SatchelError as error:
                self._fault = error
        return self._restored

    def _compared(self, accept_invalid_signature: bool) -> Restored:
        from satchel.move.imports import recognised
        from satchel.vault.folder import trial_vault

        if self._depth > MOST_NESTED:
            raise MalformedInput("residue lies in residue too deep", place=Place(file=self._path.name))
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        for number, capsule in enumerate(self._capsules):
            place = folder / str(number)
            place.mkdir(mode=0o700)
            path = unpack(capsule, place, self._limits)
            format = formats.reader_of(path)
            if format is None or cast(Format, format).info.name != capsule.head.format:
                raise MalformedInput(f"it is no {capsule.head.format}", place=Place(file=capsule.head.name))
            self._packages.append((path, cast(Format, format), capsule.head))
        head = self._capsules[0].head
        with (
            trial_vault() as store,
            recognised([path for path, _, _ in self._packages], limits=self._limits, nested=self._depth) as export,
        ):
            batch = export.into(store, at=head.made, accept_invalid_signature=accept_invalid_signature)
            again = folder / "again"
            options = WriteOptions(profile=head.profile)
            self._format.write(Passing(store, head.made, owner=head.owner), again, options=options)
        return _compare(self._carrier, again, self._path, head.made, batch, self._limits)

    def _come_home(self, restored: Restored, known: Known, options: ReadOptions) -> Iterator[Item]:
        for path, format, _ in self._packages:
            reader = reader_at(path, format, self._limits, self._folder, self._depth + 1)
            items = cast(Reader, reader or format).read(path, known=known, options=options)
            for item in items:
                if isinstance(item, Original) and (restored.edits or restored.gone):
                    yield from _mended(restored, item, format)
                elif not (isinstance(item, Asset) and item.record.uid in restored.gone) and not (
                    isinstance(item, Edition) and not restored.is_whole
                ):
                    yield item


def reader_at(path: Path, format: Reader | Format | None, limits: Limits, folder: Path, depth: int = 0) -> Restoring | None:
    """What reads the package at ``path`` of this format with all that rides in it; None where nothing does. ``folder`` is ours
    to fill."""
    if not isinstance(format, Carrier):
        return None
    capsules = format.capsules(path, limits=limits)
    return Restoring(path, cast(Format, format), capsules, folder, limits, depth) if capsules else None


class _Unread:
    """The vault as a carrier sees it: without the records that come home, for what was written from them is compared apart."""

    def __init__(self, known: Known, home: Set[str]) -> None:
        self._known = known
        self._home = home

    def __getattr__(self, name: str) -> object:
        return getattr(self._known, name)

    def said(self, uid: str) -> tuple[str, str] | None:
        return None if uid in self._home else self._known.said(uid)


def _index(carrier: Carrier, path: Path, limits: Limits) -> dict[str, _Seen]:
    found = carrier.elements(path, limits=limits)
    return {each.key: _Seen(each.group, each.place, each.digest, each.of) for each in found}


def _compare(carrier: Carrier, again: Path, path: Path, made: datetime, batch: Batch, limits: Limits) -> Restored:
    """What became of everything that was written, in the carrier at ``path``; ``again`` is the same written anew."""
    written = _index(carrier, again, limits)
    restored = Restored(batch)
    restored.home = {seen.of for seen in written.values() if seen.of}
    left = set(written)
    changed: list[tuple[str, str]] = []
    new: dict[str, _Seen] = {}
    for each in carrier.elements(path, limits=limits):
        was = written.get(each.key)
        if was is None:
            new[each.key] = _Seen(each.group, each.place, each.digest, each.of)
            continue
        left.discard(each.key)
        restored.passed.add(each.key)
        if was.digest != each.digest:
            changed.append((each.key, each.key))

    def read(ones: set[str], others: set[str]) -> tuple[_Records, _Records]:
        return _records(carrier, again, ones, limits), _records(carrier, path, others, limits)

    changed += _paired(written, left, new, restored, read)
    restored.has_new = bool(new)
    if changed:
        before, after = read({one for one, _ in changed}, {other for _, other in changed})
        for one, other in changed:
            if before[one] and after[other]:
                _note_edits(restored, written[one], other, before[one], after[other], made)
    kept = {seen.of for key, seen in written.items() if key not in left}
    restored.gone = {written[key].of for key in left} - kept - {""}
    return restored


def _paired(
    written: dict[str, _Seen],
    left: set[str],
    new: dict[str, _Seen],
    restored: Restored,
    read: Callable[[set[str], set[str]], tuple[_Records, _Records]],
) -> list[tuple[str, str]]:
    """Elements whose key follows from what they say, and that say something else by now: known by the record that they name,
    or, where as many went as came, by what else they say."""
    by_of = {written[key].of: key for key in left if written[key].of}
    found = [(by_of[seen.of], key) for key, seen in new.items() if seen.of in by_of]
    missing = sorted(left - {one for one, _ in found}, key=lambda key: written[key].place)
    rest = sorted(new.keys() - {other for _, other in found}, key=lambda key: new[key].place)
    for group in {written[key].group for key in missing}:
        ones = [key for key in missing if written[key].group == group]
        others = [key for key in rest if new[key].group == group]
        if len(ones) == len(others):
            found += _alike(ones, others, read)
    for one, other in found:
        left.discard(one)
        del new[other]
        restored.passed.add(other)
    return found


def _alike(
    ones: list[str], others: list[str], read: Callable[[set[str], set[str]], tuple[_Records, _Records]]
) -> Iterator[tuple[str, str]]:
    """As many are gone as are new: those go together that have all but their words in common, the others by their order."""
    before, after = read(set(ones), set(others))
    by_shape: dict[bytes, list[str]] = {}
    for key in others:
        by_shape.setdefault(_shape(after[key][0]), []).append(key)
    alone = []
    for key in ones:
        same = by_shape.get(_shape(before[key][0]))
        if same:
            yield key, same.pop(0)
        else:
            alone.append(key)
    yield from zip(alone, (key for keys in by_shape.values() for key in keys), strict=True)


def _shape(record: Record) -> bytes:
    """What a record says besides words and ids."""
    return msgspec.json.encode([record.kind, record.times, record.status, record.tags, record.access, record.provenance.actor])


def _records(carrier: Carrier, path: Path, keys: set[str], limits: Limits) -> _Records:
    found: _Records = {}
    for each in carrier.elements(path, limits=limits):
        if each.key in keys:
            found[each.key] = each.read()
    return found


def _note_edits(
    restored: Restored,
    written: _Seen,
    key: str,
    before: tuple[Record, ...],
    after: tuple[Record, ...],
    made: datetime,
) -> None:
    by_id = {record.origin.id: record for record in before[1:]}
    pairs = [(written.of, before[0], after[0])]
    pairs += [(record.origin.id, by_id[record.origin.id], record) for record in after[1:] if record.origin.id in by_id]
    for name, one, other in pairs:
        edits = edits_between(one, other, made)
        if edits and name:
            restored.edits[name] = edits
            restored.edited_in[name] = key
        elif edits:
            # Nobody knows what it was written from: it is what it is.
            restored.passed.discard(key)
            restored.has_new = True


def _mended(restored: Restored, original: Original, format: Format) -> Iterator[Item]:
    """What comes home of a source object."""
    if original.uid in restored.gone:
        return
    reading: Reading | None = None
    pairs: list[tuple[Record, Record]] = []
    if restored.edits:
        reading = original.read()
        for record in reading.records:
            name = record.uid if record.uid in restored.edits else uuid_of(record.uid)
            if name not in restored.edits:
                continue
            brought = brought_home(record, restored.edits[name])
            if brought.speaks_otherwise or not isinstance(format, Patches):
                restored.fuller[restored.edited_in[name]] = brought.record
                restored.passed.discard(restored.edited_in[name])
                if record.uid == original.uid:
                    return
            else:
                pairs.append((record, brought.record))
                if brought.refused:
                    text = "what was edited in it has no place where it comes home"
                    yield Finding("edit-not-carried", "warning", text, original.place, "skipped", len(brought.refused))
    if not pairs or reading is None:
        yield original if reading is None else msgspec.structs.replace(original, read=lambda: reading)
        return
    native = cast(Patches, format).patched(original.kind, original.native, pairs)
    if native is None:
        for record, mended in pairs:
            name = record.uid if record.uid in restored.edits else uuid_of(record.uid)
            restored.fuller[restored.edited_in[name]] = mended
            restored.passed.discard(restored.edited_in[name])
        return
    by_uid = {record.uid: mended for record, mended in pairs}
    # Whoever vouched for it vouched for what it was.
    records = tuple(_doubted(by_uid[record.uid]) if record.uid in by_uid else record for record in reading.records)
    whole = Reading(records, reading.findings)
    yield msgspec.structs.replace(original, native=native, read=lambda: whole, dialect="", strings=None)


def _doubted(record: Record) -> Record:
    return msgspec.structs.replace(record, trust="imported") if record.trust not in ("imported", "untrusted") else record


def _left(restored: Restored, item: Item) -> Iterator[Item]:
    """What is taken of the carrier itself."""
    if isinstance(item, Finding):
        if item.code not in _EXPECTED:
            yield item
    elif isinstance(item, Original):
        if item.uid in restored.passed or item.kind.endswith((".export", ".artifact")):
            return
        if item.kind.endswith((".satchelRecord", ".carried")) and is_bookkeeping(msgspec.json.decode(item.native)):
            return
        if item.kind.endswith(".index") and any(link.to in restored.passed for link in item.read().records[0].links):
            return
        yield _made_fuller(restored, item)
    elif isinstance(item, Asset):
        if item.record.uid not in restored.passed:
            yield item
    else:
        yield item


def _made_fuller(restored: Restored, original: Original) -> Original:
    home = restored.fuller.get(original.uid)
    if home is None:
        return original
    reading = original.read()
    first = reading.records[0]
    if type(first.body) is type(home.body):
        same = {name: getattr(home, name) for name in ("body", "times", "tags", "language", "status")}
        first = msgspec.structs.replace(first, **same)
    whole = Reading((first, *reading.records[1:]), reading.findings)
    return msgspec.structs.replace(original, read=lambda: whole)


def _told(path: Path, restored: Restored) -> Iterator[Finding]:
    place = Place(file=path.name)
    if restored.edits:
        text = "what was edited in the package came home with what it was written from"
        yield Finding("residue-edited", "info", text, place, "changed", len(restored.edits))
    if restored.gone:
        text = "what was taken out of the package did not come home"
        yield Finding("residue-gone", "info", text, place, "skipped", len(restored.gone))


def _dropped(path: Path, fault: SatchelError | None) -> Finding:
    why = fault.message if fault is not None else "it cannot be read"
    text = f"what rides in it of another format was left out: {why}"
    return Finding("residue-dropped", "warning", text, Place(file=path.name), "skipped")
