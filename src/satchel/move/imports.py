"""From files into the vault: open, recognise, read, merge; and tell what became of every file.

Whatever the source, each file ends in one of three ways: an adapter read it, an adapter used its bytes, or a finding names
it and says why not. An import in which nothing at all is recognised is an error.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import msgspec

from satchel.adapters import registry
from satchel.adapters.base import Adapter, Claim, ReadContext
from satchel.codec.collector import paused
from satchel.codec.probe import Probe, probe
from satchel.codec.sources import Member, Source, open_source
from satchel.errors import InputError, NotRecognised, Place, SatchelError, UsageError
from satchel.formats import registry as formats
from satchel.formats.base import Reader, ReadOptions
from satchel.limits import DEFAULT, MIB, Limits
from satchel.model.findings import Finding, from_error
from satchel.model.ledger import Ledger
from satchel.model.packages import Carried, Edition, Heard, Reached, Signed
from satchel.model.record import Asset, Item, Original, Tombstone
from satchel.move.ledgers.arriving import Arrivals
from satchel.move.ledgers.digests import of_sources
from satchel.move.ledgers.document import LedgerEnd, LedgerFormat
from satchel.move.ledgers.writing import Wanted, begun
from satchel.move.restoring import reader_at
from satchel.trust.age import NOBODY, Identities
from satchel.vault.store import Store
from satchel.vault.values import Batch, Outcome, SourceFile, Summary


class Progress(Protocol):
    """What a surface shows of long work. ``total`` is None where only reading tells; ``advance`` counts bytes read."""

    def total(self, amount: int | None) -> None: ...

    def advance(self, amount: int) -> None: ...

    def waiting(self) -> None:
        """Another process holds the vault; the import goes on when it has finished."""
        ...


class Quiet:
    """A Progress that shows nothing."""

    def total(self, amount: int | None) -> None:
        pass

    def advance(self, amount: int) -> None:
        pass

    def waiting(self) -> None:
        pass


class Door(Protocol):
    """Where what readers yield goes in: of a ``vault.store.Intake`` what that needs."""

    def put(self, original: Original) -> None: ...

    def put_asset(self, asset: Asset) -> Outcome: ...

    def bury(self, tombstone: Tombstone) -> None: ...

    def reach(self, reached: Reached) -> None: ...

    def carry(self, carried: Carried) -> None: ...

    def hear(self, heard: Heard) -> None: ...

    def mark(self, edition: Edition) -> None: ...

    def signed(self, key: str) -> None: ...

    def note(self, finding: Finding) -> None: ...


class _Hashed(io.RawIOBase):
    """A stream that hashes what is read from it; ``on_end`` gets size and digest once the end was reached."""

    def __init__(self, inner: BinaryIO, on_end: Callable[[int, str], None]) -> None:
        self._inner = inner
        self._digest = hashlib.sha256()
        self._size = 0
        self._on_end: Callable[[int, str], None] | None = on_end

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size)
        if data:
            self._digest.update(data)
            self._size += len(data)
        # A short read is the end as well: see codec.streams.buffered.
        if (size < 0 or len(data) < size) and self._on_end:
            self._on_end(self._size, self._digest.hexdigest())
            self._on_end = None
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class WatchedMember:
    """A member that remembers size and SHA-256 of its file once it was read to the end."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self.was_opened = False
        self.file = SourceFile(member.name)

    @property
    def name(self) -> str:
        return self._member.name

    @property
    def path(self) -> str:
        return self._member.path

    @property
    def size_bytes(self) -> int | None:
        return self._member.size_bytes

    def open(self) -> BinaryIO:
        self.was_opened = True
        return _Hashed(self._member.open(), self._ended)  # type: ignore[return-value]

    def digest(self) -> SourceFile:
        """Its size and SHA-256, read for this alone."""
        digest, size = hashlib.sha256(), 0
        with self._member.open() as stream:
            while chunk := stream.read(MIB):
                digest.update(chunk)
                size += len(chunk)
        return SourceFile(self.name, size, digest.hexdigest())

    def _ended(self, size_bytes: int, sha256: str) -> None:
        self.file = SourceFile(self.name, size_bytes, sha256)


