"""A selection of records as a bundle."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.formats.base import Homeward, Progress, Selection, Since, Written
from satchel.formats.capsules import Capsule
from satchel.formats.portable_memory import capsules, embeddings, history, lineage, succession
from satchel.formats.portable_memory.bundle import REACHED
from satchel.formats.portable_memory.graves import key_of
from satchel.formats.portable_memory.increments import Increment
from satchel.formats.portable_memory.kinds import DERIVED
from satchel.formats.portable_memory.kinds import KINDS as ROWS
from satchel.formats.portable_memory.lens import (
    AS_ROW,
    FOREIGN_KIND,
    FORMAT_NAME,
    ROW_KINDS,
    Around,
    has_row,
    row_id,
    rows_of,
    whole,
)
from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.records import foundations, without_erased
from satchel.formats.portable_memory.tombstones import verdict
from satchel.formats.portable_memory.writer import GENERATOR, BundleWriter, Profile
from satchel.formats.secrets import CODE, TEXT, holds_secret
from satchel.formats.sorting import SortedLines
from satchel.model.bodies import KINDS, Document, Relation
from satchel.model.fields import fields_of
from satchel.model.ids import is_uuid, make_uid
from satchel.model.ledger import Ledger, Witness
from satchel.model.packages import CarriedFile
from satchel.model.record import Record
from satchel.trust.secrets import Secret

_BATCH = 256
_CHUNK_BYTES = 1 << 20
#: Records that rows refer to, held for the next row: a conversation for its messages.
_HELD = 1024
#: Kinds that say nothing but of what they link to.
_TELLING = ("relation", "foreign")
_WHOLE = "carried whole in a line of our own kind"


def write(
    selection: Selection,
    target: Path,
    progress: Progress | None = None,
    *,
    profile: Profile = "mem",
    signing_key: Secret | None = None,
    since: Since | None = None,
    riding: tuple[Capsule, ...] = (),
    witness: Witness | None = None,
) -> Written:
    """Write the selection as the bundle folder ``target``. The same selection gives the same bytes.

    Args:
        riding: capsules that it carries.
        since: only what is new since, as an increment; see ``increments``.
        witness: see ``formats.base.WriteOptions``.

    Raises:
        OutputError: ``target`` cannot be written; nothing of it was.
    """
    ledger = Ledger(witness)
    held = functools.lru_cache(_HELD)(selection.get)

    def ready(record: Record) -> Record:
        """The record with what its reader says of its row."""
        if FORMAT_NAME in record.residue:
            return record
        part_of = record.linked("part_of")
        said = selection.prepared(record, held(part_of) if part_of else None, FORMAT_NAME)
        return record if said is None else msgspec.structs.replace(record, residue={**record.residue, FORMAT_NAME: said})

    def get(uid: str) -> Record | None:
        record = held(uid)
        return None if record is None else ready(record)

    around = Around(selection.changed_at, lambda uid: _leaves(get(uid)), get, selection.buried, selection.buried_by_others)
    vectors = [] if since else embeddings.leaving(selection, ledger)
    head = _head(selection, since, vectors)
    after = since.change if since else 0
    increment = Increment(selection, after) if since else None
    pending = 0

    def count() -> None:
        nonlocal pending
        pending += 1
        if progress is not None and pending == _BATCH:
            progress(pending)
            pending = 0

    with BundleWriter(target, head, profile=profile) as writer:
        vendors = SortedLines(writer.spool)
        tombstones = list(selection.tombstones(FORMAT_NAME))
        # A part of a vault, too, names nothing that is not in it.
        scrub = bool(tombstones) or not selection.state.vault
        homeward = increment.homeward() if increment else selection.homeward(FORMAT_NAME)
        for found in homeward:
            _home(found, selection, writer, vendors, ledger, scrub=scrub)
            count()
        rows = Rows(writer, around, ledger, increment, selection)
        for states in selection.earlier(FORMAT_NAME, after):
            _put_earlier(states, selection, writer, ledger, increment)
        for kind in KINDS:
            for record in selection.records(kind, not_from=FORMAT_NAME):
                rows.put(ready(record))
                count()
        if increment is not None and increment.needs_entities:
            rows.put_needed(map(ready, selection.records("entity", not_from=FORMAT_NAME)), increment)
        for line in _once_each(tombstones):
            writer.add_tombstone_line(line)
        for line in vendors:
            name, _, rest = line.partition(b"\0")
            writer.add_foreign(name.decode(), [rest])
        if riding:
            writer.add_foreign(capsules.KIND, capsules.lines(riding))
        for row in history.rows(selection, after):
            writer.add_audit(row)
        reached = [line + b"\n" for line in increment.reached()] if increment else []
        if reached:
            writer.add_file(REACHED, reached)
        for file in vectors:
            with selection.open_carried(file) as stream:
                writer.add_file(file.name, iter(functools.partial(stream.read, _CHUNK_BYTES), b""))
        writer.finish(signing_key)
        if progress is not None:
            progress(pending)
        return Written(counts=dict(writer.counts), files=writer.files, size_bytes=writer.size_bytes, ledger=ledger)


def _is_hidden(record: Record | None) -> bool:
    return record is not None and not record.access.exportable


def _head(selection: Selection, since: Since | None, vectors: list[CarriedFile]) -> Head:
    return Head(
        created_at=selection.changed_at,
        generator=f"{GENERATOR}/{version('satchel')}",
        level="L1",
        mode="incremental" if since else "full",
        since=since.at if since else None,
        embedding_model=vectors[0].note["model"] if vectors else "",
        embedding_dim=vectors[0].note["dim"] if vectors else 0,
        foreign=lineage.member(selection.state, since),
    )


def _leaves(record: Record | None) -> bool:
    return record is not None and record.access.exportable


def _once_each(lines: list[bytes]) -> Iterator[bytes]:
    """One line for each tombstone's id: the one that somebody signed, or all that unsigned ones say was derived."""
    by_id: dict[str, list[bytes]] = {}
    for line in lines:
        by_id.setdefault(str(msgspec.json.decode(line)["id"]), []).append(line)
    for same in by_id.values():
        signed = [line for line in same if verdict(msgspec.json.decode(line)) in ("valid", "untrusted")]
        if signed or len(same) == 1:
            yield (signed or same)[0]
            continue
        rows = [msgspec.json.decode(line) for line in same]
        derived: dict[str, Any] = {}
        for row in rows:
            for name, value in row["derived"].items():
                held = derived.setdefault(name, value)
                if name in DERIVED:
                    derived[name] = max(held, value) if name.endswith("Count") else list(dict.fromkeys([*held, *value]))
        merged = {name: value for name, value in rows[0].items() if name != "signature"}
        yield canonical.encode({**merged, "derived": derived}, "mem")


