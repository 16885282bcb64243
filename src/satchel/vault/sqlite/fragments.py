"""What was erased, as fragments (model.fragments): made in the transaction that erases it, kept until a check has found nothing.

They are hashes under a key of the vault's own, in its encrypted file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apsw
import msgspec

from satchel.model.fragments import LEAST_WORD, Fragment, Marker, telling, unpacked
from satchel.model.record import Record
from satchel.model.spacing import spaced
from satchel.model.text import leaves, searchable
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one, our_errors, rows
from satchel.vault.sqlite.rows import decode

_TOKENS = ["remove_diacritics", "2", "categories", "L* N* Co So"]
_INSERT = "INSERT OR IGNORE INTO fragment (hash, change) VALUES (?, ?)"


class Keeper:
    """Makes and keeps the fragments of one change, inside its transaction."""

    def __init__(self, connection: apsw.Connection, secret: bytes, change: int) -> None:
        self._connection = connection
        self._change = change
        self._marker = Marker(secret)
        self._tokenise = connection.fts5_tokenizer("unicode61", _TOKENS)

    def add(self, record: Record, native: bytes | None) -> None:
        """What a record said that goes, in what was read of it and in its kept bytes."""
        title, text = searchable(record)
        self._keep(self._marker.of_texts(texts_of(record, native)) | self._words(title) | self._words(text))

    def add_texts(self, texts: Iterable[str]) -> None:
        """Other texts that go: a label, a quotation."""
        self._keep(self._marker.of_texts(telling(texts)))

    def add_file(self, chunks: Iterable[bytes]) -> None:
        """A file's bytes that go."""
        self._keep(self._marker.of_file(chunks))

    def _words(self, text: str) -> set[Fragment]:
        return {self._marker.word(word) for word in words_in(self._tokenise, text) if len(word) >= LEAST_WORD}

    def _keep(self, fragments: set[Fragment]) -> None:
        self._connection.executemany(_INSERT, [(fragment.packed(), self._change) for fragment in fragments])


def texts_of(record: Record, native: bytes | None) -> Iterator[str]:
    """The strings of a record that could be content: of its body, its tags, what other formats had it carry, its kept bytes."""
    body = msgspec.to_builtins(record.body)
    strings = leaves([*body.values(), list(record.tags), record.residue])
    if native:
        try:
            strings += leaves(msgspec.json.decode(native))
        except (msgspec.DecodeError, UnicodeDecodeError):
            strings.append(native.decode("utf-8", "replace"))
    yield from telling(strings)


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
    """Words among these that the full-text index has for a row of which they are no words; the row and the word."""
    with our_errors():
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab (main, text_index, row)")
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.places USING fts5vocab (main, text_index, instance)")
        met = [term for (term,) in connection.execute("SELECT term FROM temp.words") if marker.word(term) in words]
    tokenise = connection.fts5_tokenizer("unicode61", _TOKENS)
    for term in met:
        for (id,) in rows(connection, "SELECT DISTINCT doc FROM temp.places WHERE term = ?", (term,)):
            row = one(connection, "SELECT data, slot, original FROM record WHERE id = ?", (id,))
            if row is None or not any(term in words_in(tokenise, text) for text in searchable(decode(originals.data(*row)))):
                yield id, marker.word(term)


def words_in(tokenise: apsw.FTS5Tokenizer, text: str) -> set[str]:
    """The words of a text, as the full-text index has them."""
    data = spaced(text.encode("utf-8", "surrogatepass"))
    return set(tokenise(data, apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False))
