"""What says nearly the same is listed, and left: with most of its words, in any order and form, rare ones first."""

from __future__ import annotations

import random

import pytest

from satchel.errors import Place
from satchel.model.bodies import Memory
from satchel.model.ids import make_uid
from satchel.model.record import Origin, Original, Provenance, Reading, Record
from satchel.move import forgetting
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting

SAID = "Zorblax the tortoise sleeps behind the boiler every winter"
NEAR = {
    "order": "Every winter the tortoise Zorblax is sleeping behind the boiler",
    "shorter": "Zorblax the tortoise slept behind that boiler",
    "accents": "Zörblax, the tórtoise, sleeps behind a boiler in winter",
    "longer": "I told you that Zorblax the tortoise sleeps behind the boiler every winter, and the cat as well",
}
FAR = {
    "other": "The tortoise of my neighbour eats salad in the garden",
    "words": "every winter the",
    "elsewhere": "Behind the boiler there is a box with candles for every winter evening",
    "unrelated": "Likes tea with lemon in the morning",
}


def put(store: SqliteStore, texts: dict[str, str]) -> dict[str, str]:
    uids = {}
    with store.importing("said") as intake:
        for name, text in texts.items():
            uids[name] = uid = make_uid("made", "memory", name)
            made = Record(
                uid=uid,
                body=Memory(text=text),
                origin=Origin(format="made", id=name, kind="made.memory"),
                provenance=Provenance(platform="made"),
            )
            intake.put(
                Original(
                    uid=uid,
                    kind="made.memory",
                    native=text.encode(),
                    place=Place("made.txt"),
                    reader="made/1",
                    updated=None,
                    read=lambda made=made: Reading((made,)),  # type: ignore[misc]
                    small=True,
                )
            )
        intake.finish(())
    return uids


@pytest.fixture
def uids(store: SqliteStore) -> dict[str, str]:
    """Many records that share common words, and the ones that matter among them."""
    chance = random.Random(5)
    common = ["the", "every", "winter", "behind", "garden", "morning", "evening", "with", "there", "box", "salad", "tea"]
    filler = {f"filler-{number}": " ".join(chance.sample(common, 8)) for number in range(300)}
    return put(store, {"said": SAID, **NEAR, **FAR, **filler})


def test_what_is_near_and_nothing_else(store: SqliteStore, uids: dict[str, str]) -> None:
    found = store.near_duplicates([uids["said"]])
    assert {near.uid for near in found} == {uids[name] for name in NEAR}
    assert all(near.of == uids["said"] and 0.4 <= near.share <= 1 for near in found)
    assert [near.share for near in found] == sorted((near.share for near in found), reverse=True)


def test_what_is_known_is_left_out_and_nothing_is_changed(store: SqliteStore, uids: dict[str, str]) -> None:
    before = store.count()
    assert uids["order"] not in {near.uid for near in store.near_duplicates([uids["said"]], [uids["order"]])}
    assert store.near_duplicates([uids["words"]]) == [], "three common words are no statement"
    assert store.near_duplicates(["00" * 20]) == []
    assert store.count() == before


def test_forgetting_leaves_what_is_near(store: SqliteStore, uids: dict[str, str]) -> None:
    forgetting.forget(store, Forgetting(uids=(uids["said"],)))
    assert all(store.get(uids[name]) is not None for name in NEAR)
    # And nothing is kept by which it could be found again.
    assert store.near_duplicates([uids["said"]]) == []


def test_scripts_without_spaces(store: SqliteStore) -> None:
    texts = {
        "said": "我们的乌龟佐布拉克斯每年冬天都睡在锅炉后面",
        "near": "每年冬天乌龟佐布拉克斯都睡在锅炉后面",
        "far": "早上喜欢喝柠檬茶",
    }
    uids = put(store, texts)
    assert [near.uid for near in store.near_duplicates([uids["said"]])] == [uids["near"]]
