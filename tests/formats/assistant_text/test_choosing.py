"""The best statements of a group, each once, in bounded memory."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.formats.assistant_text.choosing import Candidate, Shelf, candidate, units
from satchel.formats.assistant_text.statements import Statement


def one(uid: str, text: str, weight: int = 0, kind: str = "memory") -> Candidate:
    rank = (weight, False, 0.0, 0.0, False, 0.0, uid)
    return candidate(Statement(uid, kind, text, "facts", rank, None, "", False), text, False)


def test_characters_are_counted_as_a_browser_does() -> None:
    assert [units(text) for text in ("", "abc", "漢字", "👩🏽\u200d💻", "\U00020000")] == [0, 3, 2, 7, 2]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 40)), max_size=60), st.integers(1, 200))
def test_a_shelf_holds_the_best_of_what_came(drawn: list[tuple[int, int, int]], room: int) -> None:
    items = [
        one(f"{number:03}", f"{word:02}" * (word % 5) + " " * size + "x", weight)
        for number, (weight, word, size) in enumerate(drawn)
    ]
    shelf = Shelf(room)
    for item in items:
        shelf.offer(item)
    kept = shelf.ranked()
    assert all(left.rank < right.rank for left, right in pairwise(kept))
    assert len({item.key for item in kept}) == len(kept)
    assert sum(item.weight for item in kept[:-1]) < 8 * room
    assert sum((item.kinds() for item in kept), shelf.dropped).total() == len(items)
    # A statement's best witness speaks for it, and nothing better than what is kept was dropped.
    best: dict[bytes, Candidate] = {}
    for item in sorted(items, key=lambda item: item.rank):
        best.setdefault(item.key, item)
    order = list(best.values())
    assert [item.statement.uid for item in kept] == [item.statement.uid for item in order[: len(kept)]]
    assert len(kept) == len(order) or sum(item.weight for item in kept) >= 8 * room


def test_twins_are_counted_by_kind() -> None:
    shelf = Shelf(100)
    for item in (one("b", "Likes  tea"), one("c", "likes tea", kind="instruction"), one("a", "LIKES TEA")):
        shelf.offer(item)
    (kept,) = shelf.ranked()
    assert kept.statement.uid == "a"
    assert kept.twins == Counter(memory=1, instruction=1)


def test_one_that_is_larger_than_the_shelf_stays_until_a_better_one_comes() -> None:
    shelf = Shelf(1)
    shelf.offer(one("b", "x" * 100))
    assert len(shelf.ranked()) == 1
    shelf.offer(one("a", "y" * 100))
    assert [item.statement.uid for item in shelf.ranked()] == ["a"]
    assert shelf.dropped == Counter(memory=1)
