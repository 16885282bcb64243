"""What a format is: an open interchange standard that records are written in, read from and checked against.

A writer sees records through a Selection and never a vault. Third parties add theirs as an entry point in the group
``satchel.formats``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, Protocol, runtime_checkable

import msgspec

from satchel.formats.capsules import Capsule
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.ledger import Ledger, Witness
from satchel.model.packages import CarriedFile, Edition
from satchel.model.record import Item, Record
from satchel.trust.age import Identities, Recipients
from satchel.trust.signatures import PrivateKey


class FormatInfo(msgspec.Struct, frozen=True):
    """``name`` is what ``--to`` takes."""

    name: str
    version: str
    title: str


class Homeward(NamedTuple):
    """A record on its way back to the format that it came in: ours and the format's word for its kind, its bytes, its place in
    its stream, the canonical JSON (codec.canonical) that the bytes are known to be, or "", and its uid."""

    kind: str
    source_kind: str
    native: bytes
    element: int
    dialect: str = ""
    uid: str = ""


class SourceNote(msgspec.Struct, frozen=True):
    """Whence a record was imported: the reader that read it, when, and the file with its SHA-256 (hexadecimal, or "")."""

    reader: str
    imported_at: datetime
    file: str
    sha256: str


class Since(msgspec.Struct, frozen=True):
    """A cursor: what a later change of the vault than ``change`` brought. ``at`` says it as a time, for formats that know no
    other; ``previous`` is what the export that this one follows is known by, "" where none was named; ``made`` is the date that
    an export of that state has, None for a state before the first change."""

    change: int
    at: datetime
    previous: str = ""
    made: datetime | None = None


class Earlier(msgspec.Struct, frozen=True):
    """What an earlier export of ours says of itself: the vault, its last change, its date as the format can say it, and what it
    is known by."""

    vault: str
    change: int
    made: datetime | None
    name: str


class State(msgspec.Struct, frozen=True):
    """The vault as it leaves: which one, and its last change."""

    vault: str
    change: int


class LogEntry(msgspec.Struct, frozen=True):
    """An entry of the vault's audit log: see satchel.vault.values.AuditEntry."""

    number: int
    at: datetime
    operation: str
    change: int | None
    detail: dict[str, Any]
    hash: str


class Selection(Protocol):
    """What leaves, as streams that can be asked for again. The same selection of the same vault gives the same bytes."""

    @property
    def owner_id(self) -> str:
        """A UUID that is stable over exports and says nothing about the person."""
        ...

    @property
    def changed_at(self) -> datetime:
        """When what is selected last changed: the export's date, so that an export is reproducible."""
        ...

    @property
    def state(self) -> State:
        """Which state of which vault this is."""
        ...

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        """All current records of these kinds, ordered by uid; without those that came in the format ``not_from``; only those
        whose current version a later change than ``after`` brought."""
        ...

    def brought_by(self, uid: str) -> int:
        """The change that brought the record's current version; 0 where there is no such record."""
        ...

    def came_by(self, uid: str) -> int:
        """The change that first brought the record; 0 where there is no such record."""
        ...

    def states(self, uid: str) -> list[Record]:
        """All states of a record, those before the current one included."""
        ...

    def messages(self, conversation: str) -> Iterator[Record]:
        """The messages of a conversation record, in the source's order."""
        ...

    def get(self, uid: str) -> Record | None:
        """One record by uid."""
        ...

    def unmapped(self, record: Record) -> Mapping[str, Any]:
        """What the source said of this record that its fields do not carry (JSON values)."""
        ...

    def prepared(self, record: Record, whole: Record | None, format: str) -> Mapping[str, Any] | None:
        """What the adapter that read the record says of its row in this format, as its residue may; None where it says nothing.
        ``whole`` is the record that it is part of."""
        ...

    def native(self, record: Record) -> bytes | None:
        """The exact bytes that the record was read from; None where they are a blob."""
        ...

    def source(self, record: Record) -> SourceNote | None:
        """The note of its import."""
        ...

    def homeward(self, format: str, after: int = 0) -> Iterator[Homeward]:
        """What came in this format and goes home as it came: the very bytes, in the order of coming. ``after`` as for
        ``records``."""
        ...

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:
        """What tombstones of this format erased without naming it, by later changes than ``after``: the format's word for its
        kind, its id, and how (model.packages.Reached)."""
        ...

    def log(self, after: int = 0) -> Iterator[LogEntry]:
        """The audit log, oldest first, behind that change."""
        ...

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:
        """Audit entries of other stores that came in this format by later changes than ``after``."""
        ...

    def carried(self, format: str) -> list[CarriedFile]:
        """Files that came in this format and go home as they came, those that came last first."""
        ...

    def open_carried(self, file: CarriedFile) -> BinaryIO:
        """The bytes of such a file."""
        ...

    def earlier(self, format: str, after: int = 0) -> Iterator[list[Homeward]]:
        """The states of each record that came in this format and changed, oldest first; the last is the current one. Only of
        those of which a later change than ``after`` brought a state."""
        ...

    def tombstones(self, format: str) -> Iterator[bytes]:
        """The tombstones that came in this format, each as it came: they leave with everything that leaves in it."""
        ...

    def buried(self, uid: str) -> bool:
        """Whether tombstones forbid a record of this uid: nothing that leaves should name it."""
        ...

    def buried_by_others(self, uid: str) -> bool:
        """As ``buried``, by tombstones that came from elsewhere."""
        ...

    def open_blob(self, digest: str) -> BinaryIO:
        """The bytes of a document's blob. Raises NotFound."""
        ...


