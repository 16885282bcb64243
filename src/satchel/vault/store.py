"""What a vault is, whatever keeps it: one interface, for an embedded and a server backend. Its values are in ``values``.

The vault is a log of record versions and kept originals; its tables and indexes can be rebuilt from them. Every change is
one transaction with one entry in the audit log. It knows no format and no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from satchel.model.erasure import Closure, Erased, HeldBack
from satchel.model.findings import Finding
from satchel.model.packages import Carried, CarriedFile, Edition, Heard, Reached
from satchel.model.record import Asset, Original, Record, Tombstone
from satchel.trust.capabilities.tokens import Token
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ALGORITHMS, ED25519, Algorithm, PrivateKey
from satchel.vault.values import (
    Allowed,
    Arrived,
    AuditEntry,
    Batch,
    Change,
    Companions,
    Exported,
    Forgetting,
    Found,
    Handed,
    Handout,
    HeldBy,
    Hold,
    IssuedToken,
    Kept,
    Lacking,
    Near,
    NearDuplicate,
    Outcome,
    Posting,
    Query,
    Reason,
    RedactionKey,
    Resting,
    Revocation,
    SeenExport,
    SigningKey,
    SourceFile,
    SourceOf,
    Stats,
    Summary,
    Talks,
    TombMaker,
    TrustedDid,
    TrustedKey,
    VectorModel,
    Version,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Intake(Protocol):
    """An import under way: one transaction. Leaving its context by an exception undoes all of it."""

    batch: int
    #: See ``Store.owner_id``.
    owner_id: str

    def put(self, original: Original) -> None:
        """Keep a source object and merge its records; ``summary`` tells what came of it.

        Where its bytes are known and ``vouched`` for, what they alone say is ``verified`` from now on, if it was ``imported``.
        """
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

    def signed(self, key: str) -> None:
        """Remember that a package of this import is signed by a key (``PublicKey.text``), trusted or not."""
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

    def watch(self, arrived: Arrived | None, noted: Callable[[Finding], None]) -> None:
        """Tell of every source object what became of it (its uid, the source's word for its kind, its place), and of every
        finding, one by one."""
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

    def postings(self, phrase: Sequence[str], *, prefix: bool, as_of: datetime | None = None) -> list[Posting]:
        """The records whose text holds these words one after another; with ``prefix``, the last may go on; ``as_of``: whose
        text held them in the state of that moment."""
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

    def resting(self, ids: Sequence[int]) -> list[Resting]:
        """What the records of these rows rest on, and what rests on them."""
        ...

    def vector_models(self) -> list[VectorModel]:
        """The models whose vectors there are, the one in use first."""
        ...

    def begin_vectors(self, model: VectorModel) -> None:
        """Make vectors of a model, or go on with it; what was begun of another and not finished is dropped. The model in use
        stays so until ``finish_vectors``."""
        ...

    def lacking_vectors(self, digest: str, *, after: int = 0, most: int = 256) -> Lacking:
        """The first records behind the row ``after`` that were not looked at for this model: at least one where there is any,
        fewer than ``most`` where they are long."""
        ...

    def keep_vectors(self, digest: str, made: Sequence[tuple[int, NDArray[np.float32]]], change: int) -> bool:
        """Keep, of each row, the vectors of its passages, none where it has no text. False, and nothing is kept, where the
        vault changed after ``change``: what they were made of may be gone. Raises UsageError for a model that was not begun."""
        ...

    def finish_vectors(self, digest: str) -> bool:
        """Use this model from now on, and drop all others' vectors; False, and nothing is done, while a record lacks it."""
        ...

    def drop_vectors(self) -> int:
        """Remove all vectors and models; of how many records there were any."""
        ...

    def nearest(self, digest: str, query: NDArray[np.float32], most: int, *, also: Collection[int] = ()) -> list[Near]:
        """The ``most`` records nearest to a vector of this model, best first; then those of the rows ``also`` that have
        vectors, whose cosines may be off by some thousandths. Raises UsageError for a model that there is none of, or a vector
        of another size."""
        ...

    def by_rows(self, ids: Sequence[int]) -> list[Record | None]:
        """The current records of these rows, in their order; None for one that is not there."""
        ...

    def look(self) -> Store:
        """The same records, to choose among: what is looked at there is not handed out yet, which counts where a capability
        token is for so many entries. What is chosen is asked for here."""
        ...

    def is_distrusted(self, uid: str) -> bool:
        """Whether the record is in quarantine: no recall gives it (``distrust``)."""
        ...

    def reach_of_distrust(self, asked: Forgetting) -> Closure:
        """What a quarantine of it comes to; nothing is changed. Raises UsageError, NotFound."""
        ...

    def distrust(self, asked: Forgetting, *, expected: Closure | None = None) -> Hold:
        """Quarantine a source, in one transaction: no recall gives what was named, nor what derives from it alone, nor what it
        brings later. Keys that were named are trusted no more. ``expected`` as for ``forget``. Raises UsageError, NotFound."""
        ...

    def lift(self, id: int) -> Hold:
        """Lift a quarantine; its keys stay as they are. Raises NotFound, UsageError."""
        ...

    def holds(self) -> list[Hold]:
        """All of them, the lifted ones too, oldest first."""
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

    def reach_of(self, asked: Forgetting, progress: Callable[[int], None] = ...) -> Closure:
        """What forgetting this comes to; nothing is changed. ``progress`` is told of records that would go, as they are looked
        at. Raises UsageError, NotFound."""
        ...

    def near_duplicates(
        self, uids: Iterable[str], without: Collection[str] = (), progress: Callable[[int], None] = ...
    ) -> list[NearDuplicate]:
        """The records that say nearly the same as these, by the words that they share, the nearest first; none of ``without``.
        For somebody to look at: nothing follows from it."""
        ...

    def forget(
        self,
        asked: Forgetting,
        *,
        tombs: TombMaker,
        expected: Closure | None = None,
        at_once: bool = False,
        progress: Callable[[int], None] = ...,
    ) -> Erased:
        """Forget it, in one transaction. Nothing brings it back; where the owner set an undo window, ``undo`` does until that
        ends, for until then it is kept, sealed, and seen by nothing.

        Args:
            at_once: without a window. What is held of earlier ones is purged as well.
            progress: is told of each record that goes, three times: looked at, remembered, erased.
            tombs: makes the tombstones; see ``values.TombMaker``.
            expected: what ``reach_of`` said; where it is no longer so, nothing is done.

        Raises:
            UsageError, NotFound: as ``reach_of``; or nothing in the vault is what was named.
        """
        ...

    def undo_window(self) -> timedelta:
        """For how long what is forgotten is kept, sealed, so that it can be undone; nothing where the owner set none."""
        ...

    def set_undo_window(self, window: timedelta) -> None:
        """Set it, for what is forgotten from now on."""
        ...

    def held_back(self) -> list[HeldBack]:
        """What can be undone, oldest first: its content is still there."""
        ...

    def purge(self) -> list[int]:
        """Destroy all that is sealed, for good; the changes that can be undone no more."""
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

    def distrust_key(self, public: str, *, dry_run: bool = False) -> dict[str, int]:
        """Also for a retired key of the owner's own. What it verified, and no other key that is trusted, is ``imported`` from
        now on; how many records of each kind, all in one transaction. Raises NotFound."""
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
