"""Forgetting, whole: the vault erases, and tombstones are written that leave with every Portable Memory bundle from then on.

A tombstone names the row that the record has, or would have, in a bundle, so that bundles exported before cannot bring it back
anywhere. It is signed with a key of the vault, holds no content, and says what was reached. The other formats have none (a
memory store's ``retracted`` statement keeps its content): there, what was erased is absent.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from satchel.adapters import registry as adapters
from satchel.adapters.base import Prepares
from satchel.errors import UsageError
from satchel.formats.portable_memory.kinds import DERIVED
from satchel.formats.portable_memory.lens import FOREIGN_KIND, FORMAT_NAME, ROW_KINDS, row_id
from satchel.formats.portable_memory.tombstones import SCRUBBED, made
from satchel.model.bodies import Document, Setting
from satchel.model.erasure import Closure, Erased, Stores
from satchel.model.ids import is_uuid
from satchel.model.record import Record, Tombstone
from satchel.trust.signatures import ED25519, PrivateKey
from satchel.vault.store import Store
from satchel.vault.values import Deceased, Forgetting, Tombs

#: The name of the key that is made where the vault has none that can sign tombstones.
KEY_NAMES = ("main", "tombstones")
#: How often ``forget`` tells of each record.
PASSES = 3
_PROSE = tuple((FORMAT_NAME, kind) for kind in SCRUBBED)
#: The list of a tombstone's ``derived`` block for a row's kind.
_LISTS = {kind: name for name, kind in DERIVED.items() if kind}


def preview(store: Store, asked: Forgetting, *, progress: Callable[[int], None] = lambda _count: None) -> Closure:
    """What forgetting this comes to; nothing is changed. ``progress`` is told of records that would go, as they are looked at.

    Raises:
        UsageError, NotFound: see ``Store.reach_of``.
    """
    return store.reach_of(msgspec.structs.replace(asked, scrubs=_PROSE), progress)


def forget(
    store: Store,
    asked: Forgetting,
    *,
    expected: Closure | None = None,
    at_once: bool = False,
    progress: Callable[[int], None] = lambda _count: None,
) -> Erased:
    """Forget it, in one transaction: for good, or where the owner set an undo window, for good when that ends.

    Args:
        expected: what ``preview`` gave: where the vault would do another thing by now, nothing is done.
        at_once: without a window, and without what earlier ones keep sealed.
        progress: is told of each record that goes, ``PASSES`` times.

    Raises:
        UsageError, NotFound: see ``Store.forget``.
    """
    key = _key(store)

    def tombs(change: int, at: datetime, going: Iterable[Deceased]) -> Callable[[Stores], Tombs]:
        by_uid: dict[str, Deceased] = {}
        rows: dict[str, list[tuple[str, str]]] = {}
        for each in going:
            rows[each.uid] = _rows(each)
            # What it says is not held.
            by_uid[each.uid] = each._replace(record=None, whole=None)
        return lambda stores: Tombs(_tombstones(store, change, at, by_uid, rows, stores, key), key.public.text)

    return store.forget(
        msgspec.structs.replace(asked, scrubs=_PROSE), tombs=tombs, expected=expected, at_once=at_once, progress=progress
    )


def _key(store: Store) -> PrivateKey:
    """The vault's key for tombstones; made as ``satchel keys create`` does where there is none."""
    used = {key.name: key.algorithm for key in store.signing_keys() if key.retired is None}
    for name in (*KEY_NAMES, *used):
        if used.get(name) == ED25519:
            return store.signing_key(name)
    name = next(name for name in KEY_NAMES if name not in used)
    store.create_signing_key(name)
    return store.signing_key(name)


