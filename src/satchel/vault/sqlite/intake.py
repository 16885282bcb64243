"""An import under way: source objects come in, records are merged, all in one transaction.

Rules (DESIGN, "The record"; providers.md 3.1 f):

* the very bytes that the vault knows, read by the same reader, are unchanged, whatever else was imported since;
* a record that is not there is added, whatever the age of the source;
* a record that differs is replaced when the source object is not older than what the vault holds, and the version before it
  is kept; an older one is kept as an earlier version and never becomes the current one;
* what an export no longer has stays in the vault;
* a status that changes is taken as it comes, and told: a step that the life cycle has is counted, another is a finding;
* the very bytes that the vault knows, vouched for by a key that the owner trusts by now, make of what they are the only reading
  of ``verified`` where it was ``imported``. Nothing else of it changes, and nothing else rises.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import apsw
import msgspec
from msgspec.structs import replace

from satchel.errors import InputError, Place, SatchelError
from satchel.model.bodies import Message
from satchel.model.findings import Finding, from_error
from satchel.model.lifecycle import is_step
from satchel.model.record import Asset, Original, Reading, Record, Status, Tombstone
from satchel.model.text import searchable
from satchel.model.times import to_microseconds
from satchel.vault.findings import Findings
from satchel.vault.sqlite import asides, audit, beyond, blobs, distrusting, erasing, graves, packages, packs, vouchers
from satchel.vault.sqlite.arrivals import Arrivals
from satchel.vault.sqlite.blocks import Originals, Packer
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.door import Door
from satchel.vault.sqlite.rows import (
    add_details,
    content_key,
    decode,
    encode,
    keyed,
    replace_current,
    sort_time,
)
from satchel.vault.sqlite.texts import PendingTexts
from satchel.vault.values import Arrived, Batch, Counts, Outcome, SourceFile, Summary

_INSERT_RECORD = (
    "INSERT OR IGNORE INTO record (uid, kind, platform, created, part_of, position, content_key, original, batch, recorded,"
    " data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_MESSAGE = (
    "INSERT OR IGNORE INTO record (id, uid, kind, platform, created, part_of, position, content_key, original, batch,"
    " recorded, slot) VALUES (?, ?, 'message', ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class _Age(NamedTuple):
    """How a source object stands to those of the same uid that the vault holds; both False where times do not tell."""

    older: bool
    newer: bool


def _counts(kinds: dict[str, int]) -> str:
    return msgspec.json.encode(kinds).decode()


class SqliteIntake(Arrivals):
    """See satchel.vault.store.Intake. Lives inside one write transaction of ``connection``."""

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        label: str,
        at: datetime,
        secret: bytes,
        owner_id: str,
        passing: bool = False,
    ) -> None:
        self.owner_id = owner_id
        self._connection = connection
        self._secret = secret
        self._label = label
        self._at = at
        self._now = to_microseconds(at)
        connection.execute("INSERT INTO batch (kind, at, label) VALUES ('import', ?, ?)", (self._now, label))
        self.batch = connection.last_insert_rowid()
        self._sources: dict[str, int] = {}
        self._platforms: set[str] = set()
        self._counts: Counts = {}
        self._originals: dict[Outcome, int] = {}
        self._transitions: dict[str, int] = {}
        self._findings = Findings()
        self._blobs = self._blob_bytes = 0
        self._kept = Originals(connection)
        self._packer = Packer(shares=not passing)
        self._graves = graves.any_buried(connection)
        self._door = Door(
            connection,
            secret=secret,
            now=self._now,
            batch=self.batch,
            note=self.note,
            count=lambda kind: self._count(kind, "erased"),
        )
        self._tombstones = 0
        self._removed: dict[str, int] = {}
        self._quoting: dict[str, None] = {}
        #: Words of what tombstones took out, to be swept from the indexes at the end.
        self._gone_words: set[bytes] = set()
        self._texts = PendingTexts(connection)
        #: Small objects not yet merged.
        self._small: list[Original] = []
        self._small_bytes = 0
        self._arrived: Arrived | None = None
        self._noted: Callable[[Finding], None] | None = None
        self._was_empty = one(connection, "SELECT 1 FROM original LIMIT 1") is None

    def put(self, original: Original) -> None:
        """See Intake.put. A reader that fails is a finding; the bytes are kept all the same."""
        if original.small:
            self._small.append(original)
            self._small_bytes += len(original.native)
            if len(self._small) >= packs.PACKED or self._small_bytes >= packs.PACKED_BYTES:
                self._merge_small()
        else:
            self._merge_small()
            self._put(original)

    def _merge_small(self) -> None:
        """Merge the small objects that wait: those that the vault does not know all at once, the others one by one."""
        waiting, self._small, self._small_bytes = self._small, [], 0
        if not waiting:
            return
        uids = [bytes.fromhex(original.uid) for original in waiting]
        # In a vault that was empty, what is known came a moment ago: as a rule there is none, and adding finds it.
        met = set() if self._was_empty else packs.known(self._connection, uids)
        fresh: list[packs.Small] = []
        others: list[tuple[Original, list[tuple[Record, bytes]] | None]] = []
        for original, uid in zip(waiting, uids, strict=True):
            if uid in met:
                others.append((original, None))
                continue
            met.add(uid)
            records = self._read(original)
            if len(records) != 1 or records[0][0].uid != original.uid:
                others.append((original, records))
            elif self._graves and (admitted := self._door.admit(original, records)) is None:
                self._done("erased", original.uid, original.kind, original.place)
            else:
                if self._graves and admitted:
                    original, records = admitted
                record, data = records[0]
                fresh.append(packs.Small(original, record, data, record.kind, self._source(original.place.file)))
        if fresh and not packs.add(
            self._connection,
            self._packer,
            fresh,
            batch=self.batch,
            now=self._now,
            secret=self._secret,
            texts=self._texts,
        ):
            others = [*((small.original, [(small.record, small.data)]) for small in fresh), *others]
        elif fresh:
            self._platforms |= {small.record.provenance.platform for small in fresh}
            for kind, count in Counter([small.kind for small in fresh]).items():
                self._count(kind, "new", count)
            self._originals["new"] = self._originals.get("new", 0) + len(fresh)
            if self._arrived is not None:
                for small in fresh:
                    self._arrived(small.original.uid, small.original.kind, small.original.place, "new")
            self._texts.flush_when_full()
        for original, read in others:
            self._put(original, read)

    def _put(self, original: Original, read: list[tuple[Record, bytes]] | None = None) -> Outcome:
        """Keep one source object and merge its records; ``read`` where they have been read."""
        connection = self._connection
        uid = bytes.fromhex(original.uid)
        digest = hashlib.sha256(original.native).digest()
        known = rows(connection, "SELECT id, digest, reader, counts, updated FROM original WHERE uid = ?", (uid,))
        same = next((row for row in known if row[1] == digest), None)
        if same and same[2] == original.reader:
            risen = self._vouch(original, same[0]) if original.vouched else Counter[str]()
            self._note_voucher(original, same[0])
            outcome: Outcome = "updated" if risen else "unchanged"
            self._sight(same[0], outcome)
            for kind, count in msgspec.json.decode(same[3]).items():
                if risen[kind]:
                    self._count(kind, "updated", risen[kind])
                if count > risen[kind]:
                    self._count(kind, "unchanged", count - risen[kind])
            return self._done(outcome, original.uid, original.kind, original.place)
        records = self._read(original) if read is None else read
        if self._graves:
            admitted = self._door.admit(original, records)
            if admitted is None:
                return self._done("erased", original.uid, original.kind, original.place)
            if admitted.original.native != original.native:
                # What is kept is what was kept before, without what was erased.
                digest = hashlib.sha256(admitted.original.native).digest()
                same = next((row for row in known if row[1] == digest), None)
                if same and same[2] == original.reader:
                    self._note_voucher(original, same[0])
                    self._sight(same[0], "unchanged")
                    for record, _ in admitted.records:
                        self._count(record.kind, "unchanged")
                    return self._done("unchanged", original.uid, original.kind, original.place)
            original, records = admitted
        kinds: dict[str, int] = {}
        for record, _ in records:
            kinds[record.kind] = kinds.get(record.kind, 0) + 1
        updated = None if original.updated is None else to_microseconds(original.updated)
        times = [row[4] for row in known if row[4] is not None]
        age = _Age(
            older=updated is not None and any(time > updated for time in times),
            newer=updated is not None and all(time < updated for time in times),
        )
        messages = [] if known else [pair for pair in records if isinstance(pair[0].body, Message)]
        if same:
            id: int = same[0]
            connection.execute("UPDATE original SET reader = ?, counts = ? WHERE id = ?", (original.reader, _counts(kinds), id))
        else:
            id = self._insert_original(
                uid,
                digest,
                original.place,
                kind=original.kind,
                reader=original.reader,
                updated=updated,
                size=len(original.native),
                counts=kinds,
                data=self._packer.pack(original.native, [data for _, data in messages]),
                dialect=original.dialect,
            )
        self._note_voucher(original, id)
        rest = records if not messages else [pair for pair in records if not isinstance(pair[0].body, Message)]
        alone = len(records) == 1
        head = records[0][0].uid if alone else original.uid
        changed = self._merge_all(rest, id, age, original.place, head=head, alone=alone)
        if messages:
            changed = self._add_messages(messages, id, age, original.place) or changed
        self._texts.flush_when_full()
        outcome = "new" if not known else "older" if age.older else "updated" if changed else "unchanged"
        self._sight(id, outcome)
        return self._done(outcome, original.uid, original.kind, original.place)

    def _vouch(self, original: Original, id: int) -> Counter[str]:
        """Raise to ``verified`` what was read of these very bytes while nobody vouched for them; how many records of each kind.

        A record that was edited here, or says by now what another source says, is not what was signed.
        """
        connection = self._connection
        risen: Counter[str] = Counter()
        self._texts.flush()
        for read, _ in self._read(original, tell=False):
            row = one(
                connection,
                "SELECT id, version, batch, original, slot, data FROM record WHERE uid = ?",
                (bytes.fromhex(read.uid),),
            )
            if row is None or read.trust != "verified":
                continue
            record, version, batch, of, slot, inline = row
            before = self._kept.data(inline, slot, of)
            was = decode(before)
            now = replace(was, trust=read.trust)
            # Of the same bytes, links may be read otherwise by now: what they name may have come since.
            is_signed = now == read or (of == id and not was.touched and was.body == read.body)
            if was.trust != "imported" or not is_signed:
                continue
            connection.execute(
                "INSERT INTO version (record, version, batch, original, data) VALUES (?, ?, ?, ?, ?)",
                (record, version, batch, of, before),
            )
            replace_current(
                connection,
                record,
                was,
                now,
                data=encode(now),
                original=id,
                batch=self.batch,
                version=version + 1,
                secret=self._secret,
            )
            asides.renew(connection, self._kept, record)
            self._platforms.add(now.provenance.platform)
            risen[now.kind] += 1
        return risen

    def _note_voucher(self, original: Original, id: int) -> None:
        if original.vouched:
            vouchers.note(self._connection, [(id, original.vouched)])

    @property
    def has_graves(self) -> bool:
        """See Intake.has_graves."""
        return self._graves

    def bury(self, tombstone: Tombstone) -> None:
        """See Intake.bury."""
        self._merge_small()
        self._texts.flush()
        carried = packages.carried_count(self._connection)
        burial = graves.bury(self._connection, self._kept, tombstone, batch=self.batch, now=self._now, secret=self._secret)
        burials = [burial] if burial else []
        if tombstone.beyond:
            reached = beyond.carry_out(
                self._connection, self._kept, tombstone, batch=self.batch, now=self._now, secret=self._secret
            )
            burials.append(reached)
        self._tell_carried(carried, tombstone.place)
        self._tombstones += burial is not None
        for burial in burials:
            self._graves = True
            self._gone_words |= burial.words
            for each in burial.quoting:
                self._quoting[each.uid.hex()] = None
                text = f"record {each.uid.hex()[:12]} quotes what a tombstone erased, and was left as it is"
                self.note(Finding("quotes-erased", "warning", text, tombstone.place))
            for kind, count in burial.removed.items():
                self._removed[kind] = self._removed.get(kind, 0) + count

    def buried(self, uid: str) -> str:
        """See Intake.buried."""
        return self._door.buried(uid) if self._graves else ""

    def allow(self, ids: Sequence[str]) -> None:
        """See Intake.allow."""
        self._door.allow(ids)

    def said(self, uid: str) -> tuple[str, str] | None:
        """See Intake.said."""
        self._merge_small()
        row = one(self._connection, "SELECT data, slot, original FROM record WHERE uid = ?", (bytes.fromhex(uid),))
        return searchable(decode(self._kept.data(*row))) if row else None

    def put_asset(self, asset: Asset) -> Outcome:
        """See Intake.put_asset. A file that breaks off is a finding, and what was read of it is not kept."""
        self._merge_small()
        connection = self._connection
        if self._graves and not self._door.admits(asset.record, asset.place):
            return "erased"
        try:
            with connection, asset.open() as stream:
                digest, size, new = blobs.store(connection, stream)
        except InputError as error:
            self.note(from_error(error, place=asset.place))
            return "unchanged"
        if new:
            self._blobs += 1
            self._blob_bytes += size
        record = replace(asset.record, body=replace(asset.record.body, blob=digest.hex(), size_bytes=size))
        uid = bytes.fromhex(record.uid)
        known = rows(connection, "SELECT id, digest FROM original WHERE uid = ?", (uid,))
        same = next((row for row in known if row[1] == digest), None)
        if same:
            id: int = same[0]
        else:
            id = self._insert_original(
                uid,
                digest,
                asset.place,
                kind=record.origin.kind,
                reader="",
                updated=None,
                size=size,
                counts={record.kind: 1},
                data=None,
            )
        changed = self._merge_all([(record, encode(record))], id, _Age(older=False, newer=False), asset.place)
        outcome: Outcome = "new" if not known else "updated" if changed else "unchanged"
        self._sight(id, outcome)
        return self._done(outcome, record.uid, record.origin.kind, asset.place)

    def watch(self, arrived: Arrived | None, noted: Callable[[Finding], None]) -> None:
        """See Intake.watch."""
        self._arrived = arrived
        self._noted = noted

    def note(self, finding: Finding) -> None:
        """See Intake.note."""
        if self._noted is not None:
            self._noted(finding)
        self._findings.add(finding)

    def summary(self) -> Summary:
        """See Intake.summary."""
        self._merge_small()
        return Summary(
            counts=self._counts,
            findings=self._findings.all(),
            originals=self._originals,
            transitions=self._transitions,
            removed=self._removed,
            tombstones=self._tombstones,
            quoting=tuple(self._quoting),
            blobs=self._blobs,
            blob_bytes=self._blob_bytes,
        )

    def finish(self, files: tuple[SourceFile, ...]) -> Batch:
        """Write what is known only at the end; the caller commits."""
        connection = self._connection
        self._merge_small()
        self._texts.flush()
        erasing.sweep_words(connection, self._gone_words)
        for file in files:
            connection.execute(
                "UPDATE source SET size = ?, sha256 = ? WHERE id = ?",
                (file.size_bytes, bytes.fromhex(file.sha256) or None, self._source(file.name)),
            )
        self._hold_distrusted()
        summary = self.summary()
        platforms = tuple(sorted(self._platforms))
        connection.execute(
            "UPDATE batch SET platforms = ?, summary = ? WHERE id = ?",
            (msgspec.json.encode(platforms).decode(), msgspec.json.encode(summary), self.batch),
        )
        audit.append(
            connection,
            at=self._now,
            operation="import",
            batch=self.batch,
            detail=self._detail(),
        )
        return Batch(self.batch, "import", self._at, self._label, platforms, summary)

    def _hold_distrusted(self) -> None:
        for hold, count in distrusting.hold_arrivals(self._connection, self._kept, self.batch, now=self._now):
            text = "it came from a source that is in quarantine, or was drawn from it alone: no recall gives it"
            text += f" (satchel distrust --lift {hold} lifts the quarantine)"
            self.note(Finding("quarantined", "warning", text, outcome="noticed", count=count))

    def _detail(self) -> dict[str, Any]:
        """What the audit log says of the import."""
        detail = {"counts": self._counts, "originals": self._originals, "blobs": self._blobs}
        return {**detail, "tombstones": self._tombstones, "removed": self._removed} if self._tombstones else detail

    def _read(self, original: Original, *, tell: bool = True) -> list[tuple[Record, bytes]]:
        """What the reader makes of it, each record with its stored form. ``tell``: what it could not read, too."""
        try:
            reading = original.read()
            records = [(record, encode(record)) for record in reading.records]
        except SatchelError as error:
            records, reading = [], Reading(findings=(from_error(error, place=original.place),))
        except Exception as error:  # A reader of a third party, or a shape nobody met: told, and the rest goes on.
            text = f"the reader {original.reader} failed with {type(error).__name__}; the bytes are kept unread"
            finding = Finding("reader-failed", "error", text, original.place, "skipped")
            records, reading = [], Reading(findings=(finding,))
        for finding in reading.findings if tell else ():
            self.note(finding)
        return records

    def _insert_original(
        self,
        uid: bytes,
        digest: bytes,
        place: Place,
        *,
        kind: str,
        reader: str,
        updated: int | None,
        size: int,
        counts: dict[str, int],
        data: bytes | None,
        dialect: str = "",
    ) -> int:
        self._connection.execute(
            "INSERT INTO original (uid, digest, batch, source, kind, reader, element, updated, size, counts, data, dialect)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                uid,
                digest,
                self.batch,
                self._source(place.file),
                kind,
                reader,
                place.element,
                updated,
                size,
                _counts(counts),
                data,
                dialect,
            ),
        )
        return self._connection.last_insert_rowid()

    def _add_messages(self, messages: list[tuple[Record, bytes]], original: int, age: _Age, place: Place) -> bool:
        """Add the messages of an original that was not met before, all at once: as a rule none of them is known."""
        connection = self._connection
        first = self._next_id()
        added: list[tuple[object, ...]] = []
        texts: list[str] = []
        wholes: dict[str, int | None] = {}
        secret, batch, now = self._secret, self.batch, self._now
        for slot, (record, _) in enumerate(messages):
            whole = record.linked("part_of")
            if whole and whole not in wholes:
                wholes[whole] = self._row_of(whole)
            platform = record.provenance.platform
            self._platforms.add(platform)
            text = searchable(record)[1]
            texts.append(text)
            key = keyed(text.encode("utf-8", "surrogatepass"), secret)
            time = sort_time(record)
            part_of = wholes[whole] if whole else None
            position = record.body.position  # type: ignore[union-attr]
            uid = bytes.fromhex(record.uid)
            id = first + slot
            added.append((id, uid, platform, time, part_of, position, key, original, batch, now, slot))
        before = connection.total_changes()
        connection.executemany(_INSERT_MESSAGE, added)
        if connection.total_changes() - before < len(added):
            # Another original had one of them: each is looked at by itself.
            connection.execute("DELETE FROM record WHERE id >= ?", (first,))
            return self._merge_all(messages, original, age, place)
        add_details(connection, [(first + slot, record) for slot, (record, _) in enumerate(messages)])
        for slot, text in enumerate(texts):
            self._texts.add(first + slot, "", text)
        self._count("message", "new", len(messages))
        return True

    def _merge_all(
        self,
        records: list[tuple[Record, bytes]],
        original: int,
        age: _Age,
        place: Place,
        *,
        head: str = "",
        alone: bool = False,
    ) -> bool:
        """Merge records one by one; whether any was new or updated. ``head``: the record that stands for its original;
        ``alone``: it is all that the original says."""
        connection = self._connection
        changed = False
        for record, data in records:
            platform = record.provenance.platform
            self._platforms.add(platform)
            title, text = searchable(record)
            whole = record.linked("part_of")
            connection.execute(
                _INSERT_RECORD,
                (
                    bytes.fromhex(record.uid),
                    record.kind,
                    platform,
                    sort_time(record),
                    self._row_of(whole) if whole else None,
                    getattr(record.body, "position", None),
                    content_key(record, title, text, self._secret),
                    original,
                    self.batch,
                    self._now,
                    data,
                ),
            )
            if connection.changes():
                id = connection.last_insert_rowid()
                self._texts.add(id, title, text)
                add_details(connection, [(id, record)])
                if alone:
                    asides.renew(connection, self._kept, id)
                self._count(record.kind, "new")
                changed = True
            else:
                outcome = self._merge_known(record, data, original, age, place, is_head=record.uid == head)
                self._count(record.kind, outcome)
                changed = changed or outcome == "updated"
        return changed

    def _merge_known(self, record: Record, data: bytes, original: int, age: _Age, place: Place, *, is_head: bool) -> Outcome:
        connection = self._connection
        id, version, batch, of, slot, inline = rows(
            connection,
            "SELECT id, version, batch, original, slot, data FROM record WHERE uid = ?",
            (bytes.fromhex(record.uid),),
        )[0]
        before = self._kept.data(inline, slot, of)
        # What we read of it may be the same while its bytes say more than we read.
        restated = is_head and of != original and not age.older and self._is_restated(of, original)
        if before == data and not restated:
            if of != original:
                connection.execute("INSERT OR IGNORE INTO witness (record, original) VALUES (?, ?)", (id, original))
            return "unchanged"
        # An earlier state that comes again is a change back only when its source says that it is newer.
        earlier = None if restated else one(connection, "SELECT 1 FROM version WHERE record = ? AND data = ?", (id, data))
        if age.older or (earlier and not age.newer):
            if not earlier:
                self._keep_earlier(id, version, data, original)
            elif of != original:
                connection.execute("INSERT OR IGNORE INTO telling (record, original) VALUES (?, ?)", (id, original))
            return "older"
        connection.execute(
            "INSERT INTO version (record, version, batch, original, data) VALUES (?, ?, ?, ?, ?)",
            (id, version, batch, of, before),
        )
        self._texts.flush()
        was = decode(before)
        self._tell_step(was.status, record.status, place)
        replace_current(
            connection,
            id,
            was,
            record,
            data=data,
            original=original,
            batch=self.batch,
            version=version + 1,
            secret=self._secret,
        )
        asides.renew(connection, self._kept, id)
        return "updated"

    def _tell_step(self, was: Status, now: Status, place: Place) -> None:
        """Count a step of the life cycle, or tell of one that is none (portable-ai-memory.md 5.2)."""
        if was == now:
            return
        if is_step(was, now):
            step = f"{was} to {now}"
            self._transitions[step] = self._transitions.get(step, 0) + 1
        else:
            text = f"what was {was} is now {now}, a step that the life cycle does not have; it was taken as it came"
            self.note(Finding("status-step", "warning", text, place))

    def _is_restated(self, before: int, after: int) -> bool:
        """Whether an original is another state of the same source object, which came later."""
        sql = "SELECT 1 FROM original a JOIN original b ON b.uid = a.uid WHERE a.id = ? AND b.id = ? AND a.id < b.id"
        return one(self._connection, sql, (before, after)) is not None

    def _keep_earlier(self, id: int, version: int, data: bytes, original: int) -> None:
        """Put ``data`` behind the current version, which keeps its place as the newest."""
        connection = self._connection
        connection.execute(
            "INSERT INTO version (record, version, batch, original, data) VALUES (?, ?, ?, ?, ?)",
            (id, version, self.batch, original, data),
        )
        connection.execute("UPDATE record SET version = ? WHERE id = ?", (version + 1, id))

    def _flush_texts(self) -> None:
        self._merge_small()
        self._texts.flush()

    def _next_id(self) -> int:
        row = one(self._connection, "SELECT max(id) FROM record")
        return 1 + ((row[0] or 0) if row else 0)

    def _row_of(self, uid: str) -> int | None:
        row = one(self._connection, "SELECT id FROM record WHERE uid = ?", (bytes.fromhex(uid),))
        return row[0] if row else None

    def _source(self, name: str) -> int:
        id = self._sources.get(name)
        if id is None:
            self._connection.execute("INSERT INTO source (batch, name) VALUES (?, ?)", (self.batch, name))
            id = self._sources[name] = self._connection.last_insert_rowid()
        return id

    def _sight(self, original: int, outcome: Outcome) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO sighting (batch, original, outcome) VALUES (?, ?, ?)",
            (self.batch, original, outcome),
        )

    def _count(self, kind: str, outcome: Outcome, count: int = 1) -> None:
        kinds = self._counts.setdefault(kind, {})
        kinds[outcome] = kinds.get(outcome, 0) + count

    def _done(self, outcome: Outcome, uid: str, kind: str, place: Place) -> Outcome:
        if self._arrived is not None:
            self._arrived(uid, kind, place, outcome)
        self._originals[outcome] = self._originals.get(outcome, 0) + 1
        return outcome
