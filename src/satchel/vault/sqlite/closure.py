"""What goes with the records that were asked for, and what stays but is touched (model.erasure.How)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import apsw

from satchel.model.bodies import Message
from satchel.model.erasure import Closure, How, ReachedRecord, Request
from satchel.vault.sqlite import quotations
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.excision import Gone, find, reader
from satchel.vault.sqlite.rows import decode

#: What lives on when the scope that it is part of is forgotten.
FREE = ("conversation", "memory", "scope")
_FOUNDATIONS = "('derived_from', 'evidence')"
#: Messages that show a file by its name are looked for in so many places.
_SHOWN = 2_000


class Reaching:
    """A closure under way."""

    def __init__(
        self,
        connection: apsw.Connection,
        kept: Originals,
        request: Request,
        scrubs: Iterable[tuple[str, str]] = (),
        progress: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._scrubs = frozenset(scrubs)
        self._connection = connection
        self._kept = kept
        self._request = request
        self._redacts = request.mode == "redact"
        self._read = reader(connection, kept)
        self._progress = progress
        #: Uid → what it is and how it is reached, in the order of finding.
        self.going: dict[bytes, ReachedRecord] = {}
        #: Of those that go, the ones whose skeleton stays.
        self.skeletons: set[bytes] = set()
        self.gone: list[Gone] = []
        #: How many of them were asked what they join and show; by those, with the record that does.
        self._looked_at = 0
        self._ends: dict[bytes, bytes] = {}
        self._shown: dict[bytes, bytes] = {}
        self.quoting: list[quotations.Quoting] = []

    def run(self, named: Iterable[bytes], *, quoting: bool = True) -> None:
        """Follow everything from the records that were named; with ``quoting``, what quotes it too."""
        pending: list[tuple[bytes, How, str]] = [(uid, "named", "") for uid in named]
        if self._request.with_witnesses:
            pending += [(uid, "named", "") for named in list(pending) for uid in self._witnesses(named[0])]
        pending.reverse()
        while pending:
            uid, how, through = pending.pop()
            if uid in self.going:
                continue
            gone = find(self._connection, uid, self._read, stays=self._redacts and how in ("named", "derived"))
            if gone is None:
                continue
            if gone.stays:
                self.skeletons.add(uid)
            self.gone.append(gone)
            self.going[uid] = ReachedRecord(
                uid=uid.hex(),
                kind=gone.kind,
                how=how,
                platform=gone.platform,
                through=through,
            )
            pending += [(other, of, uid.hex()) for other, of in self._dependent(gone)]
            if not pending:
                pending += self._orphans()
        if not quoting:
            return
        self.quoting = quotations.find(self._connection, self._kept, self.gone, self._progress)
        again = [each.uid for each in self.quoting if each.says_the_same]
        if again and self._request.with_witnesses:
            self.run(again)

    def is_scrubbed(self, quoting: quotations.Quoting) -> bool:
        """Whether a quotation is taken out: of prose about everything always, of others where it is asked."""
        if (quoting.platform, quoting.source_kind) in self._scrubs:
            return True
        return self._request.quotations == "scrub" and not quoting.says_the_same

    def closure(self) -> Closure:
        """What was found, with what stays and is touched."""
        staying: dict[bytes, ReachedRecord] = {}
        wholes = self._called_by_them()
        for uid, (kind, platform, of) in wholes.items():
            staying[uid] = ReachedRecord(
                uid=uid.hex(), kind=kind, how="quotes", platform=platform, through=of.hex(), scrubbed=True
            )
        for each in self.quoting:
            if each.uid in wholes:
                continue
            manner: How = "witness" if each.says_the_same and not self.is_scrubbed(each) else "quotes"
            staying[each.uid] = ReachedRecord(
                uid=each.uid.hex(),
                kind=each.kind,
                how=manner,
                platform=each.platform,
                through=each.of.hex(),
                scrubbed=self.is_scrubbed(each),
            )
        for uid in self.going:
            for other, how in (*((other, "witness") for other in self._witnesses(uid)), *self._touched(uid)):
                if other not in self.going and other not in staying:
                    kind, platform = rows(self._connection, "SELECT kind, platform FROM record WHERE uid = ?", (other,))[0]
                    staying[other] = ReachedRecord(
                        uid=other.hex(),
                        kind=kind,
                        how=how,  # type: ignore[arg-type]
                        platform=platform,
                        through=uid.hex(),
                    )
        records = (*self.going.values(), *staying.values())
        return Closure(
            request=self._request,
            records=records,
            going=_counted(self.going.values()),
            staying=_counted(staying.values()),
        )

    def _called_by_them(self) -> dict[bytes, tuple[str, str, bytes]]:
        """The wholes that stay and have their titles from what goes: kind, platform, and a part of each."""
        going = {gone.id for gone in self.gone}
        parts: dict[int, list[Gone]] = {}
        for gone in self.gone:
            row = one(self._connection, "SELECT part_of FROM record WHERE id = ?", (gone.id,))
            if row and row[0] and row[0] not in going:
                parts.setdefault(row[0], []).append(gone)
        found: dict[bytes, tuple[str, str, bytes]] = {}
        for id, some in parts.items():
            sql = "SELECT uid, kind, platform, data, slot, original FROM record WHERE id = ?"
            uid, kind, platform, *data = rows(self._connection, sql, (id,))[0]
            whole = decode(self._kept.data(*data))
            if quotations.untitled(whole, [state for gone in some for state in gone.states]) != whole:
                found[uid] = (kind, platform, some[0].uid)
        return found

    def _dependent(self, gone: Gone) -> list[tuple[bytes, How]]:
        """What goes with one record: its parts, relations that end in it, what rests on nothing else."""
        found: list[tuple[bytes, How]] = []
        parts = "SELECT uid, kind FROM record WHERE part_of = ? ORDER BY id"
        for uid, kind in rows(self._connection, parts, (gone.id,)):
            if gone.kind != "scope" or kind not in FREE:
                found.append((uid, "derived"))
        linking = "SELECT r.uid, r.kind, l.type FROM link l JOIN record r ON r.id = l.record WHERE l.target = ? ORDER BY r.id"
        for uid, kind, type in rows(self._connection, linking, (gone.uid,)):
            if type == "part_of" and (gone.kind != "scope" or kind not in FREE):
                found.append((uid, "derived"))
            elif type in ("derived_from", "evidence"):
                if self._is_unfounded(uid):
                    found.append((uid, "unfounded"))
            elif type == "related_to" and kind == "relation" and not gone.stays:
                found.append((uid, "derived"))
        return found[::-1]

    def _is_unfounded(self, uid: bytes) -> bool:
        """Whether all that a record was drawn from goes or is gone."""
        sql = (
            "SELECT l.target, EXISTS (SELECT 1 FROM grave g WHERE g.target = l.target AND g.op = 'delete')"
            f" FROM link l WHERE l.record = (SELECT id FROM record WHERE uid = ?) AND l.type IN {_FOUNDATIONS}"
        )
        return all(is_buried or target in self.going for target, is_buried in rows(self._connection, sql, (uid,)))

    def _orphans(self) -> list[tuple[bytes, How, str]]:
        """Entities that only relations joined which go, and files that only messages show which go."""
        if self._redacts:
            return []
        found: dict[bytes, tuple[bytes, How, str]] = {}
        for gone in self.gone[self._looked_at :]:
            if gone.kind == "relation":
                for (uid,) in rows(self._connection, "SELECT target FROM link WHERE record = ?", (gone.id,)):
                    self._ends.setdefault(uid, gone.uid)
            elif gone.kind == "message":
                body = gone.states[-1].body
                for part in body.parts if isinstance(body, Message) else ():
                    if part.asset:
                        self._shown.setdefault(bytes.fromhex(part.asset), gone.uid)
        self._looked_at = len(self.gone)
        for is_lonely, near in ((self._is_lonely_entity, self._ends), (self._is_lonely_file, self._shown)):
            for uid, by in near.items():
                if uid not in self.going and is_lonely(uid):
                    found[uid] = (uid, "orphan", by.hex())
        return list(found.values())

    def _is_lonely_entity(self, uid: bytes) -> bool:
        if one(self._connection, "SELECT 1 FROM record WHERE uid = ? AND kind = 'entity'", (uid,)) is None:
            return False
        # That a vendor's list has it among others is no statement about it.
        linking = (
            "SELECT r.uid FROM link l JOIN record r ON r.id = l.record"
            " WHERE l.target = ? AND NOT (r.kind = 'foreign' AND l.type = 'related_to')"
        )
        return all(other in self.going for (other,) in rows(self._connection, linking, (uid,)))

    def _is_lonely_file(self, uid: bytes) -> bool:
        """Whether no message that stays shows the file; asked of the talks of those that go and of whoever names the file."""
        row = one(self._connection, "SELECT id, kind, data, slot, original, part_of FROM record WHERE uid = ?", (uid,))
        if row is None or row[1] != "document":
            return False
        name = decode(self._kept.data(*row[2:5])).body.name  # type: ignore[union-attr]
        talks = {gone.id for gone in self.gone if gone.kind == "conversation"} | ({row[5]} if row[5] else set())
        talks |= {
            part_of
            for gone in self.gone
            if gone.kind == "message"
            for (part_of,) in rows(self._connection, "SELECT part_of FROM record WHERE id = ?", (gone.id,))
            if part_of
        }
        candidates: dict[int, None] = {}
        for talk in talks:
            for (id,) in rows(self._connection, "SELECT id FROM record WHERE part_of = ? AND kind = 'message'", (talk,)):
                candidates[id] = None
        if name.strip():
            phrase = '"' + name.replace('"', '""') + '"'
            naming = f"SELECT rowid FROM text_index WHERE text_index MATCH ? LIMIT {_SHOWN}"
            candidates |= dict.fromkeys(id for (id,) in rows(self._connection, naming, (phrase,)))
        going = {gone.id for gone in self.gone}
        mark = b'"asset":"' + uid.hex().encode() + b'"'
        for id in candidates.keys() - going:
            data = one(self._connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))
            if data and mark in self._kept.data(*data):
                return False
        return True

    def _witnesses(self, uid: bytes) -> list[bytes]:
        """Other records that make the same statement."""
        sql = (
            "SELECT uid FROM record WHERE kind <> 'message' AND uid <> ?1"
            " AND content_key = (SELECT content_key FROM record WHERE uid = ?1 AND kind <> 'message') ORDER BY id"
        )
        return [other for (other,) in rows(self._connection, sql, (uid,))]

    def _touched(self, uid: bytes) -> list[tuple[bytes, str]]:
        """Records that stay and link to one that goes: they lose a foundation, or only the link."""
        sql = "SELECT r.uid, l.type FROM link l JOIN record r ON r.id = l.record WHERE l.target = ? ORDER BY r.id"
        return [
            (other, "witness" if type in ("derived_from", "evidence") else "touched")
            for other, type in rows(self._connection, sql, (uid,))
        ]


def _counted(records: Iterable[ReachedRecord]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for record in records:
        kinds = found.setdefault(record.how, {})
        kinds[record.kind] = kinds.get(record.kind, 0) + 1
    return found
