"""What a vault is, whatever keeps it: one interface, for an embedded and a server backend, and the values it speaks in.

The vault is a log of record versions and kept originals; its tables and indexes can be rebuilt from them. Every change is
one transaction with one entry in the audit log. It knows no format and no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol

import msgspec

from satchel.model.erasure import Closure, Erased, How, Mode, Stores
from satchel.model.findings import Finding
from satchel.model.packages import Carried, CarriedFile, Edition, Heard, Reached
from satchel.model.record import Asset, Original, Record, Tombstone
from satchel.trust.capabilities.scopes import Scope
from satchel.trust.capabilities.tokens import Permission, Profile, Token
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ALGORITHMS, ED25519, Algorithm, PrivateKey

#: What an import did with a record. ``older`` was kept as an earlier version: the vault holds a newer one. ``erased`` was not
#: taken: a tombstone forbids it.
Outcome = Literal["new", "updated", "unchanged", "older", "erased"]
OUTCOMES: tuple[Outcome, ...] = ("new", "updated", "unchanged", "older", "erased")
#: Counts of records: kind → outcome → how many.
Counts = dict[str, dict[Outcome, int]]


class SourceFile(msgspec.Struct, frozen=True):
    """A file that an import read: its name, its uncompressed size, and its SHA-256 (hexadecimal) when read to the end."""

    name: str
    size_bytes: int = 0
    sha256: str = ""


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a change did. Findings hold no content; texts and places only."""

    counts: Counts = {}
    findings: tuple[Finding, ...] = ()
    #: Source objects by outcome, such as conversations and project files.
    originals: dict[Outcome, int] = {}
    #: Records whose status changed by a step of the life cycle (model.lifecycle): "active to superseded" → how many.
    transitions: dict[str, int] = {}
    #: Records that left the vault, by kind: by an undo, or by tombstones that came.
    removed: dict[str, int] = {}
    restored: dict[str, int] = {}
    #: Tombstones that the vault did not have.
    tombstones: int = 0
    #: Uids of records that quote what tombstones erased, and were left as they are.
    quoting: tuple[str, ...] = ()
    blobs: int = 0
    blob_bytes: int = 0


class Batch(msgspec.Struct, frozen=True):
    """One change of the vault: an import, an undo, something forgotten. ``undone_by`` is the batch that took it back."""

    id: int
    kind: Literal["create", "import", "undo", "forget"]
    at: datetime
    label: str
    platforms: tuple[str, ...]
    summary: Summary
    undone_by: int | None = None
    undoes: int | None = None


class Change(msgspec.Struct, frozen=True):
    """One source object in a comparison of two imports."""

    uid: str
    kind: str
    title: str
    outcome: Literal["new", "updated", "unchanged", "older", "gone"]


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A search. ``words`` are joined by AND; "quoted" is a phrase; ``word*`` a prefix; ``-word`` excludes. Without words:
    all that pass the filters, newest first."""

    words: str
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    tags: tuple[str, ...] = ()
    #: What held at this moment (model.validity), earlier states included.
    as_of: datetime | None = None
    limit: int = 20
    offset: int = 0


class Hit(msgspec.Struct, frozen=True):
    """One found statement: its best witness, all witnesses' uids, and where in its text it was found.

    ``score`` is larger for better (BM25). ``marks`` are (start, end) code points inside ``snippet``.
    """

    record: Record
    score: float
    witnesses: tuple[str, ...]
    snippet: str
    marks: tuple[tuple[int, int], ...]
    #: The title of the conversation or document it is part of.
    context: str = ""


class Found(msgspec.Struct, frozen=True):
    """A page of hits and how many statements matched in all."""

    hits: tuple[Hit, ...]
    total: int


class Posting(NamedTuple):
    """A record that holds a phrase: its row, the phrase's part of its BM25 score (higher is better), the row of the talk or
    other whole that it is part of, and its place there. Rows are the store's own and mean nothing outside it."""

    row: int
    score: float
    whole: int | None
    position: int | None


class Talks(NamedTuple):
    """How many talks and other wholes there are, and how many records are part of one."""

    wholes: int
    parts: int


class Handed(NamedTuple):
    """A record as it was given to an agent: ``verbatim`` or ``extract``, and the SHA-256 of the text, hexadecimal."""

    uid: str
    form: str
    digest: str


class Handout(msgspec.Struct, frozen=True):
    """A context that was given: when, to whom, under which token's id ("" without one), and which of the records asked for."""

    id: int
    at: datetime
    reader: str
    token: str
    uids: tuple[str, ...]


class Version(msgspec.Struct, frozen=True):
    """One version of a record, the current one included; ``batch`` brought it."""

    number: int
    batch: int
    record: Record


