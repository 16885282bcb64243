"""Units find their counterparts."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from satchel.move.semantic.alignment import groups, same

_UNIT = st.lists(st.sampled_from("abcdefgh"), min_size=0, max_size=5).map(Counter)


def _units(*texts: str) -> list[Counter[str]]:
    return [Counter(text.split()) for text in texts]


def test_the_same_are_met_first_and_as_often_as_both_have_them() -> None:
    assert same(["a", "b", "a"], ["a", "a", "c"]) == [(0, 0), (2, 1)]


def test_the_most_alike_are_paired() -> None:
    found = groups(_units("red cat sleeps", "blue dog barks"), _units("dog barks loud", "cat sleeps well"))
    assert [(group.before, group.after) for group in found] == [((0,), (1,)), ((1,), (0,))]


def test_what_was_put_together_is_one_group() -> None:
    found = groups(_units("cat sleeps here", "dog barks there"), _units("cat sleeps here dog barks there"))
    assert [(group.before, group.after) for group in found] == [((0, 1), (0,))]


def test_what_is_left_over_has_no_counterpart() -> None:
    found = groups(_units("cat sleeps", "sky green"), _units("cat sleeps well"))
    assert [(group.before, group.after) for group in found] == [((0,), (0,)), ((1,), ())]


@given(st.lists(_UNIT, max_size=8), st.lists(_UNIT, max_size=8))
def test_each_unit_is_in_one_group(before: list[Counter[str]], after: list[Counter[str]]) -> None:
    found = groups(before, after)
    assert sorted(number for group in found for number in group.before) == list(range(len(before)))
    assert sorted(number for group in found for number in group.after) == list(range(len(after)))
