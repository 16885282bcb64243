"""No word that left a text index is in any of its tables, and the index still answers right."""

from __future__ import annotations

import random
from collections.abc import Iterable

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.vault.sqlite import separators

_MAKE = """
CREATE VIRTUAL TABLE words USING fts5 (
    title, body, content='', tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co So'"
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
INSERT INTO words (words, rank) VALUES ('pgsz', 128);
"""


def made(texts: dict[int, str], chance: random.Random) -> apsw.Connection:
    """An index of small pages, in several segments."""
    connection = apsw.Connection(":memory:")
    connection.execute(_MAKE)
    ids = list(texts)
    chance.shuffle(ids)
    for at in range(0, len(ids), 50):
        with connection:
            connection.executemany(
                "INSERT INTO words (rowid, title, body) VALUES (?, '', ?)", [(id, texts[id]) for id in ids[at : at + 50]]
            )
    return connection


def remove(connection: apsw.Connection, texts: dict[int, str]) -> None:
    sql = "INSERT INTO words (words, rowid, title, body) VALUES ('delete', ?, '', ?)"
    connection.executemany(sql, list(texts.items()))


def swept(connection: apsw.Connection, texts: Iterable[str]) -> int:
    return separators.sweep(connection, "words", separators.words_of(connection, [text.encode() for text in texts]))


def holding(connection: apsw.Connection, part: bytes) -> int:
    """How many values of the index's tables hold these bytes."""
    return sum(
        part in (value.encode() if isinstance(value, str) else value)
        for table in ("words_idx", "words_data", "words_docsize", "words_config")
        for row in connection.execute(f"SELECT * FROM {table}")
        for value in row
        if isinstance(value, str | bytes)
    )


def test_a_word_that_begins_as_another_leaves_whole() -> None:
    texts = {2 * n + 1: f"w{n * 7919 % 10007:05d}" for n in range(3000)}
    longer = {id + 1: text + "xsecret" for id, text in texts.items()}
    connection = made({**texts, **longer}, random.Random(1))
    assert any(b"x" in bytes(term) for (term,) in connection.execute("SELECT term FROM words_idx"))
    with connection:
        remove(connection, longer)
        assert swept(connection, longer.values()) > 0
    assert holding(connection, b"xsecret") == 0
    assert not any(b"x" in bytes(term) for (term,) in connection.execute("SELECT term FROM words_idx"))
    connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    for id, text in texts.items():
        assert connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (text,)).fetchall() == [(id,)]


@settings(max_examples=60, deadline=None)
@given(
    stems=st.lists(st.text(alphabet="abc", min_size=1, max_size=4), min_size=30, max_size=300),
    seed=st.integers(0, 1 << 32),
    share=st.floats(0.05, 1),
)
def test_whatever_leaves_the_rest_is_found(stems: list[str], seed: int, share: float) -> None:
    chance = random.Random(seed)
    texts = {id: " ".join(chance.choices(stems, k=3)) for id in range(1, 200)}
    connection = made(texts, chance)
    leaving = {id: text for id, text in texts.items() if chance.random() < share}
    with connection:
        remove(connection, leaving)
        swept(connection, leaving.values())
    connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    left = {id: text for id, text in texts.items() if id not in leaving}
    words = {word for text in left.values() for word in text.split()}
    for word in set(stems):
        found = {id for (id,) in connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (f'"{word}"',))}
        assert found == {id for id, text in left.items() if word in text.split()}
    for (term,) in connection.execute("SELECT term FROM words_idx"):
        # Every separator is empty or the beginning of a word that is there.
        beginning = bytes(term).decode()[1:]
        assert not term or any(word.startswith(beginning) for word in words), beginning
    # And it goes on working.
    with connection:
        connection.execute("INSERT INTO words (rowid, title, body) VALUES (1000, '', 'abcabc again')")
        connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")


@pytest.mark.parametrize("texts", [[], [b""], [b"!!"], [b"elsewhere"]])
def test_nothing_to_do(texts: list[bytes]) -> None:
    connection = made({1: "here"}, random.Random(1))
    assert separators.sweep(connection, "words", separators.words_of(connection, texts)) == 0