class Export:
    """An input that was recognised: which adapter reads which of its files. Made by ``recognised``."""

    def __init__(
        self,
        paths: Sequence[Path],
        source: Source,
        adapters: Sequence[Adapter],
        limits: Limits,
        packages: Sequence[tuple[Path, Reader]] = (),
    ) -> None:
        self.paths = tuple(paths)
        self.label = ", ".join("standard input" if str(path) == "-" else path.name or str(path) for path in paths)
        self._source = source
        self._limits = limits
        self._packages = packages
        self._members = [WatchedMember(member) for member in source.members]
        self._adapters = adapters
        self._claims, self._loose, self._probes = _claim(self._members, adapters)
        if not any(self._claims) and not packages:
            raise _not_recognised(paths, self._probes, source.findings)
        for member in self._members:
            member.was_opened = False

    def into(
        self,
        store: Store,
        *,
        account: str = "",
        progress: Progress | None = None,
        dry_run: bool = False,
        confirm: Callable[[Summary], None] | None = None,
        accept_invalid_signature: bool = False,
        at: datetime | None = None,
        allow_erased: Sequence[str] = (),
        arrivals: Arrivals | None = None,
    ) -> Batch:
        """Read all of it into the vault in one transaction. See ``import_paths``.

        Args:
            arrivals: is told what became of each source object.
            at: when the import is said to be; None: now.
            accept_invalid_signature: see ``formats.base.Reader.read``.
            allow_erased: ids, or how they begin, of records that are taken though they were erased.
            confirm: called before the end when tombstones have taken records out; an exception that it raises takes back all.
        """
        trusted = frozenset(key.public for key in store.trusted_keys())
        trusted |= {key.public for key in store.signing_keys()} if trusted else set()
        shown = progress or Quiet()
        shown.total(self._source.total_bytes)
        self._source.count_reads()
        _check_ids(allow_erased)
        with store.importing(self.label, dry_run=dry_run, on_wait=shown.waiting, at=at) as intake, paused():
            intake.allow(allow_erased)
            if arrivals is not None:
                intake.watch(arrivals.arrived, arrivals.noted)
            self._pour(intake, account)
            options = ReadOptions(limits=self._limits, trusted=trusted, accept_invalid_signature=accept_invalid_signature)
            for path, package in self._packages:
                # What it says of itself must hold as a whole: an error ends the import, and nothing is kept.
                for item in package.read(path, known=intake, options=options):
                    take(intake, item)
            if confirm is not None and intake.summary().removed:
                confirm(intake.summary())
            return intake.finish(self.files)

    def pour(self, door: Door, *, account: str = "", progress: Progress | None = None) -> None:
        """Read all of it into what is no vault. Only for what ``can_repeat``."""
        shown = progress or Quiet()
        shown.total(self._source.total_bytes)
        self._source.count_reads()
        with paused():
            self._pour(door, account, whole=True)

    def _pour(self, door: Door, account: str, *, whole: bool = False) -> None:
        """Give what the adapters read, from the first byte on."""
        for member in self._members:
            member.was_opened = False
            member.file = SourceFile(member.name)
        for finding in self._source.findings:
            door.note(finding)
        context = ReadContext(limits=self._limits, account=account, loose=self._loose, whole=whole)
        for reader, claimed in zip(self._adapters, self._claims, strict=True):
            if claimed:
                _take(door, reader, claimed, context)
        for member in self._loose:
            if not member.was_opened:
                door.note(_unused(member, self._probes[member.name]))

    @property
    def can_repeat(self) -> bool:
        """Whether it can be read again, and adapters read all of it: no pipe, no package of an open format, no two files of one
        name, which findings and notes could not tell apart."""
        names = {member.name for member in self._members}
        return not self._packages and self._source.total_bytes is not None and len(names) == len(self._members)

    def digests(self) -> dict[str, SourceFile]:
        """The files that adapters claim, by name, read for this alone: what ``files`` says of them once they are read.

        Raises:
            InputError: one cannot be read.
        """
        found: dict[str, SourceFile] = {}
        for claim in itertools.chain.from_iterable(self._claims):
            member = cast(WatchedMember, claim.member)
            if member.name not in found:
                found[member.name] = member.digest()
        return found

    def digest_of(self, name: str) -> str:
        """The SHA-256 of a file that was read to its end; "" of another."""
        return next((member.file.sha256 for member in self._members if member.name == name), "")

    @property
    def packages(self) -> tuple[tuple[Path, Reader], ...]:
        """The packages of open formats, each with what reads it."""
        return tuple(self._packages)

    @property
    def formats(self) -> tuple[LedgerFormat, ...]:
        """Which adapters and formats read it, with their versions."""
        readers = [adapter.info.reader for adapter, claimed in zip(self._adapters, self._claims, strict=True) if claimed]
        found = [LedgerFormat(name=name, version=version) for name, _, version in (text.partition("/") for text in readers)]
        infos = [package.info for _, package in self._packages]  # type: ignore[attr-defined]
        return tuple(dict.fromkeys([*found, *(LedgerFormat(name=info.name, version=info.version) for info in infos)]))

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files that were read to their end."""
        return tuple(member.file for member in self._members if member.file.sha256)


@contextmanager
def recognised(
    paths: Sequence[Path],
    *,
    adapter: str = "",
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
    identities: Identities = NOBODY,
    nested: int | None = None,
) -> Iterator[Export]:
    """Open files, folders, zips or a pipe (``-``) and find out what they are, before any vault is touched.

    What is in an open format that Satchel reads is read as that; all else goes to the adapters.

    Args:
        adapter: only this adapter reads, a third party's included; "" lets each of ours recognise its own.
        identities: what opens what is encrypted.
        nested: how many packages these ride in, one in the other; None: in none.

    Raises:
        Locked: one is encrypted, and they do not open it.
        NotRecognised: no file in it is one that an adapter knows.
        UsageError: there is no such path or adapter.
        InputError: the input cannot be opened, or a limit on the whole of it is crossed.
    """
    adapters = [registry.get(adapter)] if adapter else registry.ours()
    shown = progress or Quiet()
    packages = [] if adapter else [(path, reader) for path in paths if (reader := formats.reader_of(path, identities))]
    rest = [path for path in paths if path not in {path for path, _ in packages}]
    with (
        _scratch(packages) as folder,
        _opened(rest, limits, shown, identities) if rest or not packages else Source.nothing() as source,
    ):
        depth = 0 if nested is None else nested + 1
        whole = [(path, reader_at(path, reader, limits, folder, depth) or reader) for path, reader in packages]
        yield Export(paths, source, adapters, limits, whole)


@contextmanager
def _scratch(packages: Sequence[object]) -> Iterator[Path]:
    """A folder for what rides in packages; gone afterwards."""
    if not packages:
        yield Path()
        return
    with tempfile.TemporaryDirectory(prefix="satchel-residue-") as folder:
        yield Path(folder)


def _opened(paths: Sequence[Path], limits: Limits, shown: Progress, identities: Identities) -> Source:
    def scratch() -> BinaryIO:
        from satchel.trust.age_stream import Scratch

        return cast(BinaryIO, Scratch())

    return open_source(paths, limits=limits, on_read=shown.advance, unseal=identities.unseal, scratch=scratch)


def import_paths(
    store: Store,
    paths: Sequence[Path],
    *,
    adapter: str = "",
    account: str = "",
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
    dry_run: bool = False,
    accept_invalid_signature: bool = False,
    identities: Identities = NOBODY,
    allow_erased: Sequence[str] = (),
) -> Batch:
    """Import files, folders, zips or a pipe in one transaction.

    Args:
        adapter: see ``recognised``.
        account: a name for the account the export is of, where ids are unique only within it.
        dry_run: do all of it, then take it back.
        accept_invalid_signature: see ``formats.base.Reader.read``.
        identities: see ``recognised``.
        allow_erased: see ``Export.into``.

    Raises:
        NotRecognised, UsageError, InputError: see ``recognised``.
        VaultError: the vault cannot take it; nothing was kept.
    """
    with recognised(paths, adapter=adapter, limits=limits, progress=progress, identities=identities) as export:
        return export.into(
            store,
            account=account,
            progress=progress,
            dry_run=dry_run,
            accept_invalid_signature=accept_invalid_signature,
            allow_erased=allow_erased,
        )


def import_told(
    export: Export, store: Store, ledger: Wanted | None, *, dry_run: bool = False, **more: Any
) -> tuple[Batch, dict[str, Any] | None]:
    """Import, and write into a ledger what became of each source object: the change of the vault, and what the ledger says but
    its records. ``more``: see ``Export.into``.

    Raises:
        UsageError, OutputError: the ledger cannot be written where it is wanted; nothing was imported then, unless the disk
            filled up at the end.
    """
    with begun(ledger, *export.paths, operation="import", options={"dry_run": True} if dry_run else {}) as told:
        counted = Ledger(told)
        arrivals = Arrivals(counted, everything=True) if told is not None else None
        batch = export.into(store, dry_run=dry_run, arrivals=arrivals, **more)
        if told is None or ledger is None:
            return batch, None
        source = LedgerEnd(formats=export.formats, files=of_sources(export.paths, export.files))
        target = LedgerEnd() if dry_run else LedgerEnd(vault=store.owner_id, change=batch.id)
        return batch, told.finish(counted.lines(), source, target, ledger.key)


def _check_ids(ids: Sequence[str]) -> None:
    """A beginning that is short would let in more than one."""
    for id in ids:
        if not 8 <= len(id) <= 40 or set(id.lower()) - set("0123456789abcdef"):
            raise UsageError(f"{id!r} is no id of a record", hint="8 to 40 hexadecimal digits, as the import told them")


def _claim(
    members: Sequence[WatchedMember], adapters: Sequence[Adapter]
) -> tuple[list[list[Claim]], list[WatchedMember], dict[str, Probe]]:
    """Each adapter's claims, the members that nobody claimed, and what every unclaimed member looked like."""
    claims: list[list[Claim]] = [[] for _ in adapters]
    loose: list[WatchedMember] = []
    probes: dict[str, Probe] = {}
    for member in members:
        seen = probe(member)
        for claimed, adapter in zip(claims, adapters, strict=True):
            role = adapter.claim(member, seen)
            if role is not None:
                claimed.append(Claim(role, member, seen))
                break
        else:
            loose.append(member)
            # Only the shape is needed from here on.
            probes[member.name] = msgspec.structs.replace(seen, text="")
    weak = [getattr(adapter, "is_weak", False) for adapter in adapters]
    if any(claimed and not is_weak for claimed, is_weak in zip(claims, weak, strict=True)):
        for claimed, is_weak in zip(claims, weak, strict=True):
            for claim in [claim for claim in claimed if is_weak and claim.member.name != claim.member.path]:
                claimed.remove(claim)
                loose.append(claim.member)  # type: ignore[arg-type]
                probes[claim.member.name] = msgspec.structs.replace(claim.probe, text="")
    for claimed in claims:
        # The order of an archive, or of what was typed, is not the export's: shards are read in theirs.
        claimed.sort(key=lambda claim: (claim.member.path, claim.member.name))
    return claims, loose, probes


