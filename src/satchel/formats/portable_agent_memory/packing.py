"""Which entries stand together: as many artifacts as it takes, none over the format's counts, none with a parent elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from satchel.errors import OutputError
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, MOST_ENTRIES, Component


class Item(NamedTuple):
    """An entry to be written: when it says it was made, the ids that it names, its size, and whether something is said of it
    beside it."""

    id: str
    component: Component
    created: str
    names: tuple[str, ...]
    size_bytes: int
    has_notes: bool = False


def _kept_bytes(item: Item) -> float:
    return item.size_bytes


class Spread:
    """How many times the bytes that are kept of a component's entries they have in an artifact, indented and in ASCII as that
    may be: of some of them, which stand for the others."""

    #: One entry in so many is looked at.
    _EACH = 16

    def __init__(self) -> None:
        self._met: Counter[Component] = Counter()
        self._kept: Counter[Component] = Counter()
        self._written: Counter[Component] = Counter()

    def asks(self, component: Component) -> bool:
        """Whether the next entry of a component is to be looked at."""
        self._met[component] += 1
        return self._met[component] % self._EACH == 1

    def saw(self, component: Component, kept_bytes: int, written_bytes: int) -> None:
        """One of them."""
        self._kept[component] += kept_bytes
        self._written[component] += written_bytes

    def of(self, item: Item) -> float:
        """The bytes that an entry is expected to have there."""
        kept = self._kept[item.component]
        return item.size_bytes * self._written[item.component] / kept if kept else item.size_bytes


def packed(
    items: Sequence[Item], most_bytes: float, size_of: Callable[[Item], float] = _kept_bytes, *, beside_bytes: float = 0
) -> list[list[Item]]:
    """The entries of each artifact, in the order of time, then of id: what is joined by a parent or a source stands together.

    Args:
        most_bytes: of a part's items; a part of more holds nothing but entries that are joined.
        size_of: the bytes of an item, what is kept of it by default.
        beside_bytes: what else stands in the first part.

    Raises:
        OutputError: entries that belong together are more than the format counts.
    """
    at = {item.id: number for number, item in enumerate(items)}
    above = list(range(len(items)))

    def head(number: int) -> int:
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    for number, item in enumerate(items):
        for name in item.names:
            if name in at:
                above[head(number)] = head(at[name])
    at.clear()
    by_time = sorted(range(len(items)), key=lambda number: (items[number].created, items[number].id))
    #: Of those that are joined, where the first stands; by their head.
    first = [-1] * len(items)
    for place, number in enumerate(by_time):
        if first[head(number)] < 0:
            first[head(number)] = place
    parts: list[_Part] = []
    for _, group in groupby(sorted(by_time, key=lambda number: first[head(number)]), lambda number: head(number)):
        own = _Part([items[number] for number in group], size_of)
        if not own.counts_fit():
            raise OutputError(
                f"{len(own.items):,} entries are derived from one another and do not fit one artifact",
                hint="leave the records out that join them",
            )
        if parts and parts[-1].takes(own, most_bytes):
            parts[-1].add(own.items)
        else:
            if not parts:
                own.size_bytes += beside_bytes
            parts.append(own)
    return [sorted(part.items, key=lambda item: (item.created, item.id)) for part in parts]


class _Part:
    """The entries of one artifact."""

    def __init__(self, items: Sequence[Item], size_of: Callable[[Item], float]) -> None:
        self.items: list[Item] = []
        self.counts: dict[Component, int] = dict.fromkeys(COMPONENTS, 0)
        self.size_bytes = 0.0
        self._size_of = size_of
        self.add(items)

    def add(self, group: Sequence[Item]) -> None:
        for item in group:
            self.counts[item.component] += 1
            self.size_bytes += self._size_of(item)
        self.items.extend(group)

    def counts_fit(self) -> bool:
        return all(self.counts[each] <= MOST_ENTRIES[each] for each in COMPONENTS)

    def takes(self, other: _Part, most_bytes: float) -> bool:
        """Whether both together fit."""
        return self.size_bytes + other.size_bytes <= most_bytes and all(
            self.counts[each] + other.counts[each] <= MOST_ENTRIES[each] for each in COMPONENTS
        )
