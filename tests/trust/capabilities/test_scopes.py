"""Which items a scope selects, and that one lies within another only where it truly does."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.model.components import COMPONENTS, Item
from satchel.trust.capabilities.scopes import Components, Entries, Everything, Scope, Tags, is_empty, is_within, permits
from tests.trust.capabilities.made import items, scopes, tag_scopes


def item(component: str, *tags: str, id: str = "blake3:1") -> Item:
    return Item(frozenset([id]), component, frozenset(tags))  # type: ignore[arg-type]


@pytest.mark.row("TOK-05")
def test_listed_entries_are_exactly_those() -> None:
    scope = Entries(frozenset(["blake3:1", "blake3:2"]))
    assert permits(scope, item("semantic", id="blake3:2"))
    assert not permits(scope, item("semantic", id="blake3:3"))
    assert not permits(scope, item("semantic", id="BLAKE3:1"))
    assert not permits(Entries(frozenset()), item("semantic"))


@pytest.mark.row("TOK-06")
@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_that_alone(name: str) -> None:
    scope = Components(frozenset([name]))
    assert [each for each in (*COMPONENTS, "") if permits(scope, item(each))] == [name]


@pytest.mark.row("TOK-07")
@pytest.mark.parametrize(
    ("operator", "tags", "held", "selected"),
    [
        ("any_of", "ab", "b", True),
        ("any_of", "ab", "c", False),
        ("any_of", "ab", "", False),
        ("any_of", "", "a", False),
        ("all_of", "ab", "abc", True),
        ("all_of", "ab", "a", False),
        ("all_of", "", "", True),
        ("none_of", "ab", "c", True),
        ("none_of", "ab", "", True),
        ("none_of", "ab", "cb", False),
        ("none_of", "", "a", True),
        ("any_of", "a", "A", False),
    ],
)
def test_tag_predicates(operator: str, tags: str, held: str, selected: bool) -> None:
    scope = Tags(operator, frozenset(tags), episodic=True)  # type: ignore[arg-type]
    assert permits(scope, item("episodic", *held)) is selected


def test_names_are_compared_letter_by_letter() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    scope = Tags("any_of", frozenset([composed]), episodic=False)
    assert permits(scope, item("semantic", composed))
    assert not permits(scope, item("semantic", decomposed))


@pytest.mark.row("TOK-08")
@pytest.mark.parametrize("operator", ["any_of", "all_of", "none_of"])
@pytest.mark.parametrize("component", [*COMPONENTS[1:], ""])
def test_the_specifications_predicate_is_false_of_what_is_no_episode(operator: str, component: str) -> None:
    tagged, bare = item(component, "a"), item(component)
    for tags in ({"a"}, {"b"}, set[str]()):
        scope = Tags(operator, frozenset(tags), episodic=True)  # type: ignore[arg-type]
        assert not permits(scope, tagged)
        assert not permits(scope, bare)
    assert permits(Tags("any_of", frozenset("a"), episodic=False), tagged)


@pytest.mark.row("TOK-09")
@given(items)
def test_a_wildcard_is_everything(each: Item) -> None:
    assert permits(Everything(), each)


@pytest.mark.row("TOK-15")
@settings(max_examples=2000, deadline=None)
@given(scopes, scopes, st.lists(items, min_size=1, max_size=6))
def test_what_lies_within_selects_nothing_more(inner: Scope, outer: Scope, given_items: list[Item]) -> None:
    if is_within(inner, outer):
        assert all(permits(outer, each) for each in given_items if permits(inner, each))


@settings(max_examples=1000, deadline=None)
@given(tag_scopes, tag_scopes)
def test_of_tag_predicates_it_misses_none(inner: Tags, outer: Tags) -> None:
    """On every item that has some of the tags that are spoken of and one that is not, the rule and the items agree."""
    names = sorted(inner.tags | outer.tags | {"another"})
    held = chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    world = [item(component, *tags) for tags in held for component in ("episodic", "semantic")]
    evaluated = all(permits(outer, each) for each in world if permits(inner, each))
    assert is_within(inner, outer) == evaluated


@given(scopes)
def test_a_scope_lies_within_itself_and_within_everything(scope: Scope) -> None:
    assert is_within(scope, scope)
    assert is_within(scope, Everything())
    assert is_empty(scope) or not is_within(scope, Entries(frozenset()))


@given(scopes, items)
def test_what_is_empty_selects_nothing(scope: Scope, each: Item) -> None:
    assert not (is_empty(scope) and permits(scope, each))