class Written(msgspec.Struct, frozen=True):
    """What a writer did: how many of what stand in the target, in the format's own words, and the loss ledger. ``document``:
    what the ledger's document says but its records, where one was written."""

    counts: dict[str, int]
    files: int
    size_bytes: int
    ledger: Ledger
    document: dict[str, Any] | None = None


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may ask of a writer beside the target; a format that cannot do it says so.

    ``signing_key`` signs what is written. ``profile`` names a spelling of the format, "" its usual one. ``budget`` is how many
    characters a text may have for which nobody else sets a limit, 0 the format's usual number.
    ``since``: only what is new since then, for whoever has the rest. ``strip_identifiers``: leave out what names a person or an
    account at a product. ``recipients``: those who alone shall be able to open it. ``capsules``: packages of other standards
    that ride along (``formats.capsules``). ``witness``: is told what became of each record; a writer gives it to its Ledger.
    """

    signing_key: PrivateKey | None = None
    profile: str = ""
    budget: int = 0
    since: Since | None = None
    strip_identifiers: bool = False
    recipients: Recipients | None = None
    capsules: tuple[Capsule, ...] = ()
    witness: Witness | None = None


PLAIN = WriteOptions()


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may ask of a reader beside the source; a format that has no use for it leaves it alone.

    ``trusted``: public keys; with any, only deletions that one of them vouches for are carried out.
    ``accept_invalid_signature``: take what is signed badly as if it were not signed, where the format lets it be.
    """

    limits: Limits = DEFAULT
    trusted: frozenset[str] = frozenset()
    accept_invalid_signature: bool = False


READ = ReadOptions()

#: Called with the number of records written since the last call.
Progress = Callable[[int], None]


class Format(Protocol):
    """See the module docstring."""

    @property
    def info(self) -> FormatInfo: ...

    def recognises(self, path: Path) -> bool:
        """Whether the file or folder looks like this format, by structure."""
        ...

    def write(
        self,
        selection: Selection,
        target: Path,
        *,
        progress: Progress | None = None,
        options: WriteOptions = PLAIN,
    ) -> Written:
        """Write all of the selection into the folder ``target``, beside it and renamed: whole or not at all.

        Raises:
            UsageError: the format has no such option.
            OutputError: ``target`` exists and is not an empty folder or an earlier export of ours, or cannot be written.
        """
        ...

    def validate(self, path: Path, *, limits: Limits) -> Iterator[Finding]:
        """Everything that is wrong or doubtful with the file or folder; nothing when all is well."""
        ...


