"""Which records speak of a question."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.model.record import Link
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


def test_among_people_the_answer_stands_before_the_question(store: SqliteStore) -> None:
    asked = ("Ana", "Which strings does the cello have?")
    give(store, talk("1", [("Ana", "Hello."), asked, ("Bo", "Gut, all four, and a plain cello tailpiece.")]))
    assert texts(store, "cello")[0].startswith("Gut") and asked[1] in texts(store, "cello")


def test_what_follows_a_question_is_lifted_more_than_what_goes_before_it(store: SqliteStore) -> None:
    give(store, talk("1", [("Bo", "Earlier."), ("Ana", "Which strings does the cello have?"), ("Bo", "Gut.")]))
    give(store, talk("2", [("Bo", "Before."), ("Ana", "It is about the cello."), ("Bo", "After.")]))
    found = retrieve(store, question("cello strings", NOW))
    beside = {result.record.body.parts[0].text: result.evidence.neighbours for result in found}  # type: ignore[union-attr]
    assert beside["Gut."] > beside["Earlier."] and beside["After."] == beside["Before."]


def test_what_a_person_tells_an_assistant_stands_before_what_it_says(store: SqliteStore) -> None:
    """Also where it is asked in the same breath: there the question tells of the person."""
    give(
        store, talk("1", [("assistant", "A cello has strings?"), ("user", "hm"), ("x", "hm"), ("user", "A cello has strings?")])
    )
    by = [result.record.body for result in retrieve(store, question("cello strings", NOW))]
    assert [body.role for body in by][:2] == ["user", "assistant"]  # type: ignore[union-attr]


def test_places_of_a_talk_that_are_asked_for_together_give_each_its_neighbours(store: SqliteStore) -> None:
    """Far apart, near one another and beside one another: each turn beside a hit comes in, none beyond two places."""
    turns = [("user", f"filler{number}") for number in range(60)]
    for place in (0, 3, 10, 11, 40):
        turns[place] = ("user", "kayak")
    give(store, talk("1", turns))
    found = {result.record.body.position for result in retrieve(store, question("kayak", NOW))}  # type: ignore[union-attr]
    assert found == {at for place in (0, 3, 10, 11, 40) for at in range(place - 2, place + 3) if 0 <= at < 60}


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


def test_what_a_hit_rests_on_and_what_rests_on_it_come_along(store: SqliteStore) -> None:
    turns = talk("1", [("user", "Ours is called Bubbles."), ("user", "Rain again.")])
    drawn = memory("fact", "Owns a goldfish", links=(Link("derived_from", turns[1].uid),))
    give(store, turns, drawn, memory("other", "A long walk"))
    assert texts(store, "goldfish") == ["Owns a goldfish", "Ours is called Bubbles."]
    assert "Owns a goldfish" in texts(store, "Bubbles")


def test_what_everything_rests_on_is_not_lifted_by_it(store: SqliteStore) -> None:
    source = memory("source", "Diary of a year")
    give(store, source, *(memory(str(n), f"Goldfish {n}", links=(Link("evidence", source.uid),)) for n in range(30)))
    assert len(texts(store, "diary")) == 1


def test_talks_are_counted_anew_after_every_change(store: SqliteStore) -> None:
    give(store, talk("1", [("user", "tea"), ("user", "milk")]))
    assert store.talks() == (1, 2)
    with store.importing("tried", dry_run=True) as intake:
        assert store.talks() == (1, 2)
        intake.finish(())
    give(store, talk("2", [("user", "tea")]))
    assert store.talks() == (2, 3)
    store.undo(store.last_change())
    assert store.talks() == (1, 2)
