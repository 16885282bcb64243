"""A selection of records as a bundle."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.formats.base import Homeward, Progress, Selection, Written
from satchel.formats.portable_memory.graves import key_of
from satchel.formats.portable_memory.kinds import KINDS as ROWS
from satchel.formats.portable_memory.lens import FOREIGN_KIND, FORMAT_NAME, ROW_KINDS, Around, rows_of, whole
from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.records import without_erased
from satchel.formats.portable_memory.tombstones import verdict
from satchel.formats.portable_memory.writer import GENERATOR, BundleWriter, Profile
from satchel.formats.sorting import SortedLines
from satchel.model.bodies import KINDS, Relation
from satchel.model.ids import make_uid
from satchel.model.ledger import Ledger
from satchel.model.record import Record
from satchel.trust.secrets import Secret

_BATCH = 256
#: Records that rows refer to, held for the next row: a conversation for its messages.
_HELD = 1024
#: Kinds that say nothing but of what they link to.
_TELLING = ("relation", "foreign")


def write(
    selection: Selection,
    target: Path,
    progress: Progress | None = None,
    *,
    profile: Profile = "mem",
    signing_key: Secret | None = None,
) -> Written:
    """Write the selection as the bundle folder ``target``. The same selection gives the same bytes.

    Raises:
        OutputError: ``target`` cannot be written; nothing of it was.
    """
    ledger = Ledger()
    get = functools.lru_cache(_HELD)(selection.get)
    around = Around(selection.changed_at, lambda uid: _leaves(get(uid)), get, selection.buried)
    head = Head(created_at=selection.changed_at, generator=f"{GENERATOR}/{version('satchel')}", level="L1")
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
        for found in selection.homeward(FORMAT_NAME):
            _home(found, selection, writer, vendors, ledger, scrub=bool(tombstones))
            count()
        for kind in KINDS:
            for record in selection.records(kind, not_from=FORMAT_NAME):
                _put(record, writer, around, ledger)
                count()
        for line in _once_each(tombstones):
            writer.add_tombstone_line(line)
        for line in vendors:
            name, _, rest = line.partition(b"\0")
            writer.add_foreign(name.decode(), [rest])
        writer.finish(signing_key)
        if progress is not None:
            progress(pending)
        return Written(counts=dict(writer.counts), files=writer.files, size_bytes=writer.size_bytes, ledger=ledger)


def _is_hidden(record: Record | None) -> bool:
    return record is not None and not record.access.exportable


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
                held = derived.get(name)
                derived[name] = (
                    list(dict.fromkeys([*(held or ()), *value])) if isinstance(value, list) else max(held or 0, value)
                )
        merged = {name: value for name, value in rows[0].items() if name != "signature"}
        yield canonical.encode({**merged, "derived": derived}, "mem")


def _home(
    found: Homeward, selection: Selection, writer: BundleWriter, vendors: SortedLines, ledger: Ledger, *, scrub: bool
) -> None:
    """Write what came in this format as the very bytes of its row; only references to what was erased are left out."""
    kind = found.source_kind.removeprefix(f"{FORMAT_NAME}.")
    if kind in ROWS:
        row = without_erased(kind, msgspec.json.decode(found.native), selection.buried) if scrub else None
        if row is None:
            writer.add_line(kind, found.native)
        else:
            writer.add_line(kind, canonical.encode(row, "mem"))
            ledger.field(found.kind, "references", "narrowed", "erased", "a reference to what was erased was left out")
    else:
        # Vendors' lines keep their order.
        vendors.add(kind.encode() + b"\0%020d" % found.element, kind.encode() + b"\0" + found.native)
    ledger.record(found.kind, "accepted")


def _put(record: Record, writer: BundleWriter, around: Around, ledger: Ledger) -> None:
    kind = record.kind
    if not record.access.exportable:
        ledger.record(kind, "omitted", "not-exportable", "marked as not to be exported")
        return
    whole_of = around.get(record.linked("part_of")) if kind == "message" else None
    if whole_of is not None and not whole_of.access.exportable:
        ledger.record(kind, "omitted", "not-exportable", "its conversation is not to be exported")
        return
    hidden = {link.to for link in record.links if kind != "message" and _is_hidden(around.get(link.to))}
    if hidden and kind in _TELLING:
        ledger.record(kind, "omitted", "not-exportable", "it tells of what is not to be exported")
        return
    if hidden:
        record = msgspec.structs.replace(record, links=tuple(link for link in record.links if link.to not in hidden))
        ledger.field(kind, "links", "lost", "not-exportable", "the other end is not to be exported")
    body = record.body
    if isinstance(body, Relation) and not (_is_entity(body.source, around) and _is_entity(body.target, around)):
        ledger.record(kind, "transformed", "as-foreign", "an edge joins entities alone; carried whole")
    elif kind in ROW_KINDS:
        for row_kind, row in rows_of(record, around, ledger):
            if around.buried(make_uid(FORMAT_NAME, row_kind, key_of(ROWS[row_kind], row))):
                ledger.record(kind, "omitted", "erased", "a tombstone of this format names it")
                return
            _name_apart(row_kind, row, record, writer)
            writer.add(row_kind, row)
        ledger.record(kind, "transformed", f"as-{ROW_KINDS[kind]}", f"written as {ROW_KINDS[kind]}")
        return
    else:
        ledger.record(kind, "transformed", "as-foreign", "the format has no such kind; carried whole")
    writer.add_foreign(FOREIGN_KIND, [whole(record)])


def _name_apart(kind: str, row: dict[str, Any], record: Record, writer: BundleWriter) -> None:
    """Give the row another key where its own is empty or taken: sources do not share theirs, the format's kinds do."""
    name = ROWS[kind].key[0]
    own, number = row[name], 0
    while len(ROWS[kind].key) == 1 and (not row[name] or writer.has(kind, row)):
        number += 1
        row[name] = "#".join(part for part in (own, record.uid, str(number) if number > 1 else "") if part)


def _is_entity(uid: str, around: Around) -> bool:
    other = around.get(uid)
    return other is not None and other.kind == "entity" and other.access.exportable
