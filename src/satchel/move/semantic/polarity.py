"""Negations and modality: whether two wordings deny, forbid, require and exclude the same (dossier 6.1, 6.2).

Negations are counted by what they do, not by their words: "never", "do not" and "avoid" are one each, and so is a clause of a
language in which several are one. A changed number of them is a change, unless an opposite that changed with them turns it back
("don't allow": "forbid"), or one side sets one thing against another ("use A, not B": "use A rather than B"). Where the words
are nearly the same, a negation must also stand at the same words.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from satchel.move.semantic.cues import CONCORD, CONTRASTS, KNOWN, MODALITY, NEGATIONS, NO_NEGATIONS, OPPOSITES
from satchel.move.semantic.words import content

_CLAUSE = re.compile(r"[,;:.!?()—–]|\s-\s")
#: How many words of content behind and before a negation say what it denies.
_REACH = 2
#: How much of the words two units must share for the places of their negations to be compared.
_NEARLY_THE_SAME = 0.75


class Polarity(NamedTuple):
    """``negations``, ``forbidden`` and ``contrasts`` are counts. ``opposites``: (pair, side) that the text has; ``modality``:
    (dimension, side). ``denied``: for each negation the stems that stand next to it."""

    negations: int
    forbidden: int
    contrasts: int
    opposites: frozenset[tuple[int, int]]
    modality: frozenset[tuple[str, str]]
    denied: tuple[frozenset[str], ...]


class _Patterns(NamedTuple):
    negation: re.Pattern[str]
    none: re.Pattern[str] | None
    contrast: re.Pattern[str] | None
    opposites: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    modality: tuple[tuple[str, str, re.Pattern[str]], ...]


@functools.cache
def _patterns(language: str) -> _Patterns:
    none, contrast = NO_NEGATIONS.get(language), CONTRASTS.get(language)
    return _Patterns(
        re.compile(NEGATIONS[language]),
        re.compile(none) if none else None,
        re.compile(contrast) if contrast else None,
        tuple((re.compile(rf"\b(?:{one})\b"), re.compile(rf"\b(?:{other})\b")) for one, other in OPPOSITES.get(language, ())),
        tuple((dimension, side, re.compile(pattern)) for dimension, side, pattern in MODALITY.get(language, ())),
    )


def polarity_of(text: str, language: str) -> Polarity:
    """What a unit denies, forbids and requires. In a language that is not known, what English words say of it."""
    known = _patterns(language if language in KNOWN else "en")
    lowered = text.lower()
    if known.none is not None:
        lowered = known.none.sub(lambda match: " " * len(match[0]), lowered)
    negations = 0
    denied: list[frozenset[str]] = []
    for clause in _CLAUSE.split(lowered) if language in CONCORD else (lowered,):
        matches = list(known.negation.finditer(clause))
        if matches and language in CONCORD:
            del matches[1:]
        negations += len(matches)
        denied += [_next_to(clause, match) for match in matches]
    forbidden = len(known.opposites[0][1].findall(lowered)) if known.opposites else 0
    contrasts = list(known.contrast.finditer(lowered)) if known.contrast is not None else []
    opposites = {
        (number, side)
        for number, pair in enumerate(known.opposites)
        for side, pattern in enumerate(pair)
        if pattern.search(lowered)
    }
    modality = {(dimension, side) for dimension, side, pattern in known.modality if pattern.search(lowered)}
    denied += [_next_to(lowered, match) for match in contrasts]
    return Polarity(negations, forbidden, len(contrasts), frozenset(opposites), frozenset(modality), tuple(denied))


def says(text: str, language: str) -> bool:
    """Whether a passage has any word that denies, requires or sets against."""
    found = polarity_of(text, language)
    return bool(found.negations or found.forbidden or found.contrasts or found.opposites or found.modality)


def _next_to(clause: str, match: re.Match[str]) -> frozenset[str]:
    behind = content(clause[match.end() : match.end() + 120])[:_REACH]
    return frozenset(behind or content(clause[max(0, match.start() - 120) : match.start()])[-_REACH:])


def compare(before: Polarity, after: Polarity, shared: float) -> str:
    """The code of what two units do not have in common in this respect, or "". ``shared``: the share of their words that they
    have in common."""
    turned, forbids = _turned(before, after)
    was, now = before.negations, after.negations
    if not forbids:
        was, now = was + before.forbidden, now + after.forbidden
    more = abs(was - now)
    if turned:
        # An opposite takes a negation with it, or it says the opposite.
        if more % 2 != turned % 2:
            return "negation-changed"
    elif was + before.contrasts != now + after.contrasts:
        return "negation-changed"
    if not more and not turned and shared >= _NEARLY_THE_SAME:
        unmet = list(after.denied)
        for words in before.denied:
            meeting = next((other for other in unmet if not words or not other or words & other), None)
            if meeting is None:
                return "negation-moved"
            unmet.remove(meeting)
    if not turned and not more and _modality_turned(before, after):
        return "modality-changed"
    return ""


def _turned(before: Polarity, after: Polarity) -> tuple[int, bool]:
    """How many opposites stand on the other side now, and whether the pair that forbids is one of them."""
    found = 0
    forbids = False
    for number in {number for number, _ in before.opposites | after.opposites}:
        was = {side for pair, side in before.opposites if pair == number}
        now = {side for pair, side in after.opposites if pair == number}
        if len(was) == 1 and len(now) == 1 and was != now:
            found += 1
            forbids |= number == 0
    return found, forbids


def _modality_turned(before: Polarity, after: Polarity) -> bool:
    for dimension in {dimension for dimension, _ in before.modality}:
        was = {side for name, side in before.modality if name == dimension}
        now = {side for name, side in after.modality if name == dimension}
        if len(was) == 1 and len(now) == 1 and was != now:
            return True
    return False
