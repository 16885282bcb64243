"""What has changed places or was replaced, where all else is there: names, values, words (dossier 6.1: "names swapped")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile

from satchel.move.semantic.anchors import CODES, Anchor
from satchel.move.semantic.cues import word_set
from satchel.move.semantic.polarity import says
from satchel.move.semantic.saying import Said
from satchel.move.semantic.words import WORD, all_words, is_silent, stem

#: Values that only these stand between are a set.
_SYMMETRIC = word_set("and or und oder et ou y e o i и или og och en of with mit avec con plus sowie as")
#: Words that say the same wherever they stand in a sentence.
_ADVERBS = word_set(
    "always often sometimes never also today tomorrow yesterday now then please soon again here there immer oft heute"
)
#: Words that begin a phrase which may stand anywhere in a sentence.
_PREPOSITIONS = word_set(
    "in on at for with without by from to of before after during until since under over about into between within per "
    "as if when dans sur pour avec sans par de à avant après pendant en con sin por para antes después desde hasta di "
    "da per su tra com sem"
)
#: Words that stand for one: two characters of Chinese are one word.
_REPLACED = 2
#: Words that say nothing by themselves, and still who, or which way.
_TURNING = word_set(
    "he she they we i you him her them us me his their our my your to from er sie wir ich il elle el ella ella nous"
)
#: Words of a sentence whose order is looked at: longer ones are data, or no sentence.
_LONGEST = 200
#: Phrases that are taken out, at most; longer sentences are rare.
_MOST_PHRASES = 8
#: Who does it stands behind these, in the passive.
_PASSIVE = word_set("by von durch par por da door przez")


def swapped(one: str, other: str, ones: Sequence[Said], others: Sequence[Said], language: str) -> list[str]:
    """What has changed places where everything else is there."""
    codes = []
    before, after = ([anchor for said in side for anchor in said.anchors] for side in (ones, others))
    for kind in CODES:
        was, now = ([anchor for anchor in side if anchor.kind == kind] for side in (before, after))
        if kind != "mark" and _out_of_place(was, now, ones, others, one, other):
            codes.append("names-swapped" if kind == "name" else "values-swapped")
    if not codes and len(ones) == len(others) == 1:
        first, then = all_words(ones[0].rest), all_words(others[0].rest)
        if (
            first != then
            and Counter(first) == Counter(then)
            and not _free(first, then, language)
            and not _listed(ones[0].rest, others[0].rest)
        ):
            codes.append("words-swapped")
    return codes


def replaced(one: Said, other: Said, language: str) -> bool:
    """Whether two sentences are the same but for one word, or one in two: no list can tell a synonym from another thing. Words
    that deny or require are left to ``polarity``."""
    before, after = all_words(one.rest), all_words(other.rest)
    start = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
    if start is None:
        return False
    back = 0
    while back < min(len(before), len(after)) - start and before[-1 - back] == after[-1 - back]:
        back += 1
    was, now = before[start : len(before) - back], after[start : len(after) - back]
    if not (0 < len(was) <= _REPLACED and 0 < len(now) <= _REPLACED):
        return False
    if {*was, *now} <= _TURNING:
        return set(was) != set(now)
    if any(says(" ".join(words), language) for words in (was, now)):
        return False
    stems = [{stem(word) for word in words if not is_silent(word) and word not in _ADVERBS} for words in (was, now)]
    return all(stems) and not stems[0] & stems[1]


def _out_of_place(
    before: list[Anchor], after: list[Anchor], ones: Sequence[Said], others: Sequence[Said], one: str, other: str
) -> bool:
    """Whether the same values stand in another order, and that is not because a list was turned or a sentence put into the
    passive: then the words round each value must be those that were round it."""
    sequence, now = [anchor.value for anchor in before], [anchor.value for anchor in after]
    if sequence == now or Counter(sequence) != Counter(now) or len(set(sequence)) < 2:
        return False
    if len(ones) != 1 or len(others) != 1:
        return not _round_same(ones, others, set(sequence))
    if _series(ones[0].unit.text, before) == _series(others[0].unit.text, after):
        return False
    turned = any(word in _PASSIVE for word in all_words(one)) != any(word in _PASSIVE for word in all_words(other))
    if turned:
        return False
    if all_words(ones[0].rest) == all_words(others[0].rest):
        return True
    return not _round_same(ones, others, set(sequence))


def _series(text: str, anchors: list[Anchor]) -> list[tuple[str, ...]]:
    """The values in order, those that a comma or "and" joins as one set."""
    found: list[list[str]] = []
    end = None
    for anchor in anchors:
        if end is not None:
            between = text[end : anchor.at].lower().replace(anchor.value.lower(), "")
            joins = [word for word in all_words(between) if word not in _SYMMETRIC]
            if not joins and (any(mark in between for mark in ",/&、，") or _SYMMETRIC & set(all_words(between))):
                found[-1].append(anchor.value)
                end = anchor.at + len(anchor.value)
                continue
        found.append([anchor.value])
        end = anchor.at + len(anchor.value)
    return [tuple(sorted(values)) for values in found]


def _round_same(ones: Sequence[Said], others: Sequence[Said], values: Iterable[str]) -> bool:
    """Whether each value has the words round it that it had, rather than those that another one had."""
    before, after = _contexts(ones), _contexts(others)
    for value in values:
        own = _alike(before[value], after[value])
        best = max((_alike(before[other], after[value]) for other in before if other != value), default=(0, 0))
        if best > own:
            return False
    return True


def _alike(one: set[str], other: set[str]) -> tuple[int, int]:
    """How many words two contexts share: first those that say something."""
    shared = one & other
    telling = sum(not is_silent(word) for word in shared)
    return telling, len(shared) - telling


def _contexts(side: Sequence[Said]) -> dict[str, set[str]]:
    """For each value the stems of the words next to it: two on each side, not beyond a comma or another value."""
    found: dict[str, set[str]] = {}
    for said in side:
        text = said.unit.text
        spans = [(anchor.at, anchor.at + max(1, len(anchor.value))) for anchor in said.anchors]
        for number, anchor in enumerate(said.anchors):
            start = spans[number - 1][1] if number else 0
            end = spans[number + 1][0] if number + 1 < len(spans) else len(text)
            before = _near(said.rest[start : anchor.at], last=True)
            behind = _near(said.rest[spans[number][1] : end], last=False)
            found.setdefault(anchor.value, set()).update(before, behind)
    return found


def _near(text: str, *, last: bool) -> list[str]:
    for mark in ",;:()":
        if mark in text:
            text = text.rsplit(mark, 1)[1] if last else text.split(mark, 1)[0]
    words = [stem(word) for word in all_words(text)]
    return words[-2:] if last else words[:2]


def _free(words: list[str], now: list[str], language: str) -> bool:
    """Whether the same words may stand in another order and say the same: in a language whose endings tell who does what, or
    whose articles do; and in any where only phrases that begin with a preposition have moved."""
    if language in ("pl", "ru"):
        return True
    if language == "de":
        return Counter(_phrases(words)) == Counter(_phrases(now))
    words, now = list(words), list(now)
    for _ in range(_MOST_PHRASES):
        if words == now:
            return True
        if not _take_phrase(words, now):
            return False
    return False


def _phrases(words: list[str]) -> list[tuple[str, str]]:
    return [(one, other) for one, other in pairwise(words) if is_silent(one) and not is_silent(other)]


def _take_phrase(words: list[str], now: list[str]) -> bool:
    """Take the longest phrase that begins with a preposition out of both."""
    best = (0, 0, 0)
    for at, word in enumerate(words):
        if word in _PREPOSITIONS:
            for place in range(len(now)):
                size = 0
                while at + size < len(words) and place + size < len(now) and words[at + size] == now[place + size]:
                    size += 1
                best = max(best, (size, at, place))
    size, at, place = best
    if size < 2:
        return False
    del words[at : at + size], now[place : place + size]
    return True


def _listed(one: str, other: str) -> bool:
    """Whether the two are the same but for the order within a list, or for one word that stands elsewhere."""
    words, now = all_words(one), all_words(other)
    for word in set(words):
        # One word that moved: "always run the tests", "run the tests always".
        if is_silent(word) or word.endswith("ly") or word in _ADVERBS:
            left, right = ([each for each in side if each != word] for side in (words, now))
            if left == right:
                return True
    # What both begin with stands before the list: "she buys" eggs, milk and bread.
    begun = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, now, strict=False)))
    for count in {0, begun}:
        pieces, parts = (sorted(_pieces(_behind(text, count))) for text in (one, other))
        if len(pieces) > 1 and pieces == parts:
            return True
    return False


def _behind(text: str, count: int) -> str:
    """A text without its first words."""
    return text[list(WORD.finditer(text))[count - 1].end() :] if count else text


def _pieces(text: str) -> list[str]:
    for word in ("and", "or", "und", "oder", "et", "ou", "y", "e"):
        text = text.replace(f" {word} ", ", ")
    return [piece for part in text.replace("、", ",").split(",") if (piece := " ".join(all_words(part)))]
