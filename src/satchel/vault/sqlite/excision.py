"""Kept originals without what was erased: dropped where nothing of them stays, else written anew.

What an original's other records say stays as it was, value for value and under the same pointers; what was taken out leaves a
gap (codec.excise). Where its bytes do not tell which of them speak of the erased record, all of them go: its other records
stay, and go home no more as they came.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence, Set
from functools import lru_cache
from typing import NamedTuple

import apsw
import msgspec

from satchel.codec import excise
from satchel.model.record import Record
from satchel.model.text import searchable
from satchel.vault.sqlite import blobs
from satchel.vault.sqlite import states as history
from satchel.vault.sqlite.blocks import Frame, Originals, Packer, leave
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.rows import decode

#: A text of so many characters that stands in an original beside the place of its record is that text and no other.
_TELLING_CHARACTERS = 24


class Gone(NamedTuple):
    """A record that is erased: its row, its uid, its states (the current one last), and whether its row stays as a skeleton.

    States are held, or read whenever they are asked for (``read``): so many records may go that nobody can hold them all.
    """

    id: int
    uid: bytes
    kind: str
    held: tuple[Record, ...] = ()
    stays: bool = False
    platform: str = ""
    read: Callable[[int], tuple[Record, ...]] | None = None

    @property
    def states(self) -> tuple[Record, ...]:
        """All of its states."""
        return self.held if self.read is None else self.read(self.id)

    def holding(self) -> Gone:
        """The same, with its states at hand: for as long as it takes to erase them."""
        return self if self.read is None else self._replace(held=self.read(self.id), read=None)

    @property
    def texts(self) -> set[str]:
        """What its states say, in one piece or by parts."""
        found: set[str] = set()
        for state in self.states:
            found.update(searchable(state))
            for part in getattr(state.body, "parts", ()):
                found.update((part.text, part.name))
        return found


def reader(connection: apsw.Connection, kept: Originals) -> Callable[[int], tuple[Record, ...]]:
    """Reads the states of records by their rows. The last one's are at hand."""
    return lru_cache(maxsize=1)(lambda row: tuple(state.record for state in history.states(connection, kept, row)))


def find(
    connection: apsw.Connection, uid: bytes, read: Callable[[int], tuple[Record, ...]], *, stays: bool = False
) -> Gone | None:
    """A record that is to be erased, whose states are read when they are asked for; None where there is none of this uid."""
    row = one(connection, "SELECT id, kind, platform FROM record WHERE uid = ?", (uid,))
    return None if row is None else Gone(row[0], uid, row[1], stays=stays, platform=row[2], read=read)


def load(connection: apsw.Connection, kept: Originals, uid: bytes) -> Gone | None:
    """As ``find``, with its states at hand."""
    found = find(connection, uid, reader(connection, kept))
    return found.holding() if found else None


class _Head(msgspec.Struct):
    uid: str


_HEAD = msgspec.json.Decoder(_Head | None)


def excised(native: bytes, gone: Iterable[Gone], staying: Sequence[Record] = (), also: Iterable[str] = ()) -> bytes | None:
    """The bytes of an original without these records; None where it cannot be told which bytes are theirs.

    Args:
        staying: records whose words may stand there: such a text is left where it is.
        also: what the object was called by what was said in it.
    """
    pointers: set[str] = set()
    loose: list[Gone] = []
    for record in gone:
        own = {state.native.pointer for state in record.states}
        if "" in own:
            loose.append(record)
        pointers |= own - {""}
    found = native
    if pointers:
        without = excise.without_values(native, pointers)
        if without is None:
            return None
        found = without
    for record in loose:
        # Nothing points at it: its text must be found in one piece.
        texts = [text for text in record.texts if text.strip()]
        if not texts or not all(excise.has_text(found, text) for text in texts):
            return None
        for text in sorted(texts, key=len, reverse=True):
            found = excise.without_text(found, text)
    kept = [text for record in staying for text in searchable(record)]
    for record in gone:
        # Providers write a message's text in more than one place.
        for text in record.texts:
            if len(text) >= _TELLING_CHARACTERS and excise.has_text(found, text) and not any(text in said for said in kept):
                found = excise.without_text(found, text)
    for text in also:
        if text.strip() and not any(text in said for said in kept):
            found = excise.without_text(found, text)
    return found


