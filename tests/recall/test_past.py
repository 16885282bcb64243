"""Recall as of an earlier moment: the states of then, found by the words of then."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from satchel.errors import Place
from satchel.model.record import Original, Reading, Record, Times
from satchel.move import forgetting
from satchel.recall import vectors
from satchel.recall.asking import question
from satchel.recall.past import as_of
from satchel.recall.pipeline import Asked, context
from satchel.recall.retrieval import retrieve
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting
from tests.recall.made import NOW, give, memory, talk
from tests.recall.test_vectors import Knowing

THEN = NOW - timedelta(days=100)


def at(days: int) -> datetime:
    return NOW - timedelta(days=days)


def lives(where: str, days: int) -> Record:
    return memory("home", f"Lives in {where}", times=Times(created=at(300), updated=at(days)))


def state(store: SqliteStore, record: Record) -> None:
    """A state of a record, as its source tells it."""
    original = Original(
        uid=record.uid,
        kind="made",
        native=msgspec.json.encode(record),
        place=Place(file="made"),
        reader="made/1",
        updated=record.times.updated,
        read=lambda: Reading(records=(record,)),
    )
    with store.importing("made") as intake:
        intake.put(original)
        intake.finish(())


def asked(store: SqliteStore, words: str, moment: datetime = THEN) -> list[str]:
    found = retrieve(as_of(store, moment), question(words, moment))
    return [each.record.body.text for each in found]  # type: ignore[union-attr]


def moved(store: SqliteStore) -> None:
    state(store, lives("Lisbon", 300))
    state(store, lives("Porto", 10))


def test_the_state_of_then_is_found_by_its_own_words(store: SqliteStore) -> None:
    moved(store)
    assert asked(store, "Lisbon") == ["Lives in Lisbon"] and asked(store, "Porto") == []
    assert asked(store, "lives") == ["Lives in Lisbon"]
    assert asked(store, "Porto", NOW) == ["Lives in Porto"] and asked(store, "Lisbon", NOW) == []


def test_a_context_shows_what_held(store: SqliteStore) -> None:
    moved(store)
    give(
        store,
        memory("later", "Lives with a dog", times=Times(created=at(5))),
        memory("over", "Lives on tea", times=Times(created=at(200), valid_to=at(50)), status="superseded"),
    )
    made = context(as_of(store, THEN), Asked(task="lives"), now=THEN)
    assert "Lisbon" in made.text and "on tea" in made.text
    assert "Porto" not in made.text and "dog" not in made.text
    present = context(store, Asked(task="lives"), now=NOW)
    assert "Porto" in present.text and "dog" in present.text and "on tea" not in present.text


def test_last_week_is_the_week_before_then(store: SqliteStore) -> None:
    give(store, talk("a", [("user", "We met the plumber")], at(107)))
    give(store, talk("b", [("user", "We met the plumber, again")], at(200)))
    found = retrieve(as_of(store, THEN), question("When did we meet the plumber last week?", THEN))
    assert found[0].evidence.time > 0 and found[0].record.times.created == at(107)
    give(store, talk("c", [("user", "We met the plumber once more")], at(1)))
    assert len(retrieve(as_of(store, THEN), question("plumber", THEN))) == 2


def test_what_is_forgotten_is_in_no_past(store: SqliteStore) -> None:
    moved(store)
    assert asked(store, "Lisbon") != []
    forgetting.forget(store, Forgetting(uids=(lives("", 1).uid,)))
    assert asked(store, "Lisbon") == [] and asked(store, "lives") == []
    assert store.connection.execute("SELECT count(*) FROM temp.held").fetchall() == [(0,)]


def test_vectors_are_of_the_present_and_speak_for_what_has_not_changed(store: SqliteStore) -> None:
    give(store, memory("1", "The automobile is blue", times=Times(created=at(300))))
    state(store, memory("2", "Lives with tea", times=Times(created=at(300), updated=at(300))))
    state(store, memory("2", "Lives with a vehicle", times=Times(created=at(300), updated=at(10))))
    vectors.make(store, embedder := Knowing(), "")
    sense = vectors.Sense(embedder)
    now = [each.record.origin.id for each in retrieve(store, question("car", NOW), sense=sense)]
    then = [each.record.origin.id for each in retrieve(as_of(store, THEN), question("car", THEN), sense=sense)]
    assert set(now) == {"1", "2"} and then == ["1"]