class Forgetting(msgspec.Struct, frozen=True, kw_only=True):
    """What to forget. Each criterion that is given narrows what goes; ``uids`` go as well.

    ``words`` as in a Query. ``batches``: what these imports brought. ``files``: what was read from files of these names.
    ``scope``: the uid of a scope, with all that belongs to it. ``about``: a person or thing, by name: entities, statements and
    whatever else names it; of talks and documents only where ``kinds`` asks for them.
    """

    uids: tuple[str, ...] = ()
    words: str = ""
    platforms: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    scope: str = ""
    tags: tuple[str, ...] = ()
    about: str = ""
    mode: Mode = "delete"
    #: Take along records of other sources that say the same.
    with_witnesses: bool = False
    quotations: Literal["flag", "scrub"] = "flag"
    #: Platforms and their words for kinds of record that are prose about everything: quotations always leave these.
    scrubs: tuple[tuple[str, str], ...] = ()


class Deceased(NamedTuple):
    """A record that was erased, for whoever writes its tombstone: how it was reached, and the words of its source for it."""

    uid: str
    kind: str
    how: How
    through: str
    op: Literal["delete", "redact"]
    format: str
    source_kind: str
    id: str
    record: Record


class Tombs(NamedTuple):
    """Tombstones of the vault's own, each with the uid of the record that it is for, and the public key that signed them."""

    tombstones: tuple[tuple[str, Tombstone], ...]
    signed_by: str


class AuditEntry(msgspec.Struct, frozen=True):
    """An entry of the audit log: what was done, when, counts, and the hash that chains it. No content."""

    id: int
    at: datetime
    operation: str
    batch: int | None
    detail: dict[str, Any]
    hash: str


class Kept(NamedTuple):
    """A record by its bytes: our kind and the source's word for it, the bytes, their place in the file, and the canonical JSON
    that they are known to be ("": none)."""

    kind: str
    source_kind: str
    native: bytes
    element: int
    dialect: str


class Stats(msgspec.Struct, frozen=True):
    """What the vault holds, by kind, platform and in bytes."""

    records: dict[str, int]
    platforms: dict[str, dict[str, int]]
    versions: int
    originals: int
    original_bytes: int
    blobs: int
    blob_bytes: int
    imports: int
    first: datetime | None
    last: datetime | None
    file_bytes: int
    schema_version: int


class SourceOf(msgspec.Struct, frozen=True):
    """Whence a record's current version was read."""

    reader: str
    imported_at: datetime
    file: SourceFile


class SigningKey(msgspec.Struct, frozen=True):
    """A key pair of the owner's: its name, its public half (``PublicKey.text``). A retired one signs no more."""

    name: str
    public: str
    created: datetime
    retired: datetime | None = None
    algorithm: str = ED25519


class TrustedKey(msgspec.Struct, frozen=True):
    """Somebody else's public key (``PublicKey.text``), whose signatures the owner trusts."""

    public: str
    name: str
    since: datetime
    kind: str = "Ed25519"


class TrustedDid(msgspec.Struct, frozen=True):
    """Somebody else's DID: whatever key its document names is trusted."""

    did: str
    name: str
    since: datetime


class RedactionKey(msgspec.Struct, frozen=True):
    """A redaction store whose key the vault has, or had: how many of which type were taken out, when, and when the key was
    destroyed."""

    id: str
    counts: dict[str, int]
    made: datetime
    shredded: datetime | None


class SeenExport(msgspec.Struct, frozen=True):
    """Of an owner whose exports were verified here: the key of the first (``PublicKey.text``), the date of the newest."""

    key: str
    exported: datetime | None