def _home(
    found: Homeward, selection: Selection, writer: BundleWriter, vendors: SortedLines, ledger: Ledger, *, scrub: bool
) -> None:
    """Write what came in this format as the very bytes of its row; only references to what was erased are left out."""
    kind = found.source_kind.removeprefix(f"{FORMAT_NAME}.")
    if kind in ROWS:
        row = without_erased(kind, msgspec.json.decode(found.native), selection.buried) if scrub else None
        if row is None and found.dialect == "mem":
            writer.add_plain(kind, found.native)
        elif row is None:
            writer.add_line(kind, found.native)
        else:
            writer.add_line(kind, canonical.encode(row, "mem"))
            text = "a reference to what was erased was left out"
            ledger.field(found.kind, "references", "narrowed", "erased", text, uid=found.uid)
    else:
        # Vendors' lines keep their order.
        vendors.add(kind.encode() + b"\0%020d" % found.element, kind.encode() + b"\0" + found.native)
    ledger.record(found.kind, "accepted", uid=found.uid, kept=found.native)


def _put_earlier(
    states: list[Homeward], selection: Selection, writer: BundleWriter, ledger: Ledger, increment: Increment | None
) -> None:
    """Write what an edge or a fact said before it changed as superseded rows; one that came itself in a bundle is there. In an
    increment, where any of its states is new."""
    current = states[-1]
    kind = current.source_kind.removeprefix(f"{FORMAT_NAME}.")
    if kind not in succession.KINDS:
        return
    for row in succession.earlier_rows(kind, [msgspec.json.decode(state.native) for state in states]):
        uid = make_uid(FORMAT_NAME, kind, row["id"])
        parents, evidence = foundations(kind, row)
        rests = all(map(selection.buried, evidence)) if evidence else False
        if selection.get(uid) is None and not rests and not any(map(selection.buried, (uid, *parents))):
            writer.add(kind, without_erased(kind, row, selection.buried) or row)
            if increment is not None:
                increment.needs(kind, row)
            text = "an earlier statement, written as a superseded row"
            ledger.record(current.kind, "transformed", "superseded", text, uid=uid)


