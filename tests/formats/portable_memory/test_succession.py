"""Edges and facts supersede: the earlier statement stays beside the current one (dossier 2, L1-5, 10.6 no. 11)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.succession import earlier_rows, succeeded
from tests.formats.portable_memory.made import plain


def fact(text: str, since: int = 1, **more: Any) -> dict[str, Any]:
    row = plain(KINDS["fact"], id="f", text=text, tValidFrom=f"2026-01-{since:02}T00:00:00Z")
    return {name: value for name, value in row.items() if name not in ("supersededBy", "tValidTo", "prunedAt")} | more


def test_a_changed_fact_leaves_its_earlier_statement_superseded_and_ended() -> None:
    (row,) = earlier_rows("fact", [fact("tea", 1), fact("rye", 9)])
    assert row["text"] == "tea"
    assert row["supersededBy"] == "f"
    assert (row["tValidFrom"], row["tValidTo"]) == ("2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z")
    assert succeeded("fact", row) == "f"


def test_a_chain_names_each_its_successor() -> None:
    first, second = earlier_rows("fact", [fact("a", 1), fact("b", 2), fact("c", 3)])
    assert [first["supersededBy"], second["supersededBy"]] == [second["id"], "f"]
    assert [first["tValidTo"], second["tValidTo"]] == ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]


@pytest.mark.parametrize(
    "more", [{"confidence": 0.1}, {"lastReinforcedAt": "2026-02-01T00:00:00Z"}, {"prunedAt": "2026-02-01T00:00:00Z"}]
)
def test_what_says_nothing_else_is_no_new_statement(more: dict[str, Any]) -> None:
    assert earlier_rows("fact", [fact("a"), fact("a", **more)]) == []


def test_a_statement_that_comes_back_is_current_and_not_its_own_successor() -> None:
    (row,) = earlier_rows("fact", [fact("a"), fact("b"), fact("a")])
    assert (row["text"], row["supersededBy"]) == ("b", "f")


def test_a_correction_of_the_past_ends_no_earlier_than_it_began() -> None:
    (row,) = earlier_rows("fact", [fact("a", 9), fact("b", 1)])
    assert row["tValidTo"] == row["tValidFrom"]


def test_an_end_that_the_source_gave_stays() -> None:
    (row,) = earlier_rows("fact", [fact("a", tValidTo="2026-01-05T00:00:00Z", supersededBy="g"), fact("b", 9)])
    assert (row["tValidTo"], row["supersededBy"]) == ("2026-01-05T00:00:00Z", "g")


@pytest.mark.parametrize("id", ["f", "f~", "f~0123456789abcde", "f~0123456789ABCDEF", "~0123456789abcdef"])
def test_other_ids_are_no_earlier_statement(id: str) -> None:
    assert succeeded("fact", {"id": id}) == ""
    assert succeeded("episode", {"id": "f~0123456789abcdef"}) == ""


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 9)), min_size=1, max_size=8))
def test_each_statement_stands_once_and_every_chain_ends_at_the_current_row(said: list[tuple[str, int]]) -> None:
    rows = earlier_rows("fact", [fact(*one) for one in said])
    assert len({row["id"] for row in rows}) == len(rows) == len(set(said)) - 1
    follows = {row["id"]: row["supersededBy"] for row in rows}
    for row in rows:
        at, steps = row["id"], 0
        while at != "f":
            at, steps = follows[at], steps + 1
            assert steps <= len(rows)
