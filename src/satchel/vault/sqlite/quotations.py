"""Who quotes what is erased: found by the two indexes, told, and scrubbed where that is asked or the format says so.

A passage that was scrubbed is remembered as a keyed hash of its words, so that a stale copy of the record that quoted it is
scrubbed at the door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec
from msgspec.structs import replace

from satchel.codec import canonical, excise, mem_json
from satchel.errors import CanonicalError
from satchel.model.quotations import COMMON, Sought, passages, quoted, scrubbed_value, sought, words_of
from satchel.model.record import Original, Record
from satchel.model.spacing import spaced
from satchel.model.text import leaves, searchable
from satchel.vault.sqlite import asides, states
from satchel.vault.sqlite.blocks import Frame, Originals, Packer, leave
from satchel.vault.sqlite.connection import one, rows
from satchel.vault.sqlite.excision import Gone, load
from satchel.vault.sqlite.rows import decode, encode, keyed, replace_current

_INDEXES = ("text_index", "aside_index")
#: So many passages are known to have been asked for already; asking again finds the same.
_MET = 200_000


class Quoting(NamedTuple):
    """A record that quotes: its row, its uid, the format and the kind that it came as. ``says_the_same``: it holds the words
    and no others, as a witness of them, which is told and not scrubbed."""

    id: int
    uid: bytes
    kind: str
    platform: str
    source_kind: str
    of: bytes
    says_the_same: bool


def find(
    connection: apsw.Connection, kept: Originals, gone: Sequence[Gone], progress: Callable[[int], None] = lambda _count: None
) -> list[Quoting]:
    """The records that stay and quote one of these; ``progress`` is told of each that was looked at."""
    going = {record.id for record in gone}
    found: dict[int, Quoting] = {}
    met: set[int] = set()
    for record in gone:
        progress(1)
        for words in sorted(passages(*record.texts)):
            # Two that share a hash are asked for once: they would be one passage in 2**61.
            mark = hash(words)
            if mark in met:
                continue
            if len(met) >= _MET:
                met.clear()
            met.add(mark)
            others = _holding(connection, words, going)
            if len(others) > COMMON:
                continue
            for id in others:
                quoting = None if id in found else _quoting(connection, kept, id, sought([words]), record.uid)
                if quoting:
                    found[id] = quoting
    return list(found.values())


def _holding(connection: apsw.Connection, words: tuple[str, ...], going: set[int]) -> list[int]:
    """The rows whose index entries hold these words in a row; one more than COMMON at most."""
    # The whole passage: records that only begin as it does must not make it a common saying.
    phrase = spaced(" ".join(words).encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
    found: dict[int, None] = {}
    for index in _INDEXES:
        # As many as may be among those that go, and one more than is common.
        sql = f"SELECT rowid FROM {index} WHERE {index} MATCH ? LIMIT ?"
        for (id,) in rows(connection, sql, ('"' + phrase.replace('"', '""') + '"', COMMON + 1 + len(going))):
            if id not in going:
                found[id] = None
    return list(found)[: COMMON + 1]


def _quoting(connection: apsw.Connection, kept: Originals, id: int, wanted: Sought, of: bytes) -> Quoting | None:
    row = one(connection, "SELECT uid, kind, platform, data, slot, original FROM record WHERE id = ?", (id,))
    if row is None:
        return None
    uid, kind, platform, *data = row
    record = decode(kept.data(*data))
    title, text = searchable(record)
    texts = [title, text, asides.text_of(connection, id)]
    if not any(next(quoted(each, wanted), None) for each in texts if each):
        return None
    is_same = wanted.holds(tuple(word.word for word in words_of(text)))
    return Quoting(id, uid, kind, platform, record.origin.kind, of, is_same)


def scrub(
    connection: apsw.Connection,
    kept: Originals,
    secret: bytes,
    quoting: Sequence[Quoting],
    gone: Iterable[Gone],
) -> int:
    """Take the passages of what is gone out of these records, earlier states of them and kept bytes included; how many.

    The text index must be up to date.
    """
    if not quoting:
        return 0
    # Of all that goes, only what can stand in those that quote.
    known = {word for each in quoting for text in _all_said(connection, kept, each) for word, _, _ in words_of(text)}
    wanted = {words for record in gone for words in passages(*record.texts) if known.issuperset(words)}
    looked_for = sought(wanted)
    count = 0
    for each in quoting:
        held = _scrub_record(connection, kept, secret, each, looked_for)
        connection.execute("INSERT OR IGNORE INTO scrubbed (target) VALUES (?)", (each.uid,))
        for words in wanted & held:
            connection.execute(
                "INSERT OR IGNORE INTO passage (key, words) VALUES (?, ?)", (_passage_key(words, secret), len(words))
            )
        count += 1
    kept.forget()
    return count


def _all_said(connection: apsw.Connection, kept: Originals, each: Quoting) -> Iterator[str]:
    """Every string in which a passage may stand: of all states, of their kept bytes, and the text aside."""
    yield asides.text_of(connection, each.id)
    for state in states.states(connection, kept, each.id):
        yield from leaves(msgspec.json.decode(encode(state.record)))
    for original in _originals(connection, each.id):
        native = kept.native(original)
        if native is None:
            continue
        try:
            yield from leaves(mem_json.read(native))
        except (ValueError, CanonicalError, RecursionError):
            yield native.decode("utf-8", "replace")


def _originals(connection: apsw.Connection, id: int) -> list[int]:
    """The rows of all originals that a record was read from, the current one first."""
    sql = "SELECT original FROM {} WHERE {} = ?"
    places = (("record", "id"), ("version", "record"), ("witness", "record"), ("telling", "record"))
    return list(dict.fromkeys(of for table, by in places for (of,) in rows(connection, sql.format(table, by), (id,))))


def _scrub_record(
    connection: apsw.Connection, kept: Originals, secret: bytes, each: Quoting, looked_for: Sought
) -> set[tuple[str, ...]]:
    """Scrub one record; the passages that were found in it."""
    id = each.id
    data, slot, original, batch, version = rows(
        connection, "SELECT data, slot, original, batch, version FROM record WHERE id = ?", (id,)
    )[0]
    asides.remove(connection, id)
    before = decode(kept.data(data, slot, original))
    scrubbing = load(connection, kept, each.uid)
    if scrubbing is None:
        return set()
    found = _passages_in(leaves(msgspec.json.decode(encode(before))), looked_for)
    after = scrubbed_record(before, looked_for)
    held = _originals(connection, id)
    replace_current(
        connection, id, before, after, data=encode(after), original=original, batch=batch, version=version, secret=secret
    )
    for number, state in rows(connection, "SELECT version, data FROM version WHERE record = ?", (id,)):
        changed = encode(scrubbed_record(decode(state), looked_for))
        connection.execute("UPDATE version SET data = ? WHERE record = ? AND version = ?", (changed, id, number))
    for of in held:
        found |= _scrub_original(connection, kept, of, scrubbing, looked_for)
    kept.forget()
    asides.renew(connection, kept, id)
    return found


def _passages_in(strings: Iterable[str], looked_for: Sought) -> set[tuple[str, ...]]:
    return {
        tuple(word.word for word in words_of(text[start:end])) for text in strings for start, end in quoted(text, looked_for)
    }


def scrubbed_record(record: Record, looked_for: Sought) -> Record:
    """The record without the passages; its identity, times and links as they were."""
    value = msgspec.json.decode(encode(record))
    for name in ("body", "tags", "residue"):
        if name in value:
            value[name] = scrubbed_value(value[name], looked_for)
    made = decode(msgspec.json.encode(value))
    return replace(made, body=replace(made.body, **_shape(record)))


def _shape(record: Record) -> dict[str, Any]:
    """The members of a body that name other records or files: no text, whatever words they hold."""
    return {
        name: getattr(record.body, name)
        for name in ("source", "target", "parent", "current", "blob")
        if name in type(record.body).__struct_fields__
    }


def scrubbed_native(native: bytes, pointers: set[str], looked_for: Sought) -> bytes:
    """The bytes of a source object without the passages in the values that these pointers name. Those values are spelled anew,
    in the canonical JSON of bundles, where they change; where that cannot be told, nothing is left."""

    def change(data: bytes) -> bytes:
        value = mem_json.read(data)
        changed = scrubbed_value(value, looked_for)
        return data if changed == value else canonical.encode(changed, "mem")

    try:
        return change(native) if "" in pointers else excise.with_values(native, pointers, change) or excise.GAP
    except (ValueError, CanonicalError, RecursionError):
        return excise.GAP


def _scrub_original(
    connection: apsw.Connection, kept: Originals, original: int, scrubbing: Gone, looked_for: Sought
) -> set[tuple[str, ...]]:
    row = one(connection, "SELECT data, pack, start, size, slot FROM original WHERE id = ?", (original,))
    native = None if row is None else kept.native(original)
    if row is None or native is None:
        return set()
    data, pack, start, size, slot = row
    after = scrubbed_native(native, {state.native.pointer for state in scrubbing.states}, looked_for)
    slots: list[bytes] = []
    if data is not None:
        # Its state there is in its own row from now on.
        mark = b'"uid":"' + scrubbing.uid.hex().encode() + b'"'
        slots = [b"null" if mark in bytes(each)[:64] else bytes(each) for each in Frame(data, size).records]
    connection.execute(
        "UPDATE original SET digest = ?, size = ?, data = ?, pack = NULL, start = NULL, slot = NULL WHERE id = ?",
        (hashlib.sha256(after).digest(), len(after), Packer().pack(after, slots), original),
    )
    if pack is not None:
        leave(connection, pack, [(start, size, slot)])
    try:
        return _passages_in(leaves(mem_json.read(native)), looked_for)
    except (ValueError, CanonicalError, RecursionError):
        return set()


def _passage_key(words: tuple[str, ...], secret: bytes) -> bytes:
    return keyed(" ".join(words).encode("utf-8", "surrogatepass"), secret) or b""


def is_scrubbed(connection: apsw.Connection, uid: bytes) -> bool:
    """Whether a quotation was taken out of the record of this uid."""
    return one(connection, "SELECT 1 FROM scrubbed WHERE target = ?", (uid,)) is not None


def remembered(connection: apsw.Connection, secret: bytes) -> Sought:
    """The passages that were scrubbed, known by their hashes."""
    lengths = tuple(words for (words,) in rows(connection, "SELECT DISTINCT words FROM passage ORDER BY words DESC"))

    def holds(words: tuple[str, ...]) -> bool:
        return one(connection, "SELECT 1 FROM passage WHERE key = ?", (_passage_key(words, secret),)) is not None

    return Sought(lengths, holds)


def cleaned(original: Original, records: list[tuple[Record, bytes]], looked_for: Sought) -> tuple[Original, list[Any]]:
    """A source object at the door, and what was read of it, without the passages."""
    pointers = {record.native.pointer for record, _ in records}
    native = scrubbed_native(original.native, pointers, looked_for)
    after = [scrubbed_record(record, looked_for) for record, _ in records]
    return replace(original, native=native), [(record, encode(record)) for record in after]


def untitled(whole: Record, parts: Iterable[Record]) -> Record:
    """The record of a whole, such as a conversation, without the words of parts of it that go: products call a talk by what was
    said first in it, also where that is short."""
    texts = [text for part in parts for text in searchable(part) if text]
    title, _ = searchable(whole)
    called = tuple(word.word for word in words_of(title))
    wanted = passages(*texts)
    if called and any(called == tuple(word.word for word in words_of(text)) for text in texts):
        wanted.add(called)
    return scrubbed_record(whole, sought(wanted)) if wanted else whole


def untitle(connection: apsw.Connection, kept: Originals, secret: bytes, gone: Sequence[Gone]) -> tuple[list[bytes], list[str]]:
    """Take the words of what goes out of the wholes that stay, every state of them; their uids, and what they were called."""
    parts: dict[int, list[Gone]] = {}
    going = {record.id for record in gone}
    for record in gone:
        row = one(connection, "SELECT part_of FROM record WHERE id = ?", (record.id,))
        if row and row[0] and row[0] not in going:
            parts.setdefault(row[0], []).append(record)
    uids: list[bytes] = []
    called: list[str] = []
    for id, some in parts.items():
        said = [state for record in some for state in record.states]
        uid, data, slot, original, batch, version = rows(
            connection, "SELECT uid, data, slot, original, batch, version FROM record WHERE id = ?", (id,)
        )[0]
        before = decode(kept.data(data, slot, original))
        after = untitled(before, said)
        for number, state in rows(connection, "SELECT version, data FROM version WHERE record = ?", (id,)):
            earlier = decode(state)
            later = untitled(earlier, said)
            if later != earlier:
                called += searchable(earlier)
                sql = "UPDATE version SET data = ? WHERE record = ? AND version = ?"
                connection.execute(sql, (encode(later), id, number))
        if after != before:
            uids.append(uid)
            called += searchable(before)
            replace_current(
                connection,
                id,
                before,
                after,
                data=encode(after),
                original=original,
                batch=batch,
                version=version,
                secret=secret,
            )
    return uids, called