class Passage(Protocol):
    """A package under way, of which the conversations are written first, one by one. Its context ends it: what was not finished
    leaves nothing behind."""

    def conversation(self, record: Record) -> None:
        """Write a conversation and its messages, which the selection has now and need not have later. What it is asked for and
        does not have is taken not to be there at all."""
        ...

    def spool(self) -> IO[bytes]:
        """A nameless file, on the disk that the package is written to, for what is read before it is written."""
        ...

    def finish(self) -> Written:
        """Write the rest of the selection and put the package in its place. Raises OutputError."""
        ...


@runtime_checkable
class Passing(Protocol):
    """A format whose conversations can be written while they are read, before the rest of the selection is known."""

    def passage(
        self, selection: Selection, target: Path, *, progress: Progress | None = None, options: WriteOptions = PLAIN
    ) -> AbstractContextManager[Passage]:
        """As ``Format.write``, and the same bytes, in steps. Conversations may come in any order, each once; only when all have
        come is the selection asked for its ``records``, whose it is and what state.

        Raises:
            UsageError, OutputError: as ``Format.write``.
        """
        ...


@runtime_checkable
class Continued(Protocol):
    """A format that can be exported since an earlier export."""

    def earlier(self, path: Path) -> Earlier:
        """What the export at ``path`` says of itself. Nothing vouches for it: compare it with the vault.

        Raises:
            UsageError: it is none of this format, or none of ours.
        """
        ...


class Known(Protocol):
    """What a reader may ask of the vault that it reads for: an import under way."""

    @property
    def owner_id(self) -> str:
        """See ``Selection.owner_id``."""
        ...

    @property
    def has_graves(self) -> bool:
        """Whether there is any tombstone: without one, nothing is forbidden."""
        ...

    def buried(self, uid: str) -> str:
        """``delete``, ``redact`` or "": how tombstones forbid a record of this uid."""
        ...

    def said(self, uid: str) -> tuple[str, str] | None:
        """Title and text of the record that the vault holds under this uid; None where it holds none."""
        ...

    def newest_edition(self, format: str, signer: str, series: str) -> Edition | None:
        """The newest package of that signer and series that was ever taken."""
        ...

    def was_taken(self, digest: str) -> bool:
        """Whether the package with this digest was taken, by an import that was not undone."""
        ...

    def is_own_key(self, public: str) -> bool:
        """Whether this Ed25519 public key is one of the vault's own, also a retired one."""
        ...

    def is_own_entry(self, number: int, hash: str) -> bool:
        """Whether the vault's own audit log has an entry of this number and hash."""
        ...


class _Nothing:
    """A vault that holds nothing."""

    owner_id = ""
    has_graves = False

    def buried(self, uid: str) -> str:  # noqa: ARG002
        return ""

    def said(self, uid: str) -> tuple[str, str] | None:  # noqa: ARG002
        return None

    def newest_edition(self, format: str, signer: str, series: str) -> Edition | None:  # noqa: ARG002
        return None

    def was_taken(self, digest: str) -> bool:  # noqa: ARG002
        return False

    def is_own_key(self, public: str) -> bool:  # noqa: ARG002
        return False

    def is_own_entry(self, number: int, hash: str) -> bool:  # noqa: ARG002
        return False


#: For a package that is read by itself.
NOTHING: Known = _Nothing()


@runtime_checkable
class Reader(Protocol):
    """A format that can also be read into the vault."""

    def read(self, path: Path, *, known: Known, options: ReadOptions = READ) -> Iterator[Item]:
        """What is at ``path``, as tombstones, source objects and findings.

        Args:
            known: what the vault holds, with all that was given to it so far.

        Raises:
            InputError: it cannot be taken; nothing that came before may be kept.
        """
        ...


@runtime_checkable
class Unseals(Protocol):
    """A format whose packages may come encrypted, as age files."""

    def unsealing(self, identities: Identities) -> Format:
        """The same format, with what opens such packages. Its methods raise ``Locked`` for one that it does not open."""
        ...


@runtime_checkable
class Described(Protocol):
    """A format that hands out JSON Schemas of its files."""

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Each file's schema by the file's name without its ending; each is whole in itself."""
        ...