#: Why a token was revoked. No free text: the audit log holds it.
Reason = Literal["unspecified", "lost", "compromised", "superseded", "ended"]
REASONS: tuple[Reason, ...] = ("unspecified", "lost", "compromised", "superseded", "ended")


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A capability token that was issued here, without its signature: nobody can use what the vault remembers of it."""

    id: str
    profile: Profile
    issuer: str
    #: None: whoever has it.
    audience: str | None
    scope: Scope
    permissions: tuple[Permission, ...]
    issued: datetime
    not_before: datetime | None
    expires: datetime
    max_entries: int | None
    require_redaction: bool
    #: The id of the token that it was delegated from, "" for none.
    delegated_from: str
    #: The key that signed it (``PublicKey.text``).
    key: str


class Revocation(msgspec.Struct, frozen=True):
    """A token that is refused from then on, and with it all that was delegated from it. Nothing takes it back."""

    id: str
    at: datetime
    reason: Reason


class Companion(NamedTuple):
    """A state of a record that was read from a kept original; ``pointer`` says which member of it, None: nobody knows."""

    record: Record
    pointer: str | None


class Companions(NamedTuple):
    """All that was read from one kept original, whose number is ``original``; looked up when it is asked for."""

    original: int
    members: Iterator[Companion]


#: Whether a record may be seen.
Allowed = Callable[[Record], bool]


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """Something that left the vault in the clear, and where to: what changes after ``after`` brought, up to ``change``.

    ``as_of``: as it held at that moment. ``part``: only a choice of it, as a text to paste into an assistant is. ``digest``:
    the SHA-256 of what was written (hexadecimal), as ``move.exports.digest_of`` computes it; "" where writing never ended.
    """

    format: str
    target: str
    after: int
    change: int
    id: int = 0
    at: datetime | None = None
    as_of: datetime | None = None
    part: bool = False
    size_bytes: int = 0
    digest: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether everything that its changes brought was in it for certain, and not only may have been."""
        return not self.part and self.as_of is None and bool(self.digest)


class HeldBy(NamedTuple):
    """An export, how many of the records that were asked about it may have held, and how many it held for certain."""

    export: Exported
    records: int
    certain: int


class Intake(Protocol):
    """An import under way: one transaction. Leaving its context by an exception undoes all of it."""

    batch: int
    #: See ``Store.owner_id``.
    owner_id: str

    def put(self, original: Original) -> None:
        """Keep a source object and merge its records; ``summary`` tells what came of it."""
        ...

    def put_asset(self, asset: Asset) -> Outcome:
        """Keep a file's bytes as a blob and merge its document record."""
        ...

    @property
    def has_graves(self) -> bool:
        """Whether the vault has any tombstone."""
        ...

    def bury(self, tombstone: Tombstone) -> None:
        """Keep a tombstone for good and carry it out. Nothing takes it back, no undo either."""
        ...

    def reach(self, reached: Reached) -> None:
        """Take out, for good, what the tombstones of a package reached in the store that wrote it."""
        ...

    def carry(self, carried: Carried) -> None:
        """Keep a file that goes home as it came, unless a tombstone may concern it."""
        ...

    def hear(self, heard: Heard) -> None:
        """Keep an entry of another store's audit log, once. Nothing takes it back."""
        ...

    def mark(self, edition: Edition) -> None:
        """Remember that this package was taken."""
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
        """Whether the audit log has an entry of this number and hash."""
        ...

    def allow(self, ids: Sequence[str]) -> None:
        """Take these records though they were erased: uids, or how they begin. What comes of it is in the audit log."""
        ...

    def note(self, finding: Finding) -> None:
        """Remember what the reader told."""
        ...

    def summary(self) -> Summary:
        """What was done so far."""
        ...

    def finish(self, files: tuple[SourceFile, ...]) -> Batch:
        """Commit. Nothing is in the vault before this returns."""
        ...


