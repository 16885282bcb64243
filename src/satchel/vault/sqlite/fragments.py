"""What was erased, as fragments (model.fragments): made in the transaction that erases it, kept until a check finds nothing.

They are hashes under a key of the vault's own, in its encrypted file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import apsw
import msgspec

from satchel.codec.pointers import resolve_value
from satchel.errors import VaultDamaged
from satchel.model.fragments import LEAST_WORD, Fragment, Marker, telling, unpacked
from satchel.model.record import Record
from satchel.model.spacing import spaced
from satchel.model.text import leaves, searchable
from satchel.vault.sqlite import blobs, states
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, our_errors, rows
from satchel.vault.sqlite.excision import Gone
from satchel.vault.sqlite.rows import decode

_TOKENS = ["remove_diacritics", "2", "categories", "L* N* Co So"]
_FILE_CHUNK_BYTES = 64 << 10
#: A word that more records say than this is a common one.
_RARE = 20
_BLOBS = "SELECT digest FROM original WHERE uid = ? AND data IS NULL AND pack IS NULL"
_INSERT = "INSERT OR IGNORE INTO fragment (hash, change) VALUES (?, ?)"


#: A marker has tables to make.
_marker = lru_cache(maxsize=2)(Marker)


class Keeper:
    """Makes and keeps the fragments of one change, inside its transaction."""

    def __init__(self, connection: apsw.Connection, secret: bytes, change: int) -> None:
        self._connection = connection
        self._change = change
        self._marker = _marker(secret)
        self._tokenise = connection.fts5_tokenizer("unicode61", _TOKENS)

    def add(self, record: Record, native: Any) -> None:
        """A state of a record that goes: what was read of it, and its own member of its kept original (JSON, or a text)."""
        texts = set(texts_of(record))
        texts.update(telling(strings(native)))
        self._keep(self._marker.of_texts(texts) | self._words(*searchable(record)))

    def add_texts(self, texts: Iterable[str]) -> None:
        """Other texts that go: a label, a quotation."""
        self._keep(self._marker.of_texts(telling(texts)))

    def add_file(self, chunks: Iterable[bytes]) -> None:
        """A file's bytes that go."""
        self._keep(self._marker.of_file(chunks))

    def _words(self, *texts: str) -> set[Fragment]:
        words = {word for text in texts for word in words_in(self._tokenise, text)}
        return {self._marker.word(word) for word in words if len(word) >= LEAST_WORD}

    def _keep(self, fragments: set[Fragment]) -> None:
        self._connection.executemany(_INSERT, [(fragment.packed(), self._change) for fragment in fragments])


def remember(
    connection: apsw.Connection,
    kept: Originals,
    gone: Iterable[Gone],
    *,
    secret: bytes,
    change: int,
    progress: Callable[[int], None] = lambda _count: None,
) -> None:
    """Keep the fragments of records that go, while they are still there; ``progress`` is told of each."""
    keeper = Keeper(connection, secret, change)
    values = Values(kept)
    for record in gone:
        progress(1)
        for state in states.states(connection, kept, record.id):
            # The object as a whole holds what stays as well.
            alone = record.kind != "conversation"
            keeper.add(state.record, values.member(state.original, state.record.native.pointer) if alone else None)
        for (digest,) in rows(connection, _BLOBS, (record.uid,)):
            with blobs.open_blob(connection, digest.hex()) as stream:
                keeper.add_file(iter(partial(stream.read, _FILE_CHUNK_BYTES), b""))


class Values:
    """Kept originals as JSON values; the last one is held, for a conversation's messages come one after another."""

    def __init__(self, kept: Originals) -> None:
        self._kept = kept
        self._last: tuple[int, Any] = (0, None)

    def member(self, original: int, pointer: str) -> Any:
        """The member of an original that a pointer names; None where there is none, or where the original is a file."""
        if self._last[0] != original:
            self._last = (original, self._value(original))
        return resolve_value(self._last[1], pointer, _decoded)

    def _value(self, original: int) -> Any:
        try:
            native = self._kept.native(original)
        except VaultDamaged:
            return None
        return None if native is None else _decoded(native)


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data.decode("utf-8", "replace")


def strings(value: Any) -> list[str]:
    """The strings in a JSON value, or the one that it is."""
    return leaves(value) if isinstance(value, dict | list) else [value] if isinstance(value, str) else []


def texts_of(record: Record) -> Iterator[str]:
    """The strings of a record that could be content: of its body, its tags, what other formats had it carry."""
    # As JSON: there, every sequence is a list.
    said = msgspec.json.decode(msgspec.json.encode([record.body, record.tags, record.residue]))
    yield from telling(leaves(said))


def kept(connection: apsw.Connection) -> set[Fragment]:
    """All that are kept."""
    return {unpacked(data) for (data,) in rows(connection, "SELECT DISTINCT hash FROM fragment")}


def changes(connection: apsw.Connection) -> list[int]:
    """The changes whose fragments are kept."""
    return [change for (change,) in rows(connection, "SELECT DISTINCT change FROM fragment ORDER BY change")]


def drop(connection: apsw.Connection) -> int:
    """Keep them no longer; how many there were. Inside the caller's transaction."""
    connection.execute("DELETE FROM fragment")
    return int(connection.changes())


def stray_words(
    connection: apsw.Connection, originals: Originals, words: set[Fragment], marker: Marker
) -> Iterator[tuple[int, Fragment]]:
    """Words among these that the full-text index has for a row of which they are no words; the row and the word. A word that
    stands in many records tells nothing of one, and is not looked at."""
    with our_errors():
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab (main, text_index, row)")
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.places USING fts5vocab (main, text_index, instance)")
        rare = connection.execute("SELECT term FROM temp.words WHERE doc <= ?", (_RARE,))
        met = [term for (term,) in rare if marker.word(term) in words]
    by_row: dict[int, set[str]] = {}
    for term in met:
        for (id,) in rows(connection, "SELECT DISTINCT doc FROM temp.places WHERE term = ?", (term,)):
            by_row.setdefault(id, set()).add(term)
    tokenise = connection.fts5_tokenizer("unicode61", _TOKENS)
    # In the order of the rows: neighbours lie in one frame.
    for id, terms in sorted(by_row.items()):
        row = one(connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))
        if row is not None:
            for text in searchable(decode(originals.data(*row))):
                terms -= words_in(tokenise, text)
        yield from ((id, marker.word(term)) for term in terms)


def words_in(tokenise: apsw.FTS5Tokenizer, text: str) -> set[str]:
    """The words of a text, as the full-text index has them."""
    data = spaced(text.encode("utf-8", "surrogatepass"))
    found = tokenise(data, apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    return {word for word in found if isinstance(word, str)}
