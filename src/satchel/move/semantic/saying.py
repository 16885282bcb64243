"""A unit as the tiers see it: its anchors, and the words that are left."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from satchel.move.semantic.anchors import Anchor, anchors_of
from satchel.move.semantic.names import names_of
from satchel.move.semantic.structure import Unit
from satchel.move.semantic.words import content


class Said(NamedTuple):
    """``rest`` is the unit's text with blanks in the place of its anchors, ``words`` the stems of what says something in it."""

    unit: Unit
    anchors: tuple[Anchor, ...]
    rest: str
    words: Counter[str]


def anchored(unit: Unit, language: str) -> tuple[Unit, list[Anchor], str]:
    if unit.kind == "code":
        return unit, [Anchor("code", unit.text, 0)], unit.text
    anchors, rest = anchors_of(unit.text, language)
    if unit.ticked is not None:
        anchors.append(Anchor("mark", str(unit.ticked), 0))
    return unit, anchors, rest


def named(unit: Unit, anchors: list[Anchor], rest: str, language: str, known: frozenset[str]) -> Said:
    if unit.kind == "code":
        return Said(unit, tuple(anchors), rest, Counter(content(rest)))
    names = names_of(rest, language, known)
    for name in names:
        end = name.at + len(name.value)
        rest = f"{rest[: name.at]}{' ' * len(name.value)}{rest[end:]}"
    return Said(unit, tuple(sorted((*anchors, *names), key=lambda anchor: anchor.at)), rest, Counter(content(rest)))