class Store(Protocol):
    """See the module docstring. All reads see one committed state."""

    @property
    def owner_id(self) -> str:
        """A UUID made with the vault, for formats that name an owner; it says nothing about the person."""
        ...

    def changed_at(self) -> datetime:
        """When the vault last changed."""
        ...

    def importing(
        self,
        label: str,
        *,
        dry_run: bool = False,
        on_wait: Callable[[], None] | None = None,
        at: datetime | None = None,
    ) -> AbstractContextManager[Intake]:
        """An import; ``at`` is when it is said to be, now where that is None."""
        ...

    def get(self, uid: str) -> Record | None: ...

    def resolve(self, prefix: str, *, allowed: Allowed | None = None) -> str:
        """The one uid that begins with ``prefix``, among those of the records that are ``allowed``. Raises NotFound when there
        is none or more than one."""
        ...

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        """Current records of these kinds (all without any), ordered by uid; without those of the platform ``not_from``; only
        those whose current version a later change than ``after`` brought."""
        ...

    def natives(
        self, platform: str, *, after: int = 0, as_of: datetime | None = None, allowed: Allowed | None = None
    ) -> Iterator[Kept]:
        """All current records of a platform whose kept bytes are theirs alone, in the order of coming; ``as_of``: the states
        that held at that moment instead; ``after`` as for ``records``; only of records that are ``allowed``."""
        ...

    def earlier_natives(self, platform: str, *, after: int = 0) -> Iterator[list[Kept]]:
        """The states of each record of a platform that changed, oldest first; the last is the current one. Only of those of
        which a later change than ``after`` brought a state."""
        ...

    def brought_by(self, uid: str) -> int:
        """The number of the change that brought the record's current version; 0 where there is no such record."""
        ...

    def came_by(self, uid: str) -> int:
        """The number of the change that first brought the record; 0 where there is no such record."""
        ...

    def state_at(self, uid: str, moment: datetime) -> Record | None:
        """The state of a record that held at ``moment``."""
        ...

    def messages(self, conversation: str) -> Iterator[Record]: ...

    def linking_to(self, uid: str) -> list[tuple[str, Record]]:
        """Records that link to ``uid``, with the type of their link; but for messages, which name their conversation."""
        ...

    def witnesses(self, uid: str) -> list[Record]:
        """Other records than messages that make the same statement."""
        ...

    def original(self, record: Record) -> bytes | None:
        """The whole kept original that the record's current version was read from."""
        ...

    def native(self, record: Record, *, as_of: datetime | None = None) -> bytes | None:
        """The exact source bytes of the record's current version, its original or its member of it; ``as_of``: of the state
        that held at that moment."""
        ...

    def companions(self, record: Record, *, as_of: datetime | None = None) -> Companions | None:
        """All states of records that were read, now or once, from the original of the record's current version, itself among
        them; ``as_of``: from that of the state that held at that moment. None where there is no such original."""
        ...

    def source(self, record: Record) -> SourceOf | None: ...

    def versions(self, uid: str) -> list[Version]: ...

    def open_blob(self, digest: str) -> BinaryIO: ...

    def buried(self, uid: str) -> bool:
        """Whether tombstones forbid a record of this uid."""
        ...

    def buried_by_others(self, uid: str) -> bool:
        """Whether a tombstone that came from elsewhere forbids it."""
        ...

    def tombstones(self, format: str) -> Iterator[bytes]:
        """The tombstones that came in this format, each as it came."""
        ...

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:
        """What tombstones of a format reached without naming it, by later changes than ``after``: the format's word for its
        kind, its id, and how; see packages.Reached."""
        ...

    def carried(self, format: str) -> list[CarriedFile]:
        """The newest carried file of each name, those that came last first."""
        ...

    def open_carried(self, file: CarriedFile) -> BinaryIO:
        """Its bytes. Raises NotFound."""
        ...

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:
        """Audit entries of other stores that came in this format, by later changes than ``after``, in the order of coming."""
        ...

    def editions(self) -> list[Edition]:
        """Every package that was taken, also by imports that were undone, in the order of coming."""
        ...

    def search(self, query: Query, *, allowed: Allowed | None = None) -> Found:
        """What matches; with ``allowed``, as if there were no other records: none is counted, quoted or named."""
        ...

    def postings(self, phrase: Sequence[str], *, prefix: bool) -> list[Posting]:
        """The records whose text holds these words one after another; with ``prefix``, the last may go on."""
        ...

    def frequency(self, word: str, *, prefix: bool) -> int:
        """About how many records hold the word, never fewer."""
        ...

    def talks(self) -> Talks: ...

    def talk_sizes(self, wholes: Sequence[int]) -> dict[int, int]:
        """How many records are part of each of these rows."""
        ...

    def around(self, whole: int, first: int, last: int) -> list[tuple[int, int]]:
        """The parts of a whole from one position to another: position and row, in order."""
        ...

    def by_rows(self, ids: Sequence[int]) -> list[Record | None]:
        """The current records of these rows, in their order; None for one that is not there."""
        ...

    def hand_out(self, handed: Sequence[Handed], *, reader: str, token: str, at: datetime, cost: int) -> int:
        """Remember what was given to whom; the number of the handout. No text is kept."""
        ...

    def handouts(self, uids: Sequence[str]) -> list[Handout]:
        """The contexts that any of these records stood in, oldest first."""
        ...

    def batches(self) -> list[Batch]: ...

    def batch(self, id: int) -> Batch: ...

    def compare(self, batch: int, before: int | None = None) -> list[Change]: ...

    def undo(self, batch: int, *, dry_run: bool = False) -> Summary: ...

    def reach_of(self, asked: Forgetting) -> Closure:
        """What forgetting this comes to; nothing is changed. Raises UsageError, NotFound."""
        ...

    def forget(
        self,
        asked: Forgetting,
        *,
        tombs: Callable[[int, datetime, Sequence[Deceased], Stores], Tombs],
        expected: Closure | None = None,
    ) -> Erased:
        """Forget it, in one transaction; nothing brings it back.

        Args:
            tombs: makes the tombstones of change N, of that time, for these records, with which so much was reached.
            expected: what ``reach_of`` said; where it is no longer so, nothing is done.

        Raises:
            UsageError, NotFound: as ``reach_of``; or nothing in the vault is what was named.
        """
        ...

    def erasures(self) -> list[Erased]:
        """What was ever forgotten, oldest first."""
        ...

    def stats(self) -> Stats: ...

    def count(self) -> int:
        """How many records there are."""
        ...

    def platforms(self) -> frozenset[str]:
        """The platforms that the records came from."""
        ...

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:
        """All entries, oldest first; with ``after``, those behind the last entry of that change."""
        ...

    def last_change(self) -> int:
        """The number of the vault's last change."""
        ...

    def last_entry(self) -> int:
        """The number of the audit log's last entry: it grows with all that changes, keys and revocations too."""
        ...

    def check_audit(self) -> list[Finding]:
        """Where the audit log's chain of hashes breaks. Empty when it is whole."""
        ...

    def record_event(self, operation: str, detail: dict[str, Any], change: int | None = None) -> None:
        """An audit entry for what changes no record: a new passphrase, a new recovery key, what was deleted elsewhere;
        ``change``: the change that it belongs to. No content."""
        ...

    def create_signing_key(self, name: str, algorithm: Algorithm = ALGORITHMS[ED25519]) -> SigningKey:
        """A new key pair. Raises UsageError when the name is taken."""
        ...

    def rotate_signing_key(self, name: str) -> tuple[SigningKey, SigningKey]:
        """Replace a key; (new, retired). Raises NotFound."""
        ...

    def signing_keys(self) -> list[SigningKey]: ...

    def signing_key(self, name: str) -> PrivateKey:
        """The private half. Raises NotFound."""
        ...

    def trust_key(self, public: str, name: str) -> None:
        """Trust a key, given as ``PublicKey.text``. Raises MalformedInput when it is none."""
        ...

    def distrust_key(self, public: str) -> None:
        """Also for a retired key of the owner's own. Raises NotFound."""
        ...

    def trusted_keys(self) -> list[TrustedKey]: ...

    def trust_did(self, did: str, name: str) -> None: ...

    def distrust_did(self, did: str) -> None:
        """Raises NotFound."""
        ...

    def trusted_dids(self) -> list[TrustedDid]: ...

    def seen_export(self, owner: str) -> SeenExport | None:
        """What is remembered of the exports of an owner id."""
        ...

    def note_seen_export(self, owner: str, export: SeenExport) -> None:
        """Remember an export that was verified; the key of an owner's first one stays."""
        ...

    def note_token(self, token: Token, key: str, at: datetime) -> None:
        """Remember a token that was issued, and by which key (``PublicKey.text``)."""
        ...

    def issued_tokens(self) -> list[IssuedToken]:
        """All of them, the revoked and the expired too, oldest first."""
        ...

    def revoke_token(self, id: str, reason: Reason) -> bool:
        """Refuse a token for good, whoever issued it; False when it was revoked before."""
        ...

    def revocations(self) -> list[Revocation]: ...

    def revoked(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids that are revoked."""
        ...

    def keep_redaction(self, id: str, key: Secret | None, counts: dict[str, int]) -> None:
        """Remember what was taken out of an export, by type, and the key of its redaction store, where the vault shall have
        it."""
        ...

    def redaction_keys(self) -> list[RedactionKey]:
        """All of them, oldest first, the destroyed ones too."""
        ...

    def redaction_key(self, id: str) -> Secret:
        """Raises NotFound when there is none, or it was destroyed."""
        ...

    def note_recovery(self, id: str, token: str) -> None:
        """Enter into the audit log that a redaction store was opened; ``token``: by which capability token, "" by the owner."""
        ...

    def shred_redaction_key(self, id: str) -> None:
        """Destroy the key of a redaction store, for good. Raises NotFound."""

    def begin_export(self, export: Exported) -> int:
        """Note that something is about to leave; its number. What was not noted must not leave."""
        ...

    def finish_export(self, id: int, size_bytes: int, digest: bytes) -> None:
        """Note that it has left."""
        ...

    def cancel_export(self, id: int) -> None:
        """Note that nothing of it left."""
        ...

    def exports(self) -> list[Exported]:
        """Everything that left, oldest first."""
        ...

    def held_before(self, change: int) -> list[HeldBy]:
        """What had left with any of the records that a change erased."""
        ...

    def came_from(self, change: int) -> dict[str, int]:
        """How many of the records that a change erased came from each platform."""
        ...

    def exports_holding(self, uids: Iterable[str]) -> list[HeldBy]:
        """What left with any of these records, which must still be in the vault."""
        ...

    def check(self) -> list[Finding]:
        """Damage: pages, references, the audit chain. Empty when all is well."""
        ...

    def close(self) -> None: ...