def _take(intake: Door, reader: Adapter, claimed: Sequence[Claim], context: ReadContext) -> None:
    """Everything that an adapter reads. One that fails is told and ends; the others, and what it gave before, stay."""
    items = reader.read(claimed, context)
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except InputError as error:
            intake.note(from_error(error))
            return
        except SatchelError:
            raise
        except Exception as error:  # A reader of a third party, or a shape nobody met.
            text = f"the reader {reader.info.reader} failed with {type(error).__name__} and read no further"
            intake.note(Finding("reader-failed", "error", text, outcome="skipped"))
            return
        take(intake, item)


def take(intake: Door, item: Item) -> None:
    """Give what a reader yields to the vault, or to what stands for one."""
    match item:
        case Original():
            intake.put(item)
        case Asset():
            intake.put_asset(item)
        case Tombstone():
            intake.bury(item)
        case Reached():
            intake.reach(item)
        case Carried():
            intake.carry(item)
        case Heard():
            intake.hear(item)
        case Edition():
            intake.mark(item)
        case Signed():
            intake.signed(item.key)
        case Finding():
            intake.note(item)


def _unused(member: Member, seen: Probe) -> Finding:
    if seen.form == "csv":
        text = "no adapter knows this table (CSV): its first line does not name the columns of an export"
        return Finding("not-recognised", "warning", text, Place(file=member.name), "skipped")
    if seen.form in ("json", "jsonl", "sqlite"):
        return Finding(
            "not-recognised", "warning", f"no adapter knows this file: {seen.shape}", Place(file=member.name), "skipped"
        )
    if seen.form == "empty":
        return Finding("empty-file", "info", "the file is empty", Place(file=member.name), "skipped")
    return Finding("unused-file", "info", f"no record refers to this {seen.form} file", Place(file=member.name), "skipped")


def _not_recognised(paths: Sequence[Path], probes: dict[str, Probe], refused: Sequence[Finding]) -> NotRecognised:
    seen = [f"{name}: {found.shape}" for name, found in sorted(probes.items())[:5]]
    seen += [f"{finding.place}: {finding.text}" for finding in refused[:3]]
    more = f" and {len(probes) - 5} more" if len(probes) > 5 else ""
    what = "; ".join(seen) + more if seen else "no files"
    return NotRecognised(
        f"nothing in {', '.join(map(str, paths))} is an export that Satchel knows (met {what})",
        hint="it reads " + ", ".join(registry.OURS) + "; --as NAME names the adapter",
    )
