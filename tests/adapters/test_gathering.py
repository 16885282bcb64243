"""Rows brought together: order kept, bytes exact, bounds told, the copy gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.adapters.gathering import Gathering
from satchel.codec.sources import BytesMember
from satchel.errors import LimitExceeded
from satchel.limits import DEFAULT, Limits

KEYS = st.sampled_from(["a", "b", "", "\ud800", None])


@given(st.lists(st.tuples(KEYS, st.binary(max_size=6)), max_size=30))
def test_groups_keep_their_rows_in_order(rows: list[tuple[str | None, bytes]]) -> None:
    expected: dict[object, list[bytes]] = {}
    with Gathering(DEFAULT) as gathering:
        for n, (key, data) in enumerate(rows):
            gathering.add(data, *([] if key is None else [key]))
            expected.setdefault(n if key is None else key, []).append(data)
        found = [[gathering.data(row) for row in group] for group in gathering.groups()]
    assert found == list(expected.values())


def test_a_row_knows_its_file() -> None:
    with Gathering(DEFAULT) as gathering:
        for name in ("one", "empty", "two"):
            gathering.begin(BytesMember(name, b""))
            if name != "empty":
                gathering.add(b"x", "k")
        assert [gathering.place(row).file for row in range(2)] == ["one", "two"]


def test_bounds_are_told() -> None:
    with Gathering(Limits(array_elements=2, element_bytes=5)) as gathering:
        gathering.begin(BytesMember("t.csv", b""))
        gathering.add(b"abc", "k")
        gathering.add(b"abc", "k")
        with pytest.raises(LimitExceeded, match="more than 2 rows"):
            gathering.add(b"", "k")
        gathering.check_size([0])
        with pytest.raises(LimitExceeded, match=r"t\.csv: one conversation is larger"):
            gathering.check_size([0, 1])


def test_the_copy_is_gone_when_it_closes() -> None:
    with Gathering(DEFAULT) as gathering:
        gathering.add(b"words of a person")
    with pytest.raises(ValueError, match="closed"):
        gathering.data(0)
