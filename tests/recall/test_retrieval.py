"""Which records speak of a question."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.recall.asking import question
from satchel.recall.retrieval import retrieve
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.recall.made import NOW, give, memory, talk


def texts(store: SqliteStore, asked: str) -> list[str]:
    found = retrieve(store, question(asked, NOW))
    return [getattr(result.record.body, "text", "") or result.record.body.parts[0].text for result in found]  # type: ignore[attr-defined]


def test_other_forms_of_a_word_are_found_and_the_rarer_word_counts_more(store: SqliteStore) -> None:
    give(
        store,
        memory("1", "She painted a sunrise"),
        memory("2", "He likes the lake"),
        *(memory(f"l{n}", f"A lake {n}") for n in range(9)),
    )
    assert texts(store, "What is she painting at the lake?")[0] == "She painted a sunrise"


def test_the_answer_beside_the_words_comes_along(store: SqliteStore) -> None:
    give(
        store, talk("1", [("user", "Which strings does your cello have?"), ("assistant", "Gut, all four."), ("user", "Nice.")])
    )
    assert texts(store, "cello strings")[:2] == ["Which strings does your cello have?", "Gut, all four."]


def test_who_is_named_is_heard_first(store: SqliteStore) -> None:
    give(store, talk("1", [("Ana", "I bought a kayak"), ("Bo", "hm"), ("user", "hm"), ("Bo", "I bought a kayak")]))
    (first, *_) = retrieve(store, question("What did Bo buy, a kayak?", NOW))
    assert first.record.body.author == "Bo" and first.evidence.speaker > 0  # type: ignore[union-attr]


def test_a_time_that_is_named_counts(store: SqliteStore) -> None:
    give(store, *(talk(str(n), [("user", "We met the plumber")], NOW - timedelta(days=n)) for n in (0, 9, 30)))
    (first, *_) = retrieve(store, question("When did we meet the plumber last week?", NOW))
    assert first.record.times.created == NOW - timedelta(days=9)


def test_nothing_to_be_found(store: SqliteStore) -> None:
    assert retrieve(store, question("anything", NOW)) == []
    give(store, memory("1", "tea"))
    assert retrieve(store, question("coffee", NOW)) == [] and retrieve(store, question("", NOW)) == []


@settings(max_examples=25, deadline=None)
@given(said=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=6), asked=st.text(max_size=30))
def test_any_question_of_any_vault_gets_records_that_are_there(said: list[str], asked: str) -> None:
    with trial_vault() as store:
        give(store, talk("1", [("user", text) for text in said]), *(memory(str(n), text) for n, text in enumerate(said)))
        found = retrieve(store, question(asked, NOW))
        assert len({result.record.uid for result in found}) == len(found)
        assert all(store.get(result.record.uid) == result.record and 0 < result.evidence.score <= 1 for result in found)
        scores = [result.evidence.score for result in found]
        assert scores == sorted(scores, reverse=True)
