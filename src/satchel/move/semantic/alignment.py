"""Which units of two texts say the same thing, as far as shared words show (dossier 6.2, L3 without a model).

Units that are the same are met first. The others are paired by the words that they share, the most alike first; what is left
over joins a unit that holds most of its words (sentences that were put together or taken apart), or has no counterpart.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

#: Words in common, as a share, for a unit that is left over to belong to one that is taken.
JOINS = 0.5
#: Units in which a word may stand and still bring them together: a word of all of them tells nothing apart.
_COMMON = 64


class Group(NamedTuple):
    """Units that belong together, by number. One side may be empty: those have no counterpart."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    #: The share of their words that the first of each side have in common, 0 to 1.
    shared: float


def same(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of units of the same text: the first with the first, and so on."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(after):
        places[text].append(number)
    for numbers in places.values():
        numbers.reverse()
    return [(number, places[text].pop()) for number, text in enumerate(before) if places.get(text)]


def groups(before: Sequence[Counter[str]], after: Sequence[Counter[str]]) -> list[Group]:
    """The units of both sides in groups, each in one; units as the stems of their words."""
    weigh = _weights([*before, *after])
    scored = _alike(before, after, weigh)
    mate: dict[int, int] = {}
    taken: dict[int, int] = {}
    share: dict[int, float] = {}
    for alike, one, other in scored:
        if one not in mate and other not in taken:
            mate[one], taken[other], share[one] = other, one, alike
    left = [number for number in range(len(before)) if number not in mate]
    right = [number for number in range(len(after)) if number not in taken]
    if len(left) == len(right):
        # As many as there were: each is taken for a rewording of the one in its place, to be judged by what follows.
        for one, other in zip(left, right, strict=True):
            mate[one], taken[other], share[one] = other, one, 0.0
        left, right = [], []
    joined_before: dict[int, list[int]] = defaultdict(list)
    joined_after: dict[int, list[int]] = defaultdict(list)
    lone_before = [one for one in left if not _joins(one, before, after, weigh, taken, joined_before)]
    lone_after = [other for other in right if not _joins(other, after, before, weigh, mate, joined_after)]
    found = []
    for one, other in mate.items():
        ones = tuple(sorted((one, *joined_before.get(other, ()))))
        others = tuple(sorted((other, *joined_after.get(one, ()))))
        found.append(Group(ones, others, share[one]))
    found += [Group((one,), (), 0.0) for one in lone_before]
    found += [Group((), (other,), 0.0) for other in lone_after]
    return sorted(found, key=lambda group: (group.before[:1] or (math.inf,), group.after[:1]))


def _weights(units: Sequence[Counter[str]]) -> Callable[[str], float]:
    often = Counter(word for unit in units for word in unit)
    total = len(units)
    return lambda word: math.log(1 + total / often[word]) if often[word] else 0.0


def _alike(
    before: Sequence[Counter[str]], after: Sequence[Counter[str]], weigh: Callable[[str], float]
) -> list[tuple[float, int, int]]:
    """Pairs that share a word, the most alike first; among equals those that stand nearest to one another."""
    holders: dict[str, list[int]] = defaultdict(list)
    for number, words in enumerate(after):
        for word in words:
            holders[word].append(number)
    sizes_before = [sum(weigh(word) * count for word, count in words.items()) for words in before]
    sizes_after = [sum(weigh(word) * count for word, count in words.items()) for words in after]
    rare = max(_COMMON, 1)
    found: list[tuple[float, int, int]] = []
    for one, words in enumerate(before):
        common: dict[int, float] = defaultdict(float)
        for word, count in words.items():
            where = holders.get(word, ())
            if len(where) > rare:
                # The nearest in order stand for all of them.
                near = one * len(after) // max(1, len(before))
                where = sorted(where, key=lambda other: abs(other - near))[:rare]
            for other in where:
                common[other] += weigh(word) * min(count, after[other][word])
        for other, weight in common.items():
            total = sizes_before[one] + sizes_after[other]
            if total:
                found.append((2 * weight / total, one, other))
    found.sort(key=lambda item: (-item[0], abs(item[1] - item[2]), item[1]))
    return found


def _joins(
    number: int,
    units: Sequence[Counter[str]],
    others: Sequence[Counter[str]],
    weigh: Callable[[str], float],
    taken: dict[int, int],
    joined: dict[int, list[int]],
) -> bool:
    """Whether a unit that is left over says nothing that a unit of the other side, which has its counterpart, does not."""
    words = units[number]
    whole = sum(weigh(word) * count for word, count in words.items())
    if not whole:
        return False
    best, at = 0.0, -1
    for other in taken:
        spare = others[other] - units[taken[other]]
        held = sum(weigh(word) * min(count, spare[word]) for word, count in words.items() if word in spare)
        if held > best:
            best, at = held, other
    if best / whole < JOINS:
        return False
    joined[at].append(number)
    return True
