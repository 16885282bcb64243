"""The one place where the vault keeps to a capability token: a Store that shows what the token is about, and nothing else.

Every door (the library, the command line, a server) opens it with ``view`` and works on it as on any store.

- A record out of scope is as if it were not there: not counted, found, quoted, named or linked; its uid leads nowhere, and the
  bytes of an original leave only where no record out of scope lies in them.
- It fails closed: what has no rule here raises AccessDenied, what will be added to Store too. Nothing is ever written,
  but for the owner's log: what was recovered from a redaction, and what was exported.
- A token is asked again when anything in the vault changed, a revocation or a key that is trusted no more, and its expiry at
  each call.
- A record's scope is told by its current version; a state of the past is shown where it was in scope itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from satchel.errors import AccessDenied, NotFound
from satchel.model.bodies import Document
from satchel.model.packages import CarriedFile, Edition
from satchel.model.record import Record
from satchel.model.times import EPOCH
from satchel.trust.capabilities.tokens import Permission, Presented, Token
from satchel.trust.capabilities.validation import Checks, Refusal, lacks, refusal
from satchel.trust.public_keys import PublicKey, read_typed_key
from satchel.trust.secrets import Secret
from satchel.vault.sight import Sight, Sights, is_uid
from satchel.vault.store import Store
from satchel.vault.values import (
    AuditEntry,
    Exported,
    Found,
    Hit,
    Kept,
    Near,
    Posting,
    Query,
    Resting,
    SourceOf,
    Talks,
    VectorModel,
    Version,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: What no token opens, whatever it permits: writing, for which no door has rules yet; keys, trust and grants; the log and what
#: else speaks of the vault as a whole. What is in neither this list nor a method is refused all the same.
REFUSED = frozenset(
    {
        "batch",
        "batches",
        "begin_vectors",
        "check",
        "check_audit",
        "came_from",
        "companions",
        "compare",
        "create_signing_key",
        "distrust",
        "distrust_did",
        "distrust_key",
        "drop_vectors",
        "erasures",
        "held_back",
        "near_duplicates",
        "purge",
        "set_undo_window",
        "undo_window",
        "exports",
        "exports_holding",
        "finish_vectors",
        "forget",
        "hand_out",
        "handouts",
        "held_before",
        "holds",
        "importing",
        "issued_tokens",
        "keep_vectors",
        "lacking_vectors",
        "lift",
        "note_seen_export",
        "note_token",
        "reach_of",
        "reach_of_distrust",
        "record_event",
        "redaction_keys",
        "revocations",
        "revoke_token",
        "revoked",
        "rotate_signing_key",
        "seen_export",
        "signing_key",
        "shred_redaction_key",
        "signing_keys",
        "stats",
        "trust_did",
        "trust_key",
        "trusted_dids",
        "trusted_keys",
        "undo",
    }
)
Clock = Callable[[], datetime]


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def own_issuer(store: Store) -> str:
    """The name that this vault issues tokens under; it says nothing about the person."""
    return f"operator:{store.owner_id}"


def issuer_keys(store: Store, issuer: str) -> Sequence[PublicKey]:
    """The keys that may sign in an issuer's name: for the vault's own name its signing keys, retired ones too; for another the
    trusted keys that were given exactly that name."""
    texts = [key.public for key in store.signing_keys()] if issuer == own_issuer(store) else []
    texts += [key.public for key in store.trusted_keys() if key.name == issuer]
    return [read_typed_key(text) for text in texts]


def view(
    store: Store,
    presented: Presented | Sequence[Presented],
    permission: Permission,
    *,
    caller: str,
    clock: Clock = now,
    skew_s: int = 0,
    redacts: bool = False,
) -> Store:
    """The store as a token shows it to ``caller``, for one kind of operation.

    Several tokens show what any of them shows that permits the operation (dossier Portable Agent Memory 5.6). Each must hold by
    itself: one that does not closes the view, for whoever presents it takes it to hold. What each forbids it forbids to all:
    a token that requires redaction does so of everything, and one for so many entries is presented alone.

    Args:
        presented: a token with its parents, or several.
        permission: what the door does with what it reads: ``read``, ``export`` or ``rehydrate``; or ``redact``, to recover what
            was redacted.
        caller: who asks, as the door knows them, such as ``agent:analysis-bot``; "" for nobody that is known.
        skew_s: by how many seconds clocks may differ.
        redacts: the door takes all personal data out of what it hands on, and nobody can undo that.

    Raises:
        AccessDenied: the token does not hold, or does not permit it.
    """
    several = (presented,) if isinstance(presented, Presented) else tuple(presented)
    if not several:
        raise AccessDenied("PAM_FORBIDDEN: no token was presented")
    return cast(Store, _View(store, several, permission, caller, clock, skew_s, redacts))


class _View:
    """See the module docstring and ``view``. Its methods are Store's."""

    def __init__(
        self,
        store: Store,
        presented: Sequence[Presented],
        permission: Permission,
        caller: str,
        clock: Clock,
        skew_s: int,
        redacts: bool,
        *,
        counts: bool = True,
    ) -> None:
        self._store = store
        self._presented = presented
        self._permission: Permission = permission
        self._caller = caller
        self._clock = clock
        self._skew_s = skew_s
        # One that does not permit this operation shows nothing for it.
        granting = [each for each in presented if permission in each.token.permissions] or list(presented[:1])
        self._sight = Sight(store, granting[0], counts=counts) if len(granting) == 1 else Sights(store, granting)
        self._redacts = redacts
        #: Which rows are seen, between two changes of the vault.
        self._rows: dict[int, bool] = {}
        #: Numbers of exports that were begun.
        self._leaving: set[int] = set()
        self._blobs: frozenset[str] | None = None
        self._entry = 0
        self._ask()

    @property
    def _chain(self) -> Sequence[Token]:
        return [token for each in self._presented for token in (each.token, *each.parents)]

    def __getattr__(self, name: str) -> Any:
        # Only asked for what is not defined: the default is no.
        if name.startswith("_"):
            raise AttributeError(name)
        raise AccessDenied(f"PAM_FORBIDDEN: a capability token does not open {name}", hint="the owner does it without a token")

    # Whether, still

    def _ask(self) -> None:
        """Look whether the token holds, all of it where the vault changed, else its expiry alone. Raises AccessDenied."""
        store, entry = self._store, self._store.last_entry()
        ends = [each.token.expires_at for each in self._presented]
        if entry == self._entry and all(end is not None and self._clock() <= end for end in ends):
            return
        self._sight.forget()
        self._blobs = None
        self._rows = {}
        checks = Checks(
            issuers=lambda issuer: issuer_keys(store, issuer),
            caller=self._caller,
            now=self._clock(),
            revoked=store.revoked,
            skew_s=self._skew_s,
            lookup=self._sight.item_of_id,
        )
        faults = (refusal(each, checks) for each in self._presented)
        fault = next((fault for fault in faults if fault), None) or self._lacks() or self._unkept()
        if fault is not None:
            hint = "say who asks: --caller agent:NAME" if fault.code == "PAM_AUDIENCE_MISMATCH" and not self._caller else ""
            raise AccessDenied(f"{fault.code}: {fault.text}", refusal=fault.code, detail=fault.detail, hint=hint)
        self._entry = entry

    def _lacks(self) -> Refusal | None:
        missing = [lacks(each.token, self._permission) for each in self._presented]
        return missing[0] if all(missing) else None

    def _unkept(self) -> Refusal | None:
        """A condition that this view could not keep to."""
        if len(self._presented) > 1 and any(each.binding.max_entries is not None for each in self._chain):
            text = "a token for so many entries is presented alone: among others nobody could tell whose entries they are"
            return Refusal("PAM_FORBIDDEN", 403, text, "UNKNOWN_BINDING")
        if not self._redacts and any(each.binding.require_redaction for each in self._chain):
            text = "the token requires redaction: of everything, and for good"
            return Refusal("PAM_FORBIDDEN", 403, text, "UNKNOWN_BINDING")
        return None

    # Store's methods

    def redaction_key(self, id: str) -> Secret:
        """For ``redact`` alone, and for a token about everything: a redaction store holds all that an export left out. Whether
        it is this store that the token is for, recovery tells."""
        self._ask()
        if self._permission != "redact":
            raise AccessDenied("PAM_FORBIDDEN: a token opens a redaction store for redact alone")
        if not self._sight.is_whole:
            raise AccessDenied(
                "PAM_FORBIDDEN: the token is about a part of the vault, a redaction store about all of an export"
            )
        return self._store.redaction_key(id)

    def note_recovery(self, id: str, token: str) -> None:
        """Written for the owner's sake: that a redaction store was opened. For ``redact`` alone."""
        self._ask()
        if self._permission != "redact":
            raise AccessDenied("PAM_FORBIDDEN: a token opens a redaction store for redact alone")
        self._store.note_recovery(id, token)

    def keep_redaction(self, id: str, key: Secret | None, counts: dict[str, int]) -> None:  # noqa: ARG002
        """Nothing is written, so no key is kept."""
        self._ask()
        if key is not None:
            raise AccessDenied("a view keeps no keys")

    def begin_export(self, export: Exported) -> int:
        """Written for the owner's sake: what leaves through a token has left the vault. Of which records, nobody is told here,
        so it may have held any of them. For ``export`` alone."""
        self._ask()
        if self._permission != "export":
            raise AccessDenied("PAM_FORBIDDEN: the token does not permit to export")
        number = self._store.begin_export(msgspec.structs.replace(export, after=0, change=self._store.last_change(), part=True))
        self._leaving.add(number)
        return number

    def finish_export(self, id: int, size_bytes: int, digest: bytes) -> None:
        """Of one that was begun here."""
        self._leave(id)
        self._store.finish_export(id, size_bytes, digest)

    def cancel_export(self, id: int) -> None:
        """Of one that was begun here."""
        self._leave(id)
        self._store.cancel_export(id)

    def _leave(self, id: int) -> None:
        if id not in self._leaving:
            raise AccessDenied("PAM_FORBIDDEN: no export of this number was begun with the token")
        self._leaving.remove(id)

    @property
    def owner_id(self) -> str:
        self._ask()
        return self._store.owner_id

    def changed_at(self) -> datetime:
        """When the newest record of the view was taken in: what changed elsewhere does not show."""
        self._ask()
        if self._sight.is_whole:
            return self._store.changed_at()
        times = (record.times.recorded for record in self._store.records() if self._sight.could_take(record))
        return max((time for time in times if time is not None), default=EPOCH)

    def last_change(self) -> int:
        """0: a view is no state of the vault that anything could go on from."""
        self._ask()
        return 0

    def last_entry(self) -> int:
        """0: how often the vault changed is nothing of the view."""
        self._ask()
        return 0

    def get(self, uid: str) -> Record | None:
        self._ask()
        record = self._sight.get(uid)
        return self._sight.shown(record) if record is not None and self._sight.takes(record) else None

    def resolve(self, prefix: str) -> str:
        self._ask()
        return self._store.resolve(prefix, allowed=self._sight.could_take)

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        self._ask()
        for record in self._store.records(*kinds, not_from=not_from, after=after):
            if self._sight.takes(record):
                yield self._sight.shown(record)

    def messages(self, conversation: str) -> Iterator[Record]:
        self._ask()
        if self._sight.knows(conversation):
            for record in self._store.messages(conversation):
                if self._sight.takes(record):
                    yield self._sight.shown(record)

    def linking_to(self, uid: str) -> list[tuple[str, Record]]:
        self._ask()
        if not self._sight.knows(uid):
            return []
        return [(type, self._sight.shown(record)) for type, record in self._store.linking_to(uid) if self._sight.takes(record)]

    def witnesses(self, uid: str) -> list[Record]:
        self._ask()
        if not self._sight.knows(uid):
            return []
        return [self._sight.shown(record) for record in self._store.witnesses(uid) if self._sight.takes(record)]

    def state_at(self, uid: str, moment: datetime) -> Record | None:
        self._ask()
        current = self._sight.get(uid)
        if current is None or not self._sight.takes(current):
            return None
        state = self._store.state_at(uid, moment)
        return self._sight.shown(state) if state is not None and self._sight.is_in_scope(state) else None

    def versions(self, uid: str) -> list[Version]:
        self._ask()
        current = self._sight.get(uid)
        if current is None or not self._sight.takes(current):
            return []
        seen = [version for version in self._store.versions(uid) if self._sight.is_in_scope(version.record)]
        # Numbered anew: a gap would tell of a version that is not shown.
        return [Version(at, version.batch, self._sight.shown(version.record)) for at, version in enumerate(seen, 1)]

    def native(self, record: Record, *, as_of: datetime | None = None) -> bytes | None:
        """The record's own bytes, where no other's are among them."""
        self._ask()
        current = self._sight.get(record.uid)
        if current is None or not self._sight.takes(current):
            return None
        held = current if as_of is None else self._store.state_at(current.uid, as_of)
        if held is None or not self._sight.is_in_scope(held) or not self._sight.opens(held, as_of):
            return None
        return self._store.native(held, as_of=as_of)

    def original(self, record: Record) -> bytes | None:
        self._ask()
        current = self._sight.get(record.uid)
        if current is None or not self._sight.takes(current) or not self._sight.opens(current, whole=True):
            return None
        return self._store.original(current)

    def source(self, record: Record) -> SourceOf | None:
        self._ask()
        current = self._sight.get(record.uid)
        return self._store.source(current) if current is not None and self._sight.takes(current) else None

    def brought_by(self, uid: str) -> int:
        self._ask()
        return self._store.brought_by(uid) if self._sight.knows(uid) else 0

    def came_by(self, uid: str) -> int:
        self._ask()
        return self._store.came_by(uid) if self._sight.knows(uid) else 0

    def natives(self, platform: str, *, after: int = 0, as_of: datetime | None = None) -> Iterator[Kept]:
        self._ask()

        def allowed(record: Record) -> bool:
            if not self._sight.takes(record):
                return False
            held = record if as_of is None else self._store.state_at(record.uid, as_of)
            return held is not None and self._sight.is_in_scope(held) and self._sight.opens(held, as_of, whole=True)

        return self._store.natives(platform, after=after, as_of=as_of, allowed=allowed)

    def earlier_natives(self, platform: str, *, after: int = 0) -> Iterator[list[Kept]]:  # noqa: ARG002
        """None: what leaves through a token is the present, or one moment of the past."""
        self._ask()
        return iter(())

    def open_blob(self, digest: str) -> BinaryIO:
        self._ask()
        if self._blobs is None or self._sight.most is not None:
            documents = self._store.records("document")
            seen = self._sight.is_seen if self._sight.most is not None else self._sight.is_in_scope
            self._blobs = frozenset(
                document.body.blob
                for document in documents
                if isinstance(document.body, Document) and document.body.blob and seen(document)
            )
        if digest not in self._blobs:
            raise NotFound("there is no file with this digest")
        return self._store.open_blob(digest)

    def search(self, query: Query) -> Found:
        """As Store's, without scores: they are worked out of all that is in the index."""
        self._ask()
        if self._sight.is_whole:
            return self._store.search(query)
        if self._sight.most is not None:
            left = max(0, self._sight.most - query.offset)
            query = msgspec.structs.replace(query, limit=min(query.limit, left))
        found = self._store.search(query, allowed=self._sight.could_take)
        hits: list[Hit] = []
        for hit in found.hits:
            if self._sight.takes(hit.record):
                alike = [uid for uid in hit.witnesses[1:] if self._is_handed_out(uid)]
                shown = self._sight.shown(hit.record)
                hits.append(msgspec.structs.replace(hit, record=shown, score=0.0, witnesses=(shown.uid, *alike)))
        total = found.total if self._sight.most is None else min(found.total, self._sight.most)
        return Found(tuple(hits), total)

    def look(self) -> Store:
        """As Store's: of a token for so many entries, all that it could hand out. Nothing of it may leave but by way of this
        view, which counts."""
        self._ask()
        if self._sight.most is None:
            return cast(Store, self)
        looking = _View(
            self._store,
            self._presented,
            self._permission,
            self._caller,
            self._clock,
            self._skew_s,
            self._redacts,
            counts=False,
        )
        return cast(Store, looking)

    def is_distrusted(self, uid: str) -> bool:
        """Also of what is not in the view: it is kept out either way."""
        self._ask()
        return not self._sight.knows(uid) or self._store.is_distrusted(uid)

    def postings(self, phrase: Sequence[str], *, prefix: bool, as_of: datetime | None = None) -> list[Posting]:
        """As Store's, without scores, as in ``search``."""
        self._ask()
        found = self._store.postings(phrase, prefix=prefix, as_of=as_of)
        if self._sight.is_whole:
            return found
        return [
            Posting(row, 1.0, whole, position) if whole is not None and self._sees_row(whole) else Posting(row, 1.0, None, None)
            for row, _, whole, position in found
            if self._sees_row(row) and (as_of is None or self._saw_row(row, as_of))
        ]

    def frequency(self, word: str, *, prefix: bool) -> int:
        self._ask()
        return (
            self._store.frequency(word, prefix=prefix) if self._sight.is_whole else len(self.postings((word,), prefix=prefix))
        )

    def talks(self) -> Talks:
        """None of a part: how long talks are is told of all that is in them."""
        self._ask()
        return self._store.talks() if self._sight.is_whole else Talks(0, 0)

    def talk_sizes(self, wholes: Sequence[int]) -> dict[int, int]:
        self._ask()
        return self._store.talk_sizes(wholes) if self._sight.is_whole else {}

    def around(self, whole: int, first: int, last: int) -> list[tuple[int, int]]:
        self._ask()
        found = self._store.around(whole, first, last)
        if self._sight.is_whole:
            return found
        return [(at, row) for at, row in found if self._sees_row(row)] if self._sees_row(whole) else []

    def vector_models(self) -> list[VectorModel]:
        """The one in use, without where it lies and how much there is of it."""
        self._ask()
        return [
            msgspec.structs.replace(model, place=model.place if self._sight.is_whole else "", records=0)
            for model in self._store.vector_models()
            if model.in_use
        ]

    def nearest(self, digest: str, query: NDArray[np.float32], most: int, *, also: Collection[int] = ()) -> list[Near]:
        """As Store's. A cosine tells of its record alone; what is out of sight takes no place of what is in it."""
        self._ask()
        if self._sight.is_whole:
            return self._store.nearest(digest, query, most, also=also)
        wanted = {row for row in also if self._sees_row(row)}
        asked = most
        while True:
            found = self._store.nearest(digest, query, asked, also=wanted)
            near = [each for each in found[:asked] if self._sees_row(each.row)]
            if len(near) >= most or len(found) < asked:
                break
            asked *= 4
        near = near[:most]
        met = {each.row for each in near}
        shown = near + [each for each in found if each.row in wanted and each.row not in met]
        return [
            each if each.whole is not None and self._sees_row(each.whole) else Near(each.row, each.cosine, None, None)
            for each in shown
        ]

    def resting(self, ids: Sequence[int]) -> list[Resting]:
        self._ask()
        found = self._store.resting(ids)
        if self._sight.is_whole:
            return found
        return [
            each if each.whole is not None and self._sees_row(each.whole) else Resting(each.row, each.other, None, None)
            for each in found
            if self._sees_row(each.row) and self._sees_row(each.other)
        ]

    def by_rows(self, ids: Sequence[int]) -> list[Record | None]:
        self._ask()
        return [
            self._sight.shown(record) if record is not None and self._sight.takes(record) else None
            for record in self._store.by_rows(ids)
        ]

    def _sees_row(self, row: int) -> bool:
        if self._sight.most is not None or row not in self._rows:
            (record,) = self._store.by_rows([row])
            # Of a token for so many entries what was handed out, and not what could be: nothing is handed out here.
            self._rows[row] = record is not None and self._sight.is_seen(record)
        return self._rows[row]

    def _saw_row(self, row: int, moment: datetime) -> bool:
        """Whether the state of that moment was in scope itself."""
        (record,) = self._store.by_rows([row])
        held = None if record is None else self._store.state_at(record.uid, moment)
        return held is not None and self._sight.is_in_scope(held)

    def _is_handed_out(self, uid: str) -> bool:
        record = self._sight.get(uid)
        return record is not None and self._sight.takes(record)

    def count(self) -> int:
        self._ask()
        if self._sight.is_whole:
            return self._store.count()
        seen = sum(1 for record in self._store.records() if self._sight.is_in_scope(record))
        return seen if self._sight.most is None else min(seen, self._sight.most)

    def platforms(self) -> frozenset[str]:
        self._ask()
        if self._sight.is_whole:
            return self._store.platforms()
        return frozenset(record.provenance.platform for record in self._store.records() if self._sight.is_in_scope(record))

    def buried(self, uid: str) -> bool:
        """Also of what is there and not in the view: nothing that leaves may name it. A door hands no answer out."""
        self._ask()
        if not is_uid(uid):
            return False
        return self._store.buried(uid) or (not self._sight.knows(uid) and self._store.get(uid) is not None)

    def buried_by_others(self, uid: str) -> bool:
        """As ``buried``: nothing that leaves may name what is not in the view."""
        return self.buried(uid)

    def tombstones(self, format: str) -> Iterator[bytes]:  # noqa: ARG002
        """None: they name what is in no scope."""
        self._ask()
        return iter(())

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:  # noqa: ARG002
        """None, as for ``tombstones``."""
        self._ask()
        return iter(())

    def carried(self, format: str) -> list[CarriedFile]:  # noqa: ARG002
        """None: nobody can tell of which records they are."""
        self._ask()
        return []

    def open_carried(self, file: CarriedFile) -> BinaryIO:  # noqa: ARG002
        self._ask()
        raise NotFound("there is no such file")

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:  # noqa: ARG002
        """None: other stores' logs speak of all that they held."""
        self._ask()
        return iter(())

    def editions(self) -> list[Edition]:
        """None: which packages came is nothing of the view."""
        self._ask()
        return []

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:  # noqa: ARG002
        """None: the log speaks of all that was done, and an export must do without it."""
        self._ask()
        return iter(())

    def close(self) -> None:
        """Nothing: whoever opened the store closes it."""