def _tombstones(
    store: Store,
    change: int,
    at: datetime,
    by_uid: Mapping[str, Deceased],
    rows: Mapping[str, list[tuple[str, str]]],
    stores: Stores,
    key: PrivateKey,
) -> Iterator[tuple[str, Tombstone]]:
    """One for each record that was named, with what followed from it; and one for each that the lists of those do not hold."""
    derived: dict[str, dict[str, Any]] = {}
    #: By the record that was named: the uids of what went with it.
    followers: dict[str, list[str]] = {}
    named: list[tuple[Deceased, str, str]] = []
    shared = _shared(store, by_uid, rows)
    for each in by_uid.values():
        root = _root(each, by_uid)
        if each is not root and each.op == "delete":
            followers.setdefault(root.uid, []).append(each.uid)
        for kind, plain in rows[each.uid]:
            id = f"{plain}#{each.uid}" if plain in shared else plain
            list_name = _LISTS.get(kind)
            follows = (each is not root and each.op == "delete") or (kind == "chunk" and each.kind == "document")
            if list_name and follows:
                derived.setdefault(root.uid, {}).setdefault(list_name, []).append(id)
            elif each is not root and kind == "episodeLink":
                lists = derived.setdefault(root.uid, {})
                lists["episodeLinkCount"] = lists.get("episodeLinkCount", 0) + 1
            else:
                named.append((each, kind, id))
    reach = {"change": change, "at": at.isoformat(), **msgspec.to_builtins(stores)}
    for each, kind, id in named:
        yield (
            each.uid,
            made(
                kind,
                id,
                op=each.op,
                name=f"tomb_{secrets.token_hex(12)}",
                at=at,
                derived=derived.get(each.uid, {}),
                uids=[each.uid, *followers.get(each.uid, ())],
                reach=reach,
                key_of_vault=key.secret,
            ),
        )


def _shared(store: Store, by_uid: Mapping[str, Deceased], rows: Mapping[str, list[tuple[str, str]]]) -> set[str]:
    """The ids of rows that records which stay may have as well: a source's ids need not be unique in the world. There, theirs
    have the uid behind it (formats.portable_memory.export)."""
    doubted = {
        id: each.kind
        for each in by_uid.values()
        if each.format != FORMAT_NAME
        for _, id in rows[each.uid]
        if id == each.id and not is_uuid(id)
    }
    if not doubted:
        return set()
    standing = store.records(*dict.fromkeys(doubted.values()))
    # The skeleton of what is redacted is the same row, and no other's.
    return {record.origin.id for record in standing if record.origin.id in doubted and record.uid not in by_uid}


def _root(each: Deceased, by_uid: Mapping[str, Deceased]) -> Deceased:
    """The record that was named, by which this one was reached."""
    while each.through in by_uid:
        each = by_uid[each.through]
    return each


def _rows(each: Deceased) -> list[tuple[str, str]]:
    """The kinds and keys of the rows that the record has in a bundle."""
    if each.format == FORMAT_NAME:
        return [(each.source_kind, each.id)] if each.id else []
    assert each.record is not None
    record = _ready(each.record, each.whole)
    kind = ROW_KINDS.get(record.kind)
    if kind is None:
        return [(FOREIGN_KIND, record.uid)]
    if isinstance(record.body, Setting):
        # Its row is known by what it is called, which may tell; by its uid a bundle of ours is known again too.
        return [(FOREIGN_KIND, record.uid)]
    prepared = record.residue.get(FORMAT_NAME)
    own = prepared.get("id") if isinstance(prepared, Mapping) else None
    found = [(kind, own if isinstance(own, str) and own else row_id(record))]
    if isinstance(record.body, Document) and record.body.text:
        found.append(("chunk", f"chk_{record.uid}"))
    if record.kind == "relation":
        # One that does not join entities leaves whole.
        found.append((FOREIGN_KIND, record.uid))
    return found


def _ready(record: Record, whole: Record | None) -> Record:
    """The record with what its adapter says of its row, as an export asks for it."""
    if FORMAT_NAME in record.residue:
        return record
    adapter = _preparing(record.origin.format)
    if adapter is None:
        return record
    said = adapter.prepared(record, whole, FORMAT_NAME)
    return record if said is None else msgspec.structs.replace(record, residue={**record.residue, FORMAT_NAME: said})


@functools.cache
def _preparing(format: str) -> Prepares | None:
    """The adapter of that name, where it knows what bundles' own tools write."""
    try:
        found = adapters.get(format)
    except UsageError:
        return None
    return found if isinstance(found, Prepares) else None
