"""Search finds what was said, in any script, shows where, and tells each statement once."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from satchel.errors import UsageError
from satchel.model.record import Original, Times
from satchel.vault.sqlite import schema
from satchel.vault.sqlite.search import make_snippet, parse
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.vault.made import conversation, memory, moment
from tests.vault.state import dump_state


def fill(store: SqliteStore, *originals: Original) -> None:
    with store.importing("made") as intake:
        for original in originals:
            intake.put(original)
        intake.finish(())


def found(store: SqliteStore, words: str, **query: object) -> list[str]:
    return [hit.record.origin.id for hit in store.search(Query(words=words, **query)).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我喜欢在京都喝茶", "京都"),
        ("我喜欢在京都喝茶", "茶"),
        ("今日は自転車で行きます", "自転車"),
        ("カタカナのテスト", "テスト"),
        ("서울에서 만나요", "서울"),
        ("ผมชอบกินข้าวผัด", "ข้าว"),
        ("party 🎉time", "🎉"),
        ("the mechanic 👩🏽‍🔧 came", "👩‍🔧"),
        ("going to 🇯🇵 soon", "🇯🇵"),
        ("I ❤️ tea", "❤"),
        ("Crème brûlée für Zoë", "creme brulee"),
        ("CREME BRULEE", "crème"),
        ("ΟΔΥΣΣΕΑΣ", "οδυσσεας"),
        ("Привет, мир", "привет"),
        ("use snake_case_names here", "snake_case_names"),
        ("a NUL\0inside", "inside"),
    ],
)
def test_words_of_every_script_are_found_and_marked(store: SqliteStore, text: str, words: str) -> None:
    fill(store, memory("m", text), memory("other", "nothing of the kind"))
    result = store.search(Query(words=words))
    assert [hit.record.origin.id for hit in result.hits] == ["m"]
    (hit,) = result.hits
    assert hit.marks, "the snippet shows where"


def test_all_words_phrase_prefix_and_exclusion(store: SqliteStore) -> None:
    fill(store, memory("a", "green tea from Uji"), memory("b", "tea that is green"), memory("c", "greenish coffee"))
    assert sorted(found(store, "green tea")) == ["a", "b"]
    assert found(store, '"green tea"') == ["a"]
    assert sorted(found(store, "green*")) == ["a", "b", "c"]
    assert found(store, "tea -uji") == ["b"]


@pytest.mark.parametrize("words", ["  ", "-tea", '""', "- *", "'", "()"])
def test_nothing_to_search_for_is_a_usage_error(store: SqliteStore, words: str) -> None:
    with pytest.raises(UsageError):
        store.search(Query(words=words))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_no_text_is_an_operator(text: str) -> None:
    import apsw

    connection = apsw.Connection(":memory:")
    schema._run_v1(connection)
    from satchel.vault.sqlite.blocks import Originals
    from satchel.vault.sqlite.search import search

    with contextlib.suppress(UsageError):
        search(connection, Originals(connection), Query(words=text))


def test_filters(store: SqliteStore) -> None:
    def at(days: int) -> Times:
        return Times(created=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days))

    fill(store, memory("jan", "tea", times=at(0), tags=("hot",)), memory("feb", "more tea", times=at(31)))
    fill(store, conversation("talk", ["tea in a talk"]))
    since = datetime(2026, 1, 15, tzinfo=UTC)
    assert found(store, "tea", kinds=("memory",), since=since) == ["feb"]
    assert found(store, "tea", kinds=("memory",), until=since) == ["jan"]
    assert found(store, "tea", tags=("hot",)) == ["jan"]
    assert found(store, "tea", sources=("elsewhere",)) == []
    assert found(store, "tea", kinds=("message",)) == ["0"]


def test_a_message_without_a_time_is_found_by_its_conversations_time(store: SqliteStore) -> None:
    fill(store, conversation("talk", ["tea in a talk"], updated=0))
    assert found(store, "tea", since=moment(-10), until=moment(10)) == ["0"]
    assert found(store, "tea", since=moment(10)) == []


def test_the_same_statement_is_told_once_with_all_witnesses(store: SqliteStore) -> None:
    fill(store, memory("a", "Likes  green tea"), memory("b", "likes green tea"), memory("c", "likes black tea"))
    result = store.search(Query(words="tea"))
    assert result.total == 2
    assert sorted(len(hit.witnesses) for hit in result.hits) == [1, 2]


def test_pages_and_totals(store: SqliteStore) -> None:
    fill(store, *[memory(str(number), f"tea number {number}") for number in range(25)])
    first, last = store.search(Query(words="tea", limit=20)), store.search(Query(words="tea", limit=20, offset=20))
    assert (len(first.hits), len(last.hits), first.total, last.total) == (20, 5, 25, 25)
    assert store.search(Query(words="tea", offset=100)).total == 25


def test_better_matches_come_first(store: SqliteStore) -> None:
    fill(store, memory("long", "tea " + "and other things " * 200), memory("short", "tea, tea and tea"))
    assert found(store, "tea") == ["short", "long"]


def test_snippet_shows_the_place_in_a_long_text(store: SqliteStore) -> None:
    fill(store, memory("m", "padding words " * 400 + "the ΝΕΕΔΛΕ is here " + "more padding " * 400))
    (hit,) = store.search(Query(words="νεεδλε")).hits
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["ΝΕΕΔΛΕ"]
    assert len(hit.snippet) < 300
    assert "\n" not in hit.snippet


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=10))
@settings(max_examples=150, deadline=None)
def test_marks_lie_inside_the_snippet(text: str, words: str) -> None:
    try:
        terms = parse(words)
    except UsageError:
        return
    record = memory("m", text + words).read().records[0]
    snippet, marks = make_snippet(record, terms)
    assert all(0 <= start < end <= len(snippet) for start, end in marks)


def test_an_index_of_an_older_text_is_built_anew(store: SqliteStore) -> None:
    fill(store, memory("m", "green tea"), conversation("talk", ["black tea"]))
    before = dump_state(store)
    store.connection.execute("INSERT INTO text_index (text_index) VALUES ('delete-all')")
    store.connection.execute("UPDATE meta SET value = 0 WHERE name = 'text_version'")
    again = SqliteStore(store.connection, store._path)
    assert dump_state(again) == before
    assert [entry.operation for entry in again.audit()][-1] == "reindex"
    assert again.search(Query(words="tea")).total == 2


def test_without_words_all_that_pass_the_filters_newest_first(store: SqliteStore) -> None:
    def at(day: int) -> Times:
        return Times(created=datetime(2026, 1, day, tzinfo=UTC))

    fill(store, memory("old", "x", times=at(1)), memory("new", "y", times=at(9), tags=("t",)), memory("none", "z"))
    assert found(store, "") == ["new", "old", "none"]
    assert found(store, "", tags=("t",)) == ["new"]
    result = store.search(Query(words="", limit=1, offset=1))
    assert (result.total, result.hits[0].record.origin.id, result.hits[0].snippet) == (3, "old", "x")


def test_a_conversation_without_a_title_shows_how_it_begins(store: SqliteStore) -> None:
    fill(store, conversation("untitled", ["how it begins", "and goes on"], title=""))
    (hit,) = store.search(Query(words="", kinds=("conversation",))).hits
    assert hit.snippet == "how it begins"
