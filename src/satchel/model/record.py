"""The Record: one witness, a header and a typed body, immutable.

Nothing is verified from these typed fields and nothing is written home from them when nothing was edited: the exact bytes of
the source value are the truth for their origin. ``native`` says where those bytes are: which kept original, and which member
inside it (an empty pointer: the whole of it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Literal

import msgspec

from satchel.errors import Place
from satchel.model.bodies import BODIES, AnyBody
from satchel.model.findings import Finding
from satchel.model.packages import Carried, Edition, Heard, Reached, Signed

#: Among a record's touched fields: all that it said was erased, and its skeleton stays.
REDACTED = "redacted"

Status = Literal["active", "superseded", "deprecated", "retracted", "archived"]
#: From what may be relied on to what may not; no path raises it, only a person does.
Trust = Literal["own", "reviewed", "verified", "imported", "untrusted"]
LinkType = Literal["derived_from", "evidence", "supports", "contradicts", "extends", "supersedes", "part_of", "related_to"]
Method = Literal["", "llm_inference", "explicit_user_input", "api_export", "browser_extraction", "manual"]


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class Times(_Frozen, frozen=True, gc=False):
    """What was true when, and when it was known. A missing time stays missing."""

    created: datetime | None = None
    updated: datetime | None = None
    observed: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    #: When this vault first took the record in; set by the vault.
    recorded: datetime | None = None


class Link(msgspec.Struct, frozen=True, gc=False):
    """A typed link to another record's uid."""

    type: LinkType
    to: str


class Provenance(_Frozen, frozen=True, gc=False):
    """Whence it came. ``conversation`` and ``message`` are uids of the records it was drawn from."""

    platform: str = ""
    account: str = ""
    conversation: str = ""
    message: str = ""
    method: Method = ""
    extractor: str = ""
    actor: str = ""


class Grant(_Frozen, frozen=True, gc=False):
    entity: str
    permissions: tuple[Literal["read", "write", "delete"], ...]


class Access(_Frozen, frozen=True, gc=False):
    visibility: Literal["private", "shared", "public"] = "private"
    exportable: bool = True
    grants: tuple[Grant, ...] = ()
    sensitivity: Literal["", "low", "normal", "high"] = ""


class Origin(_Frozen, frozen=True, gc=False):
    """Which format said it, and under what name. ``kind`` is the format's own word (``chatgpt.message``); ``space`` is whose id
    ``id`` is, where the format says that ids are somebody's (the owner of a memory store)."""

    format: str
    version: str = ""
    dialect: str = ""
    space: str = ""
    id: str = ""
    kind: str = ""


class Native(_Frozen, frozen=True, gc=False):
    """The exact source bytes: the kept original ``digest`` and a JSON pointer (RFC 6901) inside it."""

    digest: str = ""
    pointer: str = ""


class Record(_Frozen, frozen=True, gc=False):
    """See the module docstring. ``uid`` is 40 hexadecimal digits (satchel.model.ids)."""

    uid: str
    body: AnyBody
    origin: Origin
    times: Times = Times()
    status: Status = "active"
    trust: Trust = "imported"
    links: tuple[Link, ...] = ()
    provenance: Provenance = Provenance()
    access: Access = Access()
    tags: tuple[str, ...] = ()
    language: str = ""
    #: Uid of the scope record it belongs to.
    scope: str = ""
    native: Native = Native()
    #: Names of fields that were edited since import.
    touched: tuple[str, ...] = ()
    #: What other formats asked us to carry, by format.
    residue: dict[str, Any] = {}

    @property
    def kind(self) -> str:
        """The record's kind, one of ``bodies.KINDS``."""
        return _KINDS[type(self.body)]

    def linked(self, type: LinkType) -> str:
        """The uid that the first link of this type names, or ""."""
        for link in self.links:
            if link.type == type:
                return link.to
        return ""


_KINDS: dict[type, str] = {body: kind for kind, body in BODIES.items()}


class Reading(msgspec.Struct, frozen=True):
    """What a reader made of one source object: its records, and what it could not read of it."""

    records: tuple[Record, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: Of ``Original.read_whole``: what ``Adapter.unmapped`` says of each of the records, by uid; nothing of those not here.
    besides: dict[str, Mapping[str, Any]] | None = None


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """One source object at the door: a conversation, a project, a memories file. Its bytes are kept exactly.

    ``read`` is called at most once, and only when the vault does not hold these very bytes yet, read by this ``reader``, or
    when they are ``vouched`` for.
    Records name members inside it by ``Native(pointer=…)``; the vault fills in the digest.

    ``small`` marks one of many objects that are a record each, of the object's own uid: they are merged and kept by the
    hundred, and what comes of one is known a little later. ``dialect`` is the canonical JSON (codec.canonical) that the bytes
    are known to be, or "".
    """

    #: Identity of the source object over time: the uid of its head record.
    uid: str
    #: The format's own word for it, such as ``chatgpt.conversation``.
    kind: str
    native: bytes
    place: Place
    #: Adapter name and version that reads it, such as ``chatgpt/1``.
    reader: str
    #: The source's own time of last change: an older one never replaces a newer one.
    updated: datetime | None
    read: Callable[[], Reading]
    #: As ``read``, with ``Reading.besides`` where it was parsed as a whole: for who asks for all that it says.
    read_whole: Callable[[], Reading] | None = None
    small: bool = False
    dialect: str = ""
    #: The strings of its value, where they may say more than its record does.
    strings: Callable[[], list[str]] | None = None
    #: The key (``PublicKey.text``) that the owner trusts and that signed it, or "": what came of these very bytes before may be
    #: more trusted then, and falls when the key does.
    vouched: str = ""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with the export: streamed into the vault as a blob, described by a document record."""

    record: Record
    place: Place
    size_bytes: int | None
    open: Callable[[], BinaryIO]


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """A deletion that somebody else made: it cannot be unseen, and what it names may not come, or come back.

    ``targets`` are uids: first the record, on which ``op`` is done, then what its maker says was derived from it, all of which
    goes. Only records whose kept bytes are theirs alone may be named. ``native`` is the tombstone as it came.
    """

    targets: tuple[str, ...]
    #: A uid that stands for every id which only looks like the target's: nothing is forbidden by it, but it can be asked for.
    alike: str = ""
    op: Literal["delete", "redact"]
    format: str
    native: bytes
    place: Place
    #: For the audit log: the format's word for the target's kind, its id, who deleted it and when.
    kind: str = ""
    id: str = ""
    #: Its own id.
    name: str = ""
    #: The format's words for the kinds of rows in which a quotation of the target is taken out.
    scrubs: tuple[str, ...] = ()
    actor: str = ""
    at: datetime | None = None
    #: The format's words for the kinds of everything in ``targets``.
    kinds: tuple[str, ...] = ()
    #: Whether kept bytes of the target say nothing any more, so that they may stay when it is redacted; None: nobody can tell.
    is_silent: Callable[[bytes], bool] | None = None
    #: Uids of rows that its own package carries as they are now: such are not reached through what they once rested on.
    spared: frozenset[str] = frozenset()
    #: Uids of records of other sources, of which a vault of the owner's says that they were erased: the target's first.
    beyond: tuple[str, ...] = ()


#: What a reader yields: tombstones before all else, the rest in any order.
Item = Original | Asset | Finding | Tombstone | Carried | Heard | Edition | Reached | Signed
