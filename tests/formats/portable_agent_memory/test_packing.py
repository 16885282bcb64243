"""Which entries stand together, and how large a part is planned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satchel.formats.portable_agent_memory.packing import Item, Spread, packed

ITEMS = st.lists(st.integers(1, 100), min_size=1, max_size=40).map(
    lambda sizes: [Item(f"e{number}", "semantic", f"{number:03}", (), size) for number, size in enumerate(sizes)]
)


@given(ITEMS, st.integers(100, 300), st.integers(0, 300))
def test_a_part_has_no_more_than_it_may_what_is_beside_it_included(items: list[Item], most: int, beside: int) -> None:
    parts = packed(items, most, beside_bytes=beside)
    assert [item for part in parts for item in part] == items
    sizes = [sum(item.size_bytes for item in part) for part in parts]
    assert all(size <= most for size in sizes)
    # More than what is beside it is in the first only where that leaves room.
    assert sizes[0] + beside <= most or len(parts[0]) == 1


def test_what_is_joined_stands_together_whatever_its_size() -> None:
    items = [Item(f"e{number}", "semantic", f"{number:03}", (f"e{number - 1}",) if number else (), 50) for number in range(9)]
    assert packed(items, 100) == [items]


def test_entries_are_planned_by_what_those_have_that_were_looked_at() -> None:
    spread = Spread()
    for number in range(33):
        if spread.asks("semantic"):
            assert number % 16 == 0
            spread.saw("semantic", 100, 250)
    semantic, episodic = (Item("a", component, "", (), 40) for component in ("semantic", "episodic"))
    assert spread.of(semantic) == 100
    # Nothing is known of the others.
    assert spread.of(episodic) == 40
