"""The embedded Store: reads, and the transactions that writes are made of."""

from __future__ import annotations

import heapq
import itertools
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import apsw
import msgspec

from satchel.codec.collector import hand_back
from satchel.codec.pointers import resolve_bytes
from satchel.errors import NotFound, UsageError, VaultBusy, VaultError
from satchel.model.erasure import Closure, Erased, HeldBack
from satchel.model.findings import Finding
from satchel.model.packages import CarriedFile, Edition
from satchel.model.record import Record
from satchel.model.text import TEXT_VERSION, searchable
from satchel.model.times import from_microseconds, to_microseconds
from satchel.trust.capabilities.tokens import Token
from satchel.trust.public_keys import read_typed_key
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ALGORITHMS, ED25519, Algorithm, PrivateKey
from satchel.vault.sqlite import (
    asides,
    audit,
    blobs,
    capabilities,
    companions,
    distrusting,
    exports,
    graves,
    handouts,
    history,
    packages,
    ranking,
    redactions,
    search,
    signers,
    states,
    undoable,
    vectors,
)
from satchel.vault.sqlite.blocks import Frame, Originals
from satchel.vault.sqlite.connection import clear_log, connect, only_read, our_errors, rows, use_log, writing
from satchel.vault.sqlite.matrix import Matrix
from satchel.vault.sqlite.rows import add_text, decode, index_row, meta, whose
from satchel.vault.sqlite.schema import STEPS, migrate
from satchel.vault.store import Store
from satchel.vault.values import (
    Allowed,
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

    from satchel.vault.sqlite.intake import SqliteIntake

#: Postings that an import gathers in memory before they become a segment: fewer segments, fewer merges (measured).
INDEX_BUFFER_BYTES = 64 << 20
_PAGE = 500
#: So many records are read in the order in which they are kept, and given in that of their uids; what may be held for it.
_MANY = 4000
_MANY_BYTES = 16 << 20
_LOADED = "r.data, r.slot, r.original, r.recorded, o.digest FROM record r LEFT JOIN original o ON o.id = r.original"


def now() -> datetime:
    """The present, in UTC. Tests replace it."""
    return datetime.now(UTC)


class SqliteStore:
    """See satchel.vault.store.Store. One connection, one thread."""

    def __init__(self, connection: apsw.Connection, path: Path, *, passing: bool = False) -> None:
        self.connection = connection
        self._passing = passing
        self._path = path
        self._kept = Originals(connection)
        self._matrix = Matrix()
        self._talks: tuple[int, Talks] | None = None
        self._past: tuple[tuple[datetime, int], dict[int, bool]] | None = None
        with our_errors():
            self._secret: bytes = meta(connection, "content_secret")
            self._owner_id: str = meta(connection, "owner_id")
            if meta(connection, "text_version") != TEXT_VERSION:
                self._rebuild_index()
            if meta(connection, "aside_version") != asides.VERSION:
                self._rebuild_asides()

    @classmethod
    def create(cls, path: Path, key: Secret, *, owner_id: str, passing: bool = False) -> SqliteStore:
        """A new, empty store, encrypted from its first byte; ``passing``: it is read once and removed."""
        connection = connect(path, key, create=True)
        migrate(connection)
        with writing(connection):
            at = to_microseconds(now())
            connection.executemany(
                "INSERT INTO meta (name, value) VALUES (?, ?)",
                [
                    ("content_secret", secrets.token_bytes(32)),
                    ("owner_id", owner_id),
                    ("text_version", TEXT_VERSION),
                    ("aside_version", asides.VERSION),
                ],
            )
            connection.execute("INSERT INTO batch (kind, at, label) VALUES ('create', ?, '')", (at,))
            first = connection.last_insert_rowid()
            connection.execute("INSERT INTO text_index (text_index, rank) VALUES ('hashsize', ?)", (INDEX_BUFFER_BYTES,))
            audit.append(
                connection,
                at=at,
                operation="create",
                batch=first,
                detail={"schema": len(STEPS)},
            )
        return cls(connection, path, passing=passing)

    @classmethod
    def open(cls, path: Path, key: Secret) -> SqliteStore:
        """An existing store, migrated forward where it is older.

        Raises:
            WrongKey, VaultTooNew, VaultDamaged.
        """
        connection = connect(path, key)
        try:
            steps = migrate(connection)
            if steps:
                with writing(connection):
                    audit.append(
                        connection,
                        at=to_microseconds(now()),
                        operation="migrate",
                        detail={"schema": len(STEPS), "steps": steps},
                    )
            store = cls(connection, path)
            store._purge_what_is_due()
            return store
        except BaseException:
            connection.close()
            raise

    def _purge_what_is_due(self) -> None:
        """What could be undone up to now is gone from here on; while somebody else writes, from the next opening on."""
        at = to_microseconds(now())
        with our_errors():
            due = undoable.due(self.connection, at)
        if due is None:
            return
        with suppress(VaultBusy):
            with writing(self.connection, wait_s=0):
                undoable.purge(self.connection, now=at, up_to=due)
            clear_log(self.connection)

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        with our_errors():
            self.connection.close()

    def only_read(self) -> None:
        """Give back what was held for writing: from now on it is read."""
        self._kept.forget()
        only_read(self.connection)
        hand_back()

    @contextmanager
    def importing(
        self,
        label: str,
        *,
        dry_run: bool = False,
        on_wait: Callable[[], None] | None = None,
        at: datetime | None = None,
    ) -> Iterator[SqliteIntake]:
        """See Store.importing. With ``dry_run`` everything is done and then rolled back."""
        from satchel.vault.sqlite.intake import SqliteIntake

        was_held = bool(undoable.held(self.connection))
        with writing(self.connection, keep=not dry_run, on_wait=on_wait):
            yield SqliteIntake(
                self.connection,
                label=label,
                at=at or now(),
                secret=self._secret,
                owner_id=self._owner_id,
                passing=self._passing,
            )
        if was_held and not undoable.held(self.connection):
            # Somebody's tombstones purged it.
            clear_log(self.connection)
        use_log(self.connection)

    def get(self, uid: str) -> Record | None:
        """See Store.get."""
        found = rows(self.connection, f"SELECT {_LOADED} WHERE r.uid = ?", (bytes.fromhex(uid),))
        return self._load(*found[0]) if found else None

    def resolve(self, prefix: str, *, allowed: Allowed | None = None) -> str:
        """See Store.resolve."""
        text = prefix.strip().lower()
        if not 4 <= len(text) <= 40 or set(text) - set("0123456789abcdef"):
            raise UsageError(f"{prefix[:60]!r} is no record id", hint="an id is 4 to 40 hexadecimal digits")
        low = bytes.fromhex(text.ljust(40, "0"))
        high = bytes.fromhex(text.ljust(40, "f"))
        within = "SELECT uid FROM record WHERE uid BETWEEN ? AND ?"
        if allowed is None:
            found = rows(self.connection, within + " LIMIT 2", (low, high))
        else:
            met = ((uid, self.get(uid.hex())) for (uid,) in rows(self.connection, within, (low, high)))
            found = list(itertools.islice(((uid,) for uid, record in met if record is not None and allowed(record)), 2))
        if not found:
            raise NotFound(f"no record begins with {text}", hint="satchel search finds records and shows their ids")
        if len(found) > 1:
            raise NotFound(f"more than one record begins with {text}", hint="give more digits")
        return str(found[0][0].hex())

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        """See Store.records."""
        if len(kinds) > 1:
            # Each kind comes in order from the index; to sort several for every page would be quadratic.
            each = (self.records(kind, not_from=not_from, after=after) for kind in kinds)
            yield from heapq.merge(*each, key=lambda record: record.uid)
            return
        where = {(): "1", ("message",): "r.kind = 'message'"}.get(kinds, "r.kind = ? AND r.kind <> 'message'")
        named = kinds if "?" in where else ()
        last = b""
        while True:
            page = rows(
                self.connection,
                f"SELECT r.uid, {_LOADED} WHERE {where} AND r.uid > ? AND r.platform IS NOT ? AND r.batch > ?"
                f" ORDER BY r.uid LIMIT {_MANY}",
                (*named, last, not_from or None, after),
            )
            yield from self._loaded([row[1:] for row in page])
            if len(page) < _MANY:
                return
            last = page[-1][0]

    def whose(self, *kinds: str) -> Iterator[tuple[str, str, str]]:
        """The space, platform and account of the records of these kinds, in the order in which they came: each page is read
        once, where an order of uids would read it again and again."""
        marks = ",".join("?" * len(kinds))
        sql = f"SELECT id, data, slot, original FROM record WHERE kind IN ({marks}) AND id > ? ORDER BY id LIMIT {_PAGE}"
        last = 0
        while page := rows(self.connection, sql, (*kinds, last)):
            for _, *where in page:
                yield whose(self._kept.data(*where))
            last = page[-1][0]

    def _loaded(self, page: list[tuple[Any, ...]]) -> Iterator[Record]:
        """The records of a page, in its order; read in the order in which they are kept, for those that came together share a
        frame and uids scatter them."""
        held: dict[int, bytes] = {}
        room = _MANY_BYTES
        for at in sorted(range(len(page)), key=lambda at: page[at][2]):
            held[at] = data = self._kept.data(*page[at][:3])
            room -= len(data)
            if room < 0:
                break
        for at, (*where, recorded, digest) in enumerate(page):
            data = held.pop(at) if at in held else self._kept.data(*where)
            yield decode(data, recorded, digest)

    def natives(
        self, platform: str, *, after: int = 0, as_of: datetime | None = None, allowed: Allowed | None = None
    ) -> Iterator[Kept]:
        """See Store.natives."""
        last = 0
        while True:
            page = rows(
                self.connection,
                "SELECT r.id, r.uid, r.kind, o.kind, o.element, o.dialect, o.size, o.data, o.pack, o.start"
                " FROM record r JOIN original o ON o.id = r.original WHERE r.platform = ? AND r.id > ? AND r.batch > ?"
                f" AND (o.data IS NOT NULL OR o.pack IS NOT NULL) ORDER BY r.id LIMIT {_PAGE}",
                (platform, last, after),
            )
            for id, uid, kind, source_kind, element, dialect, size, data, pack, start in page:
                if allowed is not None and not allowed(self._record(id)):
                    continue
                if as_of is not None:
                    state = states.held_at(self.connection, self._kept, id, as_of)
                    if state is not None:
                        yield self._kept_of(state.original)
                    continue
                native = Frame(data, size).native(0, size) if pack is None else self._kept.packed(pack).native(start, size)
                yield Kept(kind, source_kind, native, element or 0, dialect, uid.hex())
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def _record(self, id: int) -> Record:
        return self._load(*rows(self.connection, f"SELECT {_LOADED} WHERE r.id = ?", (id,))[0])

    def earlier_natives(self, platform: str, *, after: int = 0) -> Iterator[list[Kept]]:
        """See Store.earlier_natives."""
        for id in states.changed(self.connection, platform, after):
            found = states.states(self.connection, self._kept, id)
            yield [self._kept_of(state.original) for state in found]

    def _kept_of(self, original: int) -> Kept:
        kind, source_kind, element, dialect = rows(
            self.connection,
            "SELECT (SELECT kind FROM record WHERE uid = o.uid), kind, element, dialect FROM original o WHERE id = ?",
            (original,),
        )[0]
        return Kept(kind or "", source_kind, self._kept.native(original) or b"", element or 0, dialect)

    def state_at(self, uid: str, moment: datetime) -> Record | None:
        """See Store.state_at."""
        found = rows(self.connection, "SELECT id, recorded FROM record WHERE uid = ?", (bytes.fromhex(uid),))
        state = states.held_at(self.connection, self._kept, found[0][0], moment) if found else None
        return state.record if state else None

    def messages(self, conversation: str) -> Iterator[Record]:
        """See Store.messages."""
        sql = (
            f"SELECT {_LOADED} WHERE r.part_of = (SELECT id FROM record WHERE uid = ?) AND r.kind = 'message'"
            " ORDER BY r.position, r.id"
        )
        # Read whole: a generator left half-way must not hold a read transaction open.
        for row in rows(self.connection, sql, (bytes.fromhex(conversation),)):
            yield self._load(*row)

    def linking_to(self, uid: str) -> list[tuple[str, Record]]:
        """See Store.linking_to."""
        sql = f"SELECT l.type, {_LOADED} JOIN link l ON l.record = r.id WHERE l.target = ? ORDER BY l.type, r.id"
        return [(type, self._load(*row)) for type, *row in rows(self.connection, sql, (bytes.fromhex(uid),))]

    def witnesses(self, uid: str) -> list[Record]:
        """See Store.witnesses."""
        sql = (
            f"SELECT {_LOADED} WHERE r.kind <> 'message' AND r.uid <> ?1"
            " AND r.content_key = (SELECT content_key FROM record WHERE uid = ?1) ORDER BY r.id"
        )
        return [self._load(*row) for row in rows(self.connection, sql, (bytes.fromhex(uid),))]

    def _load(self, data: bytes | None, slot: int | None, original: int, recorded: int, digest: bytes) -> Record:
        return decode(self._kept.data(data, slot, original), recorded, digest)

    def original(self, record: Record) -> bytes | None:
        """See Store.original."""
        found = rows(self.connection, "SELECT original FROM record WHERE uid = ?", (bytes.fromhex(record.uid),))
        return self._kept.native(found[0][0]) if found else None

    def native(self, record: Record, *, as_of: datetime | None = None) -> bytes | None:
        """See Store.native."""
        if as_of is not None:
            found = rows(self.connection, "SELECT id FROM record WHERE uid = ?", (bytes.fromhex(record.uid),))
            state = states.held_at(self.connection, self._kept, found[0][0], as_of) if found else None
            if state is None:
                return None
            record, whole = state.record, self._kept.native(state.original)
        else:
            whole = self.original(record)
        return None if whole is None else resolve_bytes(whole, record.native.pointer)

    def companions(self, record: Record, *, as_of: datetime | None = None) -> Companions | None:
        """See Store.companions."""
        return companions.companions(self.connection, self._kept, record.uid, as_of)

    def source(self, record: Record) -> SourceOf | None:
        """See Store.source."""
        found = rows(
            self.connection,
            "SELECT o.reader, b.at, s.name, s.size, s.sha256 FROM record r JOIN original o ON o.id = r.original"
            " JOIN batch b ON b.id = o.batch LEFT JOIN source s ON s.id = o.source WHERE r.uid = ?",
            (bytes.fromhex(record.uid),),
        )
        if not found:
            return None
        reader, at, name, size, sha256 = found[0]
        file = SourceFile(name or "", size or 0, sha256.hex() if sha256 else "")
        return SourceOf(reader, from_microseconds(at), file)

    def versions(self, uid: str) -> list[Version]:
        """See Store.versions. Oldest first; the last is the current one."""
        found = rows(
            self.connection,
            "SELECT v.version, v.batch, v.data, NULL, v.original FROM version v JOIN record r ON r.id = v.record"
            " WHERE r.uid = ?1 UNION ALL SELECT version, batch, data, slot, original FROM record WHERE uid = ?1 ORDER BY 1",
            (bytes.fromhex(uid),),
        )
        return [Version(number, batch, decode(self._kept.data(*data))) for number, batch, *data in found]

    def open_blob(self, digest: str) -> BinaryIO:
        """See Store.open_blob."""
        return blobs.open_blob(self.connection, digest)

    def buried(self, uid: str) -> bool:
        """See Store.buried."""
        return graves.buried(self.connection, bytes.fromhex(uid)) == "delete"

    def buried_by_others(self, uid: str) -> bool:
        """See Store.buried_by_others."""
        return graves.buried_by_others(self.connection, bytes.fromhex(uid))

    def tombstones(self, format: str) -> Iterator[bytes]:
        """See Store.tombstones."""
        return graves.kept_lines(self.connection, format)

    def reached(self, format: str, after: int) -> Iterator[tuple[str, str, str]]:
        """See Store.reached."""
        return graves.reached_after(self.connection, format, after)

    def brought_by(self, uid: str) -> int:
        """See Store.brought_by."""
        found = rows(self.connection, "SELECT batch FROM record WHERE uid = ?", (bytes.fromhex(uid),))
        return int(found[0][0]) if found else 0

    def came_by(self, uid: str) -> int:
        """See Store.came_by."""
        found = rows(
            self.connection,
            "SELECT min(batch) FROM (SELECT batch FROM record WHERE uid = ?1"
            " UNION ALL SELECT v.batch FROM version v JOIN record r ON r.id = v.record WHERE r.uid = ?1)",
            (bytes.fromhex(uid),),
        )
        return int(found[0][0] or 0)

    def carried(self, format: str) -> list[CarriedFile]:
        """See Store.carried."""
        return packages.carried_files(self.connection, format)

    def open_carried(self, file: CarriedFile) -> BinaryIO:
        """See Store.open_carried."""
        return packages.open_carried(self.connection, file)

    def heard(self, format: str, after: int = 0) -> Iterator[bytes]:
        """See Store.heard."""
        return packages.heard_entries(self.connection, format, after)

    def editions(self) -> list[Edition]:
        """See Store.editions."""
        return packages.editions(self.connection)

    def search(self, query: Query, *, allowed: Allowed | None = None) -> Found:
        """See Store.search."""
        return search.search(self.connection, self._kept, query, allowed)

    def postings(self, phrase: Sequence[str], *, prefix: bool, as_of: datetime | None = None) -> list[Posting]:
        """See Store.postings."""
        if as_of is None:
            return ranking.postings(self.connection, phrase, prefix=prefix)
        return ranking.postings_at(self.connection, phrase, prefix=prefix, held=self._held(as_of))

    def _held(self, moment: datetime) -> dict[int, bool]:
        """The index of what held at a moment, made once for the words of a question."""
        key = (moment, self.last_change())
        if self._past is None or self._past[0] != key:
            with our_errors():
                self._past = key, states.index_past(self.connection, self._kept, moment, "held")
        return self._past[1]

    def _forget_past(self) -> None:
        self._past = None
        self.connection.execute("DROP TABLE IF EXISTS temp.held")

    def frequency(self, word: str, *, prefix: bool) -> int:
        """See Store.frequency."""
        return ranking.frequency(self.connection, word, prefix=prefix)

    def talks(self) -> Talks:
        """See Store.talks. Counted once between two changes: it takes a look at every record."""
        if self.connection.in_transaction:
            # Its change may be rolled back, and the next one would have its number.
            return ranking.talks(self.connection)
        change = self.last_change()
        if self._talks is None or self._talks[0] != change:
            self._talks = change, ranking.talks(self.connection)
        return self._talks[1]

    def talk_sizes(self, wholes: Sequence[int]) -> dict[int, int]:
        """See Store.talk_sizes."""
        return ranking.talk_sizes(self.connection, wholes)

    def around(self, whole: int, first: int, last: int) -> list[tuple[int, int]]:
        """See Store.around."""
        return ranking.around(self.connection, whole, first, last)

    def resting(self, ids: Sequence[int]) -> list[Resting]:
        """See Store.resting."""
        return ranking.resting(self.connection, ids)

    def vector_models(self) -> list[VectorModel]:
        """See Store.vector_models."""
        return vectors.models(self.connection)

    def begin_vectors(self, model: VectorModel) -> None:
        """See Store.begin_vectors."""
        with writing(self.connection):
            vectors.begin(self.connection, model)

    def lacking_vectors(self, digest: str, *, after: int = 0, most: int = 256) -> Lacking:
        """See Store.lacking_vectors."""
        return vectors.lacking(self.connection, self._kept, digest, after, most)

    def keep_vectors(self, digest: str, made: Sequence[tuple[int, NDArray[np.float32]]], change: int) -> bool:
        """See Store.keep_vectors."""
        with writing(self.connection):
            return vectors.keep(self.connection, digest, made, change)

    def finish_vectors(self, digest: str) -> bool:
        """See Store.finish_vectors."""
        with writing(self.connection):
            return vectors.finish(self.connection, digest)

    def drop_vectors(self) -> int:
        """See Store.drop_vectors."""
        self._matrix.forget()
        with writing(self.connection):
            return vectors.drop(self.connection)

    def nearest(self, digest: str, query: NDArray[np.float32], most: int, *, also: Collection[int] = ()) -> list[Near]:
        """See Store.nearest."""
        return vectors.nearest(self.connection, self._matrix, digest, query, most, also)

    def by_rows(self, ids: Sequence[int]) -> list[Record | None]:
        """See Store.by_rows."""
        found: list[Record | None] = []
        for id in ids:
            columns = rows(self.connection, f"SELECT {_LOADED} WHERE r.id = ?", (id,))
            found.append(self._load(*columns[0]) if columns else None)
        return found

    def look(self) -> Store:
        """See Store.look."""
        return self

    def is_distrusted(self, uid: str) -> bool:
        """See Store.is_distrusted."""
        return distrusting.is_held(self.connection, uid)

    def reach_of_distrust(self, asked: Forgetting) -> Closure:
        """See Store.reach_of_distrust."""
        return distrusting.plan(self.connection, self._kept, asked)

    def distrust(self, asked: Forgetting, *, expected: Closure | None = None) -> Hold:
        """See Store.distrust."""
        try:
            with writing(self.connection):
                return distrusting.hold(self.connection, self._kept, asked, now=to_microseconds(now()), expected=expected)
        finally:
            # What a key verified is lowered.
            self._forget()

    def lift(self, id: int) -> Hold:
        """See Store.lift."""
        with writing(self.connection):
            return distrusting.lift(self.connection, id, now=to_microseconds(now()))

    def holds(self) -> list[Hold]:
        """See Store.holds."""
        return distrusting.holds(self.connection)

    def hand_out(self, handed: Sequence[Handed], *, reader: str, token: str, at: datetime, cost: int) -> int:
        """See Store.hand_out."""
        return handouts.note(self.connection, self._secret, handed, reader=reader, token=token, at=at, cost=cost)

    def handouts(self, uids: Sequence[str]) -> list[Handout]:
        """See Store.handouts."""
        return handouts.of(self.connection, uids)

    def batches(self) -> list[Batch]:
        """See Store.batches."""
        return history.batches(self.connection)

    def batch(self, id: int) -> Batch:
        """See Store.batch."""
        return history.batch(self.connection, id)

    def compare(self, batch: int, before: int | None = None) -> list[Change]:
        """See Store.compare."""
        return history.compare(self.connection, self._kept, batch, before)

    def undo(self, batch: int, *, dry_run: bool = False) -> Summary:
        """See Store.undo and satchel.vault.sqlite.history."""
        try:
            with writing(self.connection, keep=not dry_run):
                summary = history.undo(self.connection, self._kept, batch, now=to_microseconds(now()), secret=self._secret)
        finally:
            self._forget()
        if not dry_run:
            clear_log(self.connection)
        return summary

    def _forget(self) -> None:
        """Drop what is remembered of records: many of them changed, or a change of them was taken back."""
        self._kept.forget()
        self._matrix.forget()
        self._forget_past()

    def reach_of(self, asked: Forgetting, progress: Callable[[int], None] = lambda _count: None) -> Closure:
        """See Store.reach_of."""
        from satchel.vault.sqlite import forgetting

        return forgetting.plan(self.connection, self._kept, asked, progress).closure

    def near_duplicates(
        self, uids: Iterable[str], without: Collection[str] = (), progress: Callable[[int], None] = lambda _count: None
    ) -> list[NearDuplicate]:
        """See Store.near_duplicates."""
        from satchel.vault.sqlite.near_duplicates import NearDuplicates

        return NearDuplicates(self.connection, self._kept).find(uids, frozenset(without), progress)

    def forget(
        self,
        asked: Forgetting,
        *,
        tombs: TombMaker,
        expected: Closure | None = None,
        at_once: bool = False,
        progress: Callable[[int], None] = lambda _count: None,
    ) -> Erased:
        """See Store.forget. Afterwards the write-ahead log, which holds the pages as they were, is folded in and cut."""
        from satchel.vault.sqlite import forgetting

        # Memory too.
        self._matrix.forget()
        self._forget_past()
        with writing(self.connection):
            erased = forgetting.forget(
                self.connection,
                self._kept,
                asked,
                now=to_microseconds(now()),
                secret=self._secret,
                tombs=tombs,
                expected=expected,
                at_once=at_once,
                progress=progress,
            )
        return msgspec.structs.replace(erased, log_cleared=clear_log(self.connection))

    def undo_window(self) -> timedelta:
        """See Store.undo_window."""
        with our_errors():
            return timedelta(seconds=undoable.window(self.connection))

    def set_undo_window(self, window: timedelta) -> None:
        """See Store.set_undo_window."""
        with writing(self.connection):
            undoable.set_window(self.connection, int(window.total_seconds()), now=to_microseconds(now()))

    def held_back(self) -> list[HeldBack]:
        """See Store.held_back."""
        return undoable.held(self.connection)

    def purge(self) -> list[int]:
        """See Store.purge."""
        with writing(self.connection):
            found = undoable.purge(self.connection, now=to_microseconds(now()))
        clear_log(self.connection)
        return found

    def erasures(self) -> list[Erased]:
        """See Store.erasures."""
        from satchel.vault.sqlite import forgetting

        return forgetting.erasures(self.connection)

    def record_event(self, operation: str, detail: dict[str, Any], change: int | None = None) -> None:
        """See Store.record_event."""
        with writing(self.connection):
            audit.append(self.connection, at=to_microseconds(now()), operation=operation, batch=change, detail=detail)

    def create_signing_key(self, name: str, algorithm: Algorithm = ALGORITHMS[ED25519]) -> SigningKey:
        """See Store.create_signing_key."""
        with writing(self.connection):
            return signers.create(self.connection, name, to_microseconds(now()), algorithm)

    def rotate_signing_key(self, name: str) -> tuple[SigningKey, SigningKey]:
        """See Store.rotate_signing_key."""
        with writing(self.connection):
            return signers.rotate(self.connection, name, to_microseconds(now()))

    def signing_keys(self) -> list[SigningKey]:
        """See Store.signing_keys."""
        return signers.listed(self.connection)

    def signing_key(self, name: str) -> PrivateKey:
        """See Store.signing_key."""
        return signers.private(self.connection, name)

    def trust_key(self, public: str, name: str) -> None:
        """See Store.trust_key."""
        with writing(self.connection):
            signers.trust(self.connection, read_typed_key(public), name, to_microseconds(now()))

    def distrust_key(self, public: str, *, dry_run: bool = False) -> dict[str, int]:
        """See Store.distrust_key."""
        try:
            with writing(self.connection, keep=not dry_run):
                return signers.distrust(self.connection, self._kept, read_typed_key(public), to_microseconds(now()))
        finally:
            self._forget()

    def trusted_keys(self) -> list[TrustedKey]:
        """See Store.trusted_keys."""
        return signers.trusted(self.connection)

    def trust_did(self, did: str, name: str) -> None:
        """See Store.trust_did."""
        with writing(self.connection):
            signers.trust_did(self.connection, did, name, to_microseconds(now()))

    def distrust_did(self, did: str) -> None:
        """See Store.distrust_did."""
        with writing(self.connection):
            signers.distrust_did(self.connection, did, to_microseconds(now()))

    def trusted_dids(self) -> list[TrustedDid]:
        """See Store.trusted_dids."""
        return signers.trusted_dids(self.connection)

    def seen_export(self, owner: str) -> SeenExport | None:
        """See Store.seen_export."""
        return signers.seen(self.connection, owner)

    def note_seen_export(self, owner: str, export: SeenExport) -> None:
        """See Store.note_seen_export."""
        with writing(self.connection):
            signers.note_seen(self.connection, owner, export, to_microseconds(now()))

    def keep_redaction(self, id: str, key: Secret | None, counts: dict[str, int]) -> None:
        """See Store.keep_redaction."""
        with writing(self.connection):
            redactions.keep(self.connection, id, key, counts, to_microseconds(now()))

    def redaction_keys(self) -> list[RedactionKey]:
        """See Store.redaction_keys."""
        return redactions.listed(self.connection)

    def redaction_key(self, id: str) -> Secret:
        """See Store.redaction_key."""
        return redactions.key(self.connection, id)

    def note_recovery(self, id: str, token: str) -> None:
        """See Store.note_recovery."""
        with writing(self.connection):
            redactions.note_recovery(self.connection, id, token, to_microseconds(now()))

    def shred_redaction_key(self, id: str) -> None:
        """See Store.shred_redaction_key."""
        with writing(self.connection):
            redactions.shred(self.connection, id, to_microseconds(now()))
        redactions.empty_log(self.connection)

    def begin_export(self, export: Exported) -> int:
        """See Store.begin_export."""
        as_of = None if export.as_of is None else to_microseconds(export.as_of)
        with writing(self.connection):
            return exports.begin(self.connection, export, to_microseconds(now()), as_of)

    def finish_export(self, id: int, size_bytes: int, digest: bytes) -> None:
        """See Store.finish_export."""
        with writing(self.connection):
            exports.finish(self.connection, id, size_bytes, digest)

    def cancel_export(self, id: int) -> None:
        """See Store.cancel_export."""
        with writing(self.connection):
            exports.cancel(self.connection, id)

    def exports(self) -> list[Exported]:
        """See Store.exports."""
        return exports.listed(self.connection)

    def exports_holding(self, uids: Iterable[str]) -> list[HeldBy]:
        """See Store.exports_holding."""
        return exports.holding(self.connection, uids)

    def held_before(self, change: int) -> list[HeldBy]:
        """See Store.held_before."""
        return exports.held_before(self.connection, change)

    def came_from(self, change: int) -> dict[str, int]:
        """See Store.came_from."""
        return exports.came_from(self.connection, change)

    @property
    def content_secret(self) -> bytes:
        """The key of the vault's hashes of content. It never leaves the vault."""
        return self._secret

    @property
    def owner_id(self) -> str:
        """See Store.owner_id."""
        return self._owner_id

    def changed_at(self) -> datetime:
        """See Store.changed_at."""
        return from_microseconds(rows(self.connection, "SELECT max(at) FROM batch")[0][0])

    def count(self) -> int:
        """See Store.count."""
        return int(rows(self.connection, "SELECT count(*) FROM record")[0][0])

    def platforms(self) -> frozenset[str]:
        """See Store.platforms."""
        return frozenset(platform for (platform,) in rows(self.connection, "SELECT DISTINCT platform FROM record"))

    def stats(self) -> Stats:
        """See Store.stats."""
        connection = self.connection
        kinds: dict[str, int] = {}
        platforms: dict[str, dict[str, int]] = {}
        for platform, kind, count in rows(
            connection, "SELECT platform, kind, count(*) FROM record GROUP BY platform, kind ORDER BY platform, kind"
        ):
            kinds[kind] = kinds.get(kind, 0) + count
            platforms.setdefault(platform, {})[kind] = count
        versions, first, last = rows(
            connection, "SELECT (SELECT count(*) FROM version), min(created), max(created) FROM record"
        )[0]
        originals, original_bytes = rows(
            connection, "SELECT count(*), coalesce(sum(size), 0) FROM original WHERE data IS NOT NULL OR pack IS NOT NULL"
        )[0]
        blob_count, blob_bytes = rows(connection, "SELECT count(*), coalesce(sum(size), 0) FROM blob")[0]
        imports = rows(connection, "SELECT count(*) FROM batch WHERE kind = 'import' AND undone_by IS NULL")[0][0]
        return Stats(
            records=dict(sorted(kinds.items())),
            platforms=platforms,
            versions=versions,
            originals=originals,
            original_bytes=original_bytes,
            blobs=blob_count,
            blob_bytes=blob_bytes,
            imports=imports,
            first=None if first is None else from_microseconds(first),
            last=None if last is None else from_microseconds(last),
            file_bytes=sum(
                part.stat().st_size for part in (self._path, self._path.with_name(self._path.name + "-wal")) if part.exists()
            ),
            schema_version=connection.pragma("user_version"),
            vectors=tuple(vectors.models(connection)),
            held_back=tuple(undoable.held(connection)),
        )

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:
        """See Store.audit."""
        return audit.entries(self.connection, after)

    def last_change(self) -> int:
        """See Store.last_change."""
        return int(rows(self.connection, "SELECT max(id) FROM batch")[0][0])

    def last_entry(self) -> int:
        """See Store.last_entry."""
        return int(rows(self.connection, "SELECT max(id) FROM audit")[0][0])

    def note_token(self, token: Token, key: str, at: datetime) -> None:
        """See Store.note_token."""
        with writing(self.connection):
            capabilities.note(self.connection, token, key, to_microseconds(at))

    def issued_tokens(self) -> list[IssuedToken]:
        """See Store.issued_tokens."""
        return capabilities.issued(self.connection)

    def revoke_token(self, id: str, reason: Reason) -> bool:
        """See Store.revoke_token."""
        with writing(self.connection):
            return capabilities.revoke(self.connection, id, reason, to_microseconds(now()))

    def revocations(self) -> list[Revocation]:
        """See Store.revocations."""
        return capabilities.revocations(self.connection)

    def revoked(self, ids: Collection[str]) -> frozenset[str]:
        """See Store.revoked."""
        return capabilities.revoked(self.connection, ids)

    def check_audit(self) -> list[Finding]:
        """See Store.check_audit."""
        return audit.check(self.connection)

    def check(self) -> list[Finding]:
        """See Store.check."""
        connection = self.connection
        findings = []
        for (line,) in rows(connection, "PRAGMA integrity_check(20)"):
            if line != "ok":
                findings.append(Finding("vault-pages", "error", str(line)))
        dangling = rows(
            connection,
            "SELECT count(*) FROM record r LEFT JOIN original o ON o.id = r.original WHERE o.id IS NULL",
        )[0][0]
        if dangling:
            findings.append(Finding("vault-originals", "error", f"{dangling} records have lost their original"))
        dangling = rows(
            connection,
            "SELECT count(*) FROM original o WHERE pack IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pack p WHERE p.id = o.pack)",
        )[0][0]
        if dangling:
            findings.append(Finding("vault-originals", "error", f"{dangling} originals have lost their pack"))
        dangling = rows(connection, "SELECT count(*) FROM vector WHERE record NOT IN (SELECT id FROM record)")[0][0]
        if dangling:
            findings.append(Finding("vault-vectors", "error", f"{dangling} vectors are of no record"))
        try:
            with our_errors():
                connection.execute("INSERT INTO text_index (text_index) VALUES ('integrity-check')")
        except VaultError as error:
            findings.append(Finding("vault-index", "error", f"the text index is damaged: {error}"))
        findings.extend(self.check_audit())
        return findings

    def _rebuild_index(self) -> None:
        """Make the text index anew, after a change in what it covers."""
        connection = self.connection
        with writing(connection):
            connection.execute("INSERT INTO text_index (text_index) VALUES ('delete-all')")
            last = 0
            while True:
                page = rows(
                    connection,
                    f"SELECT id, data, slot, original FROM record WHERE id > ? ORDER BY id LIMIT {_PAGE}",
                    (last,),
                )
                if not page:
                    break
                texts = [index_row(id, *searchable(decode(self._kept.data(*data)))) for id, *data in page]
                add_text(connection, [text for text in texts if text])
                last = page[-1][0]
            connection.execute("UPDATE meta SET value = ? WHERE name = 'text_version'", (TEXT_VERSION,))
            audit.append(connection, at=to_microseconds(now()), operation="reindex", detail={"text": TEXT_VERSION})

    def _rebuild_asides(self) -> None:
        """Gather the text that stands aside anew, in a vault that an earlier Satchel made."""
        with writing(self.connection):
            asides.rebuild(self.connection, self._kept)
            self.connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('aside_version', ?)", (asides.VERSION,))