class Rows:
    """Writes the records of other sources as rows, in their order: the first of two that want one key has it. Of messages whose
    source gives ids within a talk alone, none has it: which comes first must not decide what a later bundle's row replaces."""

    def __init__(
        self, writer: BundleWriter, around: Around, ledger: Ledger, increment: Increment | None, selection: Selection
    ) -> None:
        self._selection = selection
        self._writer = writer
        self._around = around
        self._ledger = ledger
        self._increment = increment

    def put(self, record: Record) -> None:
        """A record that leaves, in an increment one that is new since."""
        if self._increment is None or self._increment.has_changed(record):
            self._put(record, self._ledger)
        elif has_row(record) and (record.kind == "setting" or FORMAT_NAME in record.residue):
            # Its row stands in an earlier bundle, under a key that is not its uid's: nobody else's row may have it.
            self._put(record, Ledger(), only_reserve=True)

    def put_needed(self, entities: Iterable[Record], increment: Increment) -> None:
        """In an increment, the entities that its edges join."""
        for record in entities:
            row = {"id": row_id(record)}
            if increment.needed(row) and not self._writer.has("entity", row):
                self._put(record, self._ledger)

    def _put(self, record: Record, ledger: Ledger, *, only_reserve: bool = False) -> None:
        kind, around, writer = record.kind, self._around, self._writer
        if not record.access.exportable:
            ledger.record(kind, "omitted", "not-exportable", "marked as not to be exported", of=record)
            return
        if holds_secret(record):
            ledger.record(kind, "omitted", CODE, TEXT, of=record)
            return
        whole_of = around.get(record.linked("part_of")) if kind == "message" else None
        if whole_of is not None and not whole_of.access.exportable:
            ledger.record(kind, "omitted", "not-exportable", "its conversation is not to be exported", of=record)
            return
        hidden = {link.to for link in record.links if kind != "message" and _is_hidden(around.get(link.to))}
        if hidden and kind in _TELLING:
            ledger.record(kind, "omitted", "not-exportable", "it tells of what is not to be exported", of=record)
            return
        if hidden:
            record = msgspec.structs.replace(record, links=tuple(link for link in record.links if link.to not in hidden))
            ledger.field(kind, "links", "lost", "not-exportable", "the other end is not to be exported", uid=record.uid)
        body = record.body
        if isinstance(body, Relation) and not (_is_entity(body.source, around) and _is_entity(body.target, around)):
            self._beside(record, "as-foreign", "an edge joins entities alone; carried whole", ledger)
        elif kind == "chunk" and not _has_row(around.get(record.linked("part_of"))):
            self._beside(record, "as-foreign", "a chunk needs the row of its document; carried whole", ledger)
        elif kind in ROW_KINDS and not has_row(record):
            text = f"{record.status}: its row would say that it holds; carried whole"
            self._beside(record, "no-longer-holds", text, ledger)
        elif kind in ROW_KINDS:
            for row_kind, row in rows_of(record, around, ledger):
                if around.buried_by_others(make_uid(FORMAT_NAME, row_kind, key_of(ROWS[row_kind], row))):
                    ledger.record(kind, "omitted", "erased", "a tombstone of this format names it", of=record)
                    return
                self._name_apart(row_kind, row, record)
                if only_reserve:
                    writer.reserve(row_kind, row)
                    continue
                writer.add(row_kind, row)
                if self._increment is not None:
                    self._increment.needs(row_kind, row)
            ledger.record(kind, "transformed", AS_ROW[kind], f"written as {ROW_KINDS[kind]}", of=record)
        else:
            self._beside(record, "as-foreign", "the format has no such kind; carried whole", ledger)

    def _beside(self, record: Record, code: str, text: str, ledger: Ledger) -> None:
        """Write a record whole, as a line of our own kind."""
        ledger.fields(record.kind, fields_of(record), "carried", "as-foreign", _WHOLE, uid=record.uid)
        if isinstance(record.body, Document) and record.body.blob:
            what = "the format holds a file's text and hash, not its bytes"
            ledger.field("document", "body.blob", "lost", "no-bytes", what, uid=record.uid)
        ledger.record(record.kind, "transformed", code, text, of=record)
        self._writer.add_foreign(FOREIGN_KIND, [whole(record)])

    def _name_apart(self, kind: str, row: dict[str, Any], record: Record) -> None:
        """Give the row another key where its own is empty or taken: sources do not share theirs, the format's kinds do."""
        name = ROWS[kind].key[0]
        own, number = row[name], 0
        if record.kind == "message" and own == record.origin.id and not is_uuid(own) and own in self._shared:
            row[name] = f"{own}#{record.uid}"
        while len(ROWS[kind].key) == 1 and (not row[name] or self._is_taken(kind, row)):
            number += 1
            row[name] = "#".join(part for part in (own, record.uid, str(number) if number > 1 else "") if part)

    @functools.cached_property
    def _shared(self) -> set[str]:
        """The ids that are no UUIDs and that several messages have; forgetting one names its row by the same rule."""
        met: set[str] = set()
        shared: set[str] = set()
        for record in self._selection.records("message", not_from=FORMAT_NAME):
            own = record.origin.id
            if own and not is_uuid(own):
                (shared if own in met else met).add(own)
        return shared

    def _is_taken(self, kind: str, row: dict[str, Any]) -> bool:
        uid = make_uid(FORMAT_NAME, kind, key_of(ROWS[kind], row))
        # A row that the owner forgot keeps its key for good.
        return self._writer.has(kind, row) or self._around.get(uid) is not None or self._around.buried(uid)


def _is_entity(uid: str, around: Around) -> bool:
    other = around.get(uid)
    return other is not None and other.kind == "entity" and _has_row(other)


def _has_row(record: Record | None) -> bool:
    return record is not None and record.access.exportable and has_row(record)