class Excision:
    """Takes records out of the originals that hold them."""

    def __init__(self, connection: apsw.Connection, kept: Originals, going: Set[int]) -> None:
        self._connection = connection
        self._kept = kept
        #: The rows of all records that go, in this run or a later one.
        self._going = going
        self._packer = Packer()
        self._also: tuple[str, ...] = ()
        self.dropped = self.rewritten = self.emptied = self.blobs = self.blob_bytes = 0
        #: Rows of files that an original was read from which is no longer as it was.
        self.sources: set[int] = set()

    def run(self, gone: Sequence[Gone], also: Iterable[str] = ()) -> None:
        """Take these records, whose rows are still there, out of every original; ``also`` as for ``excised``."""
        self._also = tuple(also)
        holding: dict[int, list[Gone]] = {}
        states: dict[bytes, list[int]] = {}
        for record in gone:
            for original in self._holding(record, states):
                holding.setdefault(original, []).append(record)
        packed: dict[int, list[int]] = {}
        for original, records in holding.items():
            row = one(self._connection, "SELECT uid, pack, source FROM original WHERE id = ?", (original,))
            if row is None:
                continue
            self.sources.add(row[2])
            if row[1] is not None and not any(record.stays for record in records):
                # Most objects of a bundle: alone in their original, many in a pack.
                packed.setdefault(row[1], []).append(original)
            else:
                self._take_out(original, row[0], records)
        for pack, originals in packed.items():
            self._leave(pack, originals)
        self._kept.forget()

    def _holding(self, record: Gone, states: dict[bytes, list[int]]) -> set[int]:
        """The rows of all originals that may hold a record: those it was read from, and other states of the same objects."""
        found = rows(
            self._connection,
            "SELECT o.uid FROM original o WHERE o.id IN (SELECT original FROM record WHERE id = ?1"
            " UNION SELECT original FROM version WHERE record = ?1 UNION SELECT original FROM witness WHERE record = ?1"
            " UNION SELECT original FROM telling WHERE record = ?1)",
            (record.id,),
        )
        holding: set[int] = set()
        for uid in {record.uid, *(uid for (uid,) in found)}:
            if uid not in states:
                states[uid] = [id for (id,) in rows(self._connection, "SELECT id FROM original WHERE uid = ?", (uid,))]
            holding.update(states[uid])
        return holding

    def _take_out(self, original: int, uid: bytes, records: list[Gone]) -> None:
        staying = self._staying(original)
        skeletons = [record for record in records if record.stays and self._is_of(record, original)]
        if not staying and not skeletons:
            self._drop(original)
            return
        data, pack, size, counts = one(
            self._connection, "SELECT data, pack, size, counts FROM original WHERE id = ?", (original,)
        ) or (None, None, 0, "{}")
        if not staying and all(state.native.pointer == "" for record in skeletons for state in record.states):
            self._empty(original, pack)
            return
        if data is None:
            # A blob, or a place in a pack that others say the same as: the bytes are the erased record's.
            self._empty(original, pack)
            return
        frame = Frame(data, size)
        others = self._others(staying)
        # The record of the object as a whole speaks all over it.
        native = (
            None
            if any(record.uid == uid for record in records)
            else excised(frame.native(0, size), records, others, self._also)
        )
        if native is None:
            native = excise.GAP
            self.emptied += 1
        uids = {record.uid.hex() for record in records}
        slots = [b"null" if self._uid_of(slot) in uids else bytes(slot) for slot in frame.records]
        left = msgspec.json.decode(counts)
        for record in records:
            left[record.kind] = max(0, left.get(record.kind, 0) - 1)
        self._connection.execute(
            "UPDATE original SET digest = ?, size = ?, counts = ?, data = ?, dialect = '' WHERE id = ?",
            (
                hashlib.sha256(native).digest(),
                len(native),
                msgspec.json.encode({kind: count for kind, count in left.items() if count}).decode(),
                self._packer.pack(native, slots),
                original,
            ),
        )
        self.rewritten += 1

    @staticmethod
    def _uid_of(slot: msgspec.Raw) -> str:
        head = _HEAD.decode(slot)
        return head.uid if head else ""

    def _is_of(self, record: Gone, original: int) -> bool:
        return one(self._connection, "SELECT 1 FROM record WHERE id = ? AND original = ?", (record.id, original)) is not None

    def _staying(self, original: int) -> list[int]:
        """The rows of records that stay and rest on the original."""
        found = {
            id
            for (id,) in rows(
                self._connection,
                "SELECT id FROM record WHERE original = ?1 AND slot IS NULL"
                " UNION SELECT record FROM version WHERE original = ?1 UNION SELECT record FROM witness WHERE original = ?1",
                (original,),
            )
        }
        row = one(self._connection, "SELECT data, size, pack, uid FROM original WHERE id = ?", (original,))
        if row and row[0] is not None:
            for slot in Frame(row[0], row[1]).records:
                uid = self._uid_of(slot)
                if uid:
                    sql = "SELECT id FROM record WHERE uid = ? AND original = ? AND slot IS NOT NULL"
                    found.update(id for (id,) in rows(self._connection, sql, (bytes.fromhex(uid), original)))
        elif row and row[2] is not None:
            sql = "SELECT id FROM record WHERE uid = ? AND original = ?"
            found.update(id for (id,) in rows(self._connection, sql, (row[3], original)))
        return sorted(found - self._going)

    def _others(self, ids: Sequence[int]) -> list[Record]:
        found = []
        for id in ids:
            row = one(self._connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))
            if row:
                found.append(decode(self._kept.data(*row)))
        return found

    def _drop(self, original: int) -> None:
        """An original leaves, wherever its bytes lie."""
        for table in ("witness", "sighting", "telling"):
            self._connection.execute(f"DELETE FROM {table} WHERE original = ?", (original,))
        row = one(self._connection, "SELECT pack, start, size, slot, data, digest FROM original WHERE id = ?", (original,))
        self._connection.execute("DELETE FROM original WHERE id = ?", (original,))
        if row is None:
            return
        pack, start, size, slot, data, digest = row
        self.dropped += 1
        if pack is not None:
            leave(self._connection, pack, [(start, size, slot)])
        elif data is None:
            self._drop_blob(digest)

    def _drop_blob(self, digest: bytes) -> None:
        held = "SELECT 1 FROM original WHERE digest = ? AND data IS NULL AND pack IS NULL"
        row = one(self._connection, "SELECT id, size FROM blob WHERE digest = ?", (digest,))
        if row and one(self._connection, held, (digest,)) is None:
            blobs.remove(self._connection, row[0])
            self.blobs += 1
            self.blob_bytes += row[1]

    def _leave(self, pack: int, originals: list[int]) -> None:
        """Originals leave their pack, all of them at once."""
        marks = ",".join("?" * len(originals))
        places = rows(self._connection, f"SELECT start, size, slot FROM original WHERE id IN ({marks})", tuple(originals))
        for table, column in (("witness", "original"), ("sighting", "original"), ("telling", "original"), ("original", "id")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", tuple(originals))
        leave(self._connection, pack, [(start, size, slot) for start, size, slot in places])
        self.dropped += len(places)

    def _empty(self, original: int, pack: int | None) -> None:
        """All bytes of an original go; its row stays for the records that rest on it."""
        place = one(self._connection, "SELECT start, size, slot, data, digest FROM original WHERE id = ?", (original,))
        self._connection.execute(
            "UPDATE original SET digest = ?, size = 0, data = NULL, pack = NULL, start = NULL, slot = NULL, dialect = ''"
            " WHERE id = ?",
            (secrets.token_bytes(32), original),
        )
        self.emptied += 1
        if place is None:
            return
        start, size, slot, data, digest = place
        if pack is not None:
            leave(self._connection, pack, [(start, size, slot)])
        elif data is None:
            self._drop_blob(digest)
