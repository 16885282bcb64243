"""Forgetting, as values: what was asked for, what it reaches, what was done. None of them holds content.

A ``Closure`` is what a request comes to before anything is changed; an ``Erased`` is what the vault says of it afterwards, and
what a receipt is made of. Uids are hashes (model.ids); words that somebody searched for are not kept, only that they did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Mode = Literal["delete", "redact"]
#: How records were picked: by their ids, by words, by platform, by import, by the file they came in, by time, by scope, by
#: kind, by tag, as everything about a person or thing.
By = Literal["id", "search", "platform", "import", "file", "time", "scope", "kind", "tag", "entity"]

#: How the closure reaches a record. Of these the record goes (is redacted, where that was asked and it was named):
#:   named      it was asked for
#:   derived    it cannot be without one that goes: a message of a conversation, a chunk of a document
#:   unfounded  it was drawn from those that go, and from nothing else
#:   orphan     nothing else speaks of it: an entity that only such relations joined, a file that only such messages show
#: and of these it stays:
#:   witness    it says the same, or was drawn from others too, and loses one that it rested on
#:   quotes     its text or its kept bytes quote one that goes; ``scrubbed`` says whether the quotation is taken out
#:   touched    it names one that goes: a link, an answer, a place in a kept original
How = Literal["named", "derived", "unfounded", "orphan", "witness", "quotes", "touched"]
GOING: frozenset[How] = frozenset({"named", "derived", "unfounded", "orphan"})


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it was asked, without the words of it.

    ``uids``: records that were named by id. ``batches``: numbers of imports. ``scope``: the uid of a scope record.
    """

    by: tuple[By, ...] = ()
    mode: Mode = "delete"
    uids: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    scope: str = ""
    #: Also records of other sources that say the same as what was picked.
    with_witnesses: bool = False
    quotations: Literal["flag", "scrub"] = "flag"


class ReachedRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that a request reaches. ``through``: the uid of the record by which it is reached, "" where it was named."""

    uid: str
    kind: str
    how: How
    platform: str = ""
    through: str = ""
    #: Of one that stays and quotes: whether the quotation is taken out.
    scrubbed: bool = False

    @property
    def goes(self) -> bool:
        """Whether the record itself is erased."""
        return self.how in GOING


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """What a request comes to: every record that it reaches, in the order of finding, each once.

    ``going`` and ``staying`` count them: how → kind → how many.
    """

    request: Request
    records: tuple[ReachedRecord, ...]
    going: dict[str, dict[str, int]] = {}
    staying: dict[str, dict[str, int]] = {}

    def counts(self) -> dict[str, int]:
        """How many records go, by kind."""
        found: dict[str, int] = {}
        for kinds in self.going.values():
            for kind, count in kinds.items():
                found[kind] = found.get(kind, 0) + count
        return dict(sorted(found.items()))


class Stores(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was reached in each part of the vault, as counts."""

    records: int = 0
    #: Earlier states of records.
    versions: int = 0
    #: Kept originals that left whole; that were written anew without what was erased; of which nothing could be told apart, so
    #: that all of their bytes went while a record of theirs stays.
    originals_dropped: int = 0
    originals_rewritten: int = 0
    originals_emptied: int = 0
    #: Entries of the full-text index.
    index_entries: int = 0
    #: Records of which there were vectors.
    vectors: int = 0
    links: int = 0
    tags: int = 0
    #: Files, by content; their bytes in all.
    blobs: int = 0
    blob_bytes: int = 0
    #: Files of vectors and the like that came with packages.
    carried: int = 0
    #: Entries of other stores' audit logs that say no more than their ids now.
    heard: int = 0
    #: Labels and findings of imports, names of files.
    notes: int = 0
    #: Records that stay and lost one that they rested on.
    witnesses: int = 0
    #: Quotations in records that stay: taken out; told and left.
    quotations_scrubbed: int = 0
    quotations_flagged: int = 0


class HeldBack(msgspec.Struct, frozen=True):
    """What an erasure keeps, sealed, until its undo window ends: the number of the change, how many records went, and how
    many bytes are held. Until then the content is still there."""

    change: int
    until: datetime
    records: int
    size_bytes: int


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. ``change`` is its number in ``satchel log``.

    ``counts``: records that were erased, by kind. ``uids``: theirs. ``tombstones``: ids of the tombstones that were made, as
    they leave with exports. ``signed_by``: the public key that signed them. ``log_cleared``: whether the write-ahead log was
    folded in and cut; False while another process reads the vault: it happens when that one ends (and in what the vault
    keeps of it, which is written before). ``undo_until``: the end of the undo window, up to which the content is kept, sealed;
    None where there is none, and it is gone.
    """

    change: int
    at: datetime
    mode: Mode
    request: Request
    counts: dict[str, int]
    stores: Stores
    uids: tuple[str, ...] = ()
    tombstones: tuple[str, ...] = ()
    signed_by: str = ""
    log_cleared: bool = False
    undo_until: datetime | None = None
