"""The values that a vault speaks in: what questions and changes are made of, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from satchel.errors import Place
from satchel.model.erasure import HeldBack, How, Mode, Request, Stores
from satchel.model.findings import Finding
from satchel.model.record import Record, Tombstone
from satchel.trust.capabilities.scopes import Scope
from satchel.trust.capabilities.tokens import Permission, Profile
from satchel.trust.signatures import ED25519

#: What an import did with a record. ``older`` was kept as an earlier version: the vault holds a newer one. ``erased`` was not
#: taken: a tombstone forbids it.
Outcome = Literal["new", "updated", "unchanged", "older", "erased"]
OUTCOMES: tuple[Outcome, ...] = ("new", "updated", "unchanged", "older", "erased")
#: See ``Intake.watch``: the uid, the kind and the place of a source object, and what became of it.
Arrived = Callable[[str, str, Place, Outcome], None]
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
    """A change of the vault: an import, an undo, something forgotten. ``undone_by`` is the batch that took it back.
    ``undo_until``: up to then what was forgotten is kept, sealed, and can be undone."""

    id: int
    kind: Literal["create", "import", "undo", "forget"]
    at: datetime
    label: str
    platforms: tuple[str, ...]
    summary: Summary
    undone_by: int | None = None
    undoes: int | None = None
    undo_until: datetime | None = None


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


class Near(NamedTuple):
    """A record near a vector: its row, the cosine of both (-1 to 1), and where it stands, as in ``Posting``."""

    row: int
    cosine: float
    whole: int | None
    position: int | None


class Resting(NamedTuple):
    """A record that rests on another, or on which it rests (``derived_from``, ``evidence``): the row that was asked for, the
    other's row, and where that stands, as in ``Posting``."""

    row: int
    other: int
    whole: int | None
    position: int | None


class VectorModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model whose vectors the vault holds.

    ``digest`` names it: SHA-256, hexadecimal, of all that decides its vectors. ``place`` is what whoever made them needs to
    find it again; the vault does not read it. ``in_use``: questions are compared with its vectors; else they are being made.
    ``records`` is how many were looked at: of each that has a text, there are vectors.
    """

    digest: str
    name: str
    dimensions: int
    place: str
    in_use: bool = False
    records: int = 0


class Lacking(NamedTuple):
    """Records without vectors of a model, with their rows; and the vault's last change when they were read."""

    records: list[tuple[int, Record]]
    change: int


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
    #: Accounts at their platforms.
    accounts: tuple[str, ...] = ()
    #: What came in packages that these public keys signed (``PublicKey.text``).
    signers: tuple[str, ...] = ()
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


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A source in quarantine: how it was named, how many records it came to, and when it was lifted."""

    id: int
    at: datetime
    request: Request
    records: int
    lifted: datetime | None = None
    #: Whether what the source brings later is held as it comes.
    standing: bool = False


class Deceased(NamedTuple):
    """A record that is erased, for whoever writes its tombstone: how it was reached, and the words of its source for it.
    ``record``, and ``whole``, which it is part of and which goes too, are there before they go; None afterwards."""

    uid: str
    kind: str
    how: How
    through: str
    op: Literal["delete", "redact"]
    format: str
    source_kind: str
    id: str
    record: Record | None = None
    whole: Record | None = None


class NearDuplicate(msgspec.Struct, frozen=True):
    """A record that says nearly the same as ``of``, and how much they share, from 0 to 1."""

    uid: str
    kind: str
    platform: str
    of: str
    share: float


class Tombs(NamedTuple):
    """Tombstones of the vault's own, each with the uid of the record that it is for, and the public key that signed them."""

    tombstones: Iterable[tuple[str, Tombstone]]
    signed_by: str


#: Makes the tombstones of change N, of a time: it is given the records while they are there, each once, and what it hands back
#: is told what was reached when they are gone.
TombMaker = Callable[[int, datetime, Iterable[Deceased]], Callable[[Stores], Tombs]]


class AuditEntry(msgspec.Struct, frozen=True):
    """An entry of the audit log: what was done, when, counts, and the hash that chains it. No content."""

    id: int
    at: datetime
    operation: str
    batch: int | None
    detail: dict[str, Any]
    hash: str


class Kept(NamedTuple):
    """A record by its bytes: our kind and the source's word for it, the bytes, their place in the file, the canonical JSON that
    they are known to be ("": none), and its uid."""

    kind: str
    source_kind: str
    native: bytes
    element: int
    dialect: str
    uid: str = ""


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
    #: Models that made vectors of records, the one in use first; see ``records`` of each.
    vectors: tuple[VectorModel, ...] = ()
    #: Erasures that can be undone: their content is still there.
    held_back: tuple[HeldBack, ...] = ()


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
