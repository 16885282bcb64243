"""Two texts judged: tier by tier, from the cheapest to the dearest, nothing looked at twice.

bytes       the same: ``identical``
canonical   the same but for white space outside code and the form of characters: ``equivalent`` (L1)
structure   every sentence, item, row and block has its counterpart
anchors     names, numbers, dates, paths, code and the rest are the same in each, and so are negations and modality (L2)
embedding   nothing changed is unlike everything on the other side (L3): may fail, never passes
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from satchel.limits import DEFAULT
from satchel.move.semantic import polarity
from satchel.move.semantic.alignment import Group, groups, same
from satchel.move.semantic.anchors import CODES, Anchor, anchors_of, without_pointers
from satchel.move.semantic.cues import KNOWN, word_set
from satchel.move.semantic.embedding import LEAST, LEAST_LEXICAL, Embedder, best_matches, is_lexical, measures
from satchel.move.semantic.names import names_of, seen_inside
from satchel.move.semantic.structure import Unit, canonical, plain, units_of
from satchel.move.semantic.values import Difference, Excerpt, Judgement, Measures, verdict_of
from satchel.move.semantic.words import all_words, content, is_silent, language_of, stem

#: Characters of an excerpt.
_EXCERPT = 400
#: Kinds of anchors whose literal may stand outside its marks on the other side: a quotation without quotes, code without ticks.
_LITERAL = ("code", "command", "quotation")
#: Kinds whose values may change places with one another.
_VALUES = tuple(kind for kind in CODES if kind not in ("name", "mark"))
_SYMMETRIC = word_set("and or und oder et ou y e o i и или og och en of with mit avec con plus sowie as")
#: Words that say the same wherever they stand in a sentence.
_ADVERBS = word_set(
    "always often sometimes never also today tomorrow yesterday now then please soon again here there immer oft heute"
)
_PASSIVE = word_set("by von durch par por da door przez")


class _Said(NamedTuple):
    """A unit as the anchors' tier sees it. ``words`` are the stems of what is no anchor."""

    unit: Unit
    anchors: tuple[Anchor, ...]
    rest: str
    words: Counter[str]


def judge(
    before: str,
    after: str,
    *,
    embedder: Embedder | None = None,
    language: str = "",
    most_units: int = DEFAULT.compared_units,
) -> Judgement:
    """Whether ``after`` says what ``before`` says.

    Args:
        embedder: the third tier's model; without one there is no third tier.
        language: a tag (BCP 47) that somebody put on the text, or "".
        most_units: changed units of one side that are held against those of the other; texts with more are not passed.
    """
    if before == after:
        return Judgement("identical")
    before, after = without_pointers(before), without_pointers(after)
    if canonical(before) == canonical(after):
        return Judgement("equivalent")
    if not before.strip() or not after.strip():
        code = "text-added" if after.strip() else "text-missing"
        found = [Difference(code, Excerpt(before[:_EXCERPT]), Excerpt(after[:_EXCERPT]))]
        return Judgement(verdict_of(Counter({code: 1})), tuple(found))
    return _Judge(before, after, embedder, language, most_units).judgement()


class _Judge:
    def __init__(self, before: str, after: str, embedder: Embedder | None, language: str, most_units: int) -> None:
        self._before, self._after = units_of(before), units_of(after)
        self._embedder = embedder
        self._most_units = most_units
        # A text too short to show its language is held to be in that of the other.
        both = language_of(f"{before}\n{after}", language)
        self._languages = (language_of(before, language) or both, language_of(after, language) or both)
        self._whole = (plain(before), plain(after))
        self._found: list[Difference] = []

    def judgement(self) -> Judgement:
        met = same([_key(unit) for unit in self._before], [_key(unit) for unit in self._after])
        self._order(met)
        gone, come = {one for one, _ in met}, {other for _, other in met}
        left = [number for number in range(len(self._before)) if number not in gone]
        right = [number for number in range(len(self._after)) if number not in come]
        measured: Measures | None = None
        if max(len(left), len(right)) > self._most_units:
            self._tell("too-many-units", (), ())
        elif left or right:
            self._changed(left, right)
            measured = self._embed(left, right)
        codes = Counter(difference.code for difference in self._found)
        return Judgement(verdict_of(codes), tuple(self._found), measured)

    def _order(self, met: list[tuple[int, int]]) -> None:
        """Same units in another order: of numbered steps it is a change, of others it is told."""
        after = [other for _, other in met]
        if all(one < other for one, other in pairwise(after)):
            return
        steps = [other for one, other in met if self._before[one].number is not None and self._after[other].number is not None]
        is_sorted = all(one < other for one, other in pairwise(steps))
        self._tell("units-reordered" if is_sorted else "steps-reordered", (), ())

    def _changed(self, left: list[int], right: list[int]) -> None:
        befores, afters = self._said(left, right)
        changed_words = False
        for group in groups([said.words for said in befores], [said.words for said in afters]):
            ones, others = [befores[number] for number in group.before], [afters[number] for number in group.after]
            places = ([left[number] for number in group.before], [right[number] for number in group.after])
            if not others:
                self._tell("unit-missing", *places)
            elif not ones:
                self._tell("unit-added", *places)
            else:
                changed_words |= self._group(group, ones, others, places)
        if changed_words and not all(language in KNOWN for language in self._languages):
            self._tell("language-unknown", (), ())

    def _said(self, left: list[int], right: list[int]) -> tuple[list[_Said], list[_Said]]:
        sides = []
        for units, numbers, language in (
            (self._before, left, self._languages[0]),
            (self._after, right, self._languages[1]),
        ):
            sides.append([_anchored(units[number], language) for number in numbers])
        known = seen_inside(rest for side in sides for _, _, rest in side)
        return tuple(  # type: ignore[return-value]
            [_named(unit, anchors, rest, language, known) for unit, anchors, rest in side]
            for side, language in zip(sides, self._languages, strict=True)
        )

    def _group(self, group: Group, ones: list[_Said], others: list[_Said], places: tuple[list[int], list[int]]) -> bool:
        """Compare what belongs together. Returns whether its words changed."""
        if any(said.unit.kind == "code" for said in (*ones, *others)):
            self._tell("code-changed", *places)
            return False
        codes = self._values(ones, others)
        one, other = (" ".join(said.unit.text for said in side) for side in (ones, others))
        words = [all_words(" ".join(said.rest for said in side)) for side in (ones, others)]
        if words[0] != words[1]:
            was, now = (
                polarity.polarity_of(" . ".join(said.rest for said in side), language)
                for side, language in zip((ones, others), self._languages, strict=True)
            )
            turned = polarity.compare(was, now, group.shared)
            if turned:
                codes.append(turned)
        if not codes:
            codes += _swapped(one, other, ones, others)
        for code in codes:
            self._tell(code, *places)
        return words[0] != words[1]

    def _values(self, ones: Sequence[_Said], others: Sequence[_Said]) -> list[str]:
        before = Counter((anchor.kind, anchor.value) for said in ones for anchor in said.anchors)
        after = Counter((anchor.kind, anchor.value) for said in others for anchor in said.anchors)
        codes: dict[str, None] = {}
        for missing, whole in ((before - after, self._whole[1]), (after - before, self._whole[0])):
            for kind, value in missing:
                if kind in _LITERAL and _stands(value, whole):
                    continue
                codes[CODES[kind]] = None
        return list(codes)

    def _embed(self, left: list[int], right: list[int]) -> Measures | None:
        if self._embedder is None or not left or not right:
            return None
        befores, afters = ([units[number].text for number in numbers] for units, numbers in (
            (self._before, left), (self._after, right)
        ))  # fmt: skip
        recall, precision = best_matches(self._embedder, befores, afters)
        found = measures(recall, precision)
        if is_lexical(self._embedder):
            if min(found.recall, found.precision) < LEAST_LEXICAL:
                self._tell("gross-loss", (), ())
            return found
        for number, cosine in zip(left, recall, strict=True):
            if cosine < LEAST:
                self._tell("unit-unlike", (number,), ())
        for number, cosine in zip(right, precision, strict=True):
            if cosine < LEAST:
                self._tell("unit-unlike", (), (number,))
        return found

    def _tell(self, code: str, before: Sequence[int], after: Sequence[int]) -> None:
        self._found.append(
            Difference(
                code,
                Excerpt(" ".join(self._before[number].text for number in before)[:_EXCERPT]),
                Excerpt(" ".join(self._after[number].text for number in after)[:_EXCERPT]),
                before[0] if before else None,
                after[0] if after else None,
            )
        )


def _key(unit: Unit) -> str:
    """What two units have in common that are the same, whatever block they stand in."""
    if unit.kind == "code":
        return f"code\n{unit.text}"
    text = unit.text.rstrip(".;:,。 ")
    return text if unit.ticked is None else f"{text}\n{unit.ticked}"


def _anchored(unit: Unit, language: str) -> tuple[Unit, list[Anchor], str]:
    if unit.kind == "code":
        return unit, [Anchor("code", unit.text, 0)], unit.text
    anchors, rest = anchors_of(unit.text, language)
    if unit.ticked is not None:
        anchors.append(Anchor("mark", str(unit.ticked), 0))
    return unit, anchors, rest


def _named(unit: Unit, anchors: list[Anchor], rest: str, language: str, known: frozenset[str]) -> _Said:
    if unit.kind == "code":
        return _Said(unit, tuple(anchors), rest, Counter(content(rest)))
    names = names_of(rest, language, known)
    for name in names:
        end = name.at + len(name.value)
        rest = f"{rest[: name.at]}{' ' * len(name.value)}{rest[end:]}"
    return _Said(unit, tuple(sorted((*anchors, *names), key=lambda anchor: anchor.at)), rest, Counter(content(rest)))


def _stands(value: str, whole: str) -> bool:
    """Whether a literal stands in a text, not as a part of a word."""
    at = whole.find(value)
    while at >= 0:
        end = at + len(value)
        if not (at and whole[at - 1].isalnum() and value[:1].isalnum()) and not (
            end < len(whole) and whole[end].isalnum() and value[-1:].isalnum()
        ):
            return True
        at = whole.find(value, at + 1)
    return False


def _swapped(one: str, other: str, ones: Sequence[_Said], others: Sequence[_Said]) -> list[str]:
    """What has changed places where everything else is there."""
    codes = []
    before, after = ([anchor for said in side for anchor in said.anchors] for side in (ones, others))
    for code, kinds in (("names-swapped", ("name",)), ("values-swapped", _VALUES)):
        was, now = ([anchor for anchor in side if anchor.kind in kinds] for side in (before, after))
        if _out_of_place(was, now, ones, others, one, other):
            codes.append(code)
    if not codes and len(ones) == len(others) == 1:
        first, then = all_words(ones[0].rest), all_words(others[0].rest)
        if first != then and Counter(first) == Counter(then) and not _listed(ones[0].rest, others[0].rest):
            codes.append("words-swapped")
    return codes


def _out_of_place(
    before: list[Anchor], after: list[Anchor], ones: Sequence[_Said], others: Sequence[_Said], one: str, other: str
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


def _round_same(ones: Sequence[_Said], others: Sequence[_Said], values: Iterable[str]) -> bool:
    """Whether each value has the words round it that it had, rather than those that another one had."""
    before, after = _contexts(ones), _contexts(others)
    for value in values:
        own = len(before[value] & after[value])
        best = max((len(before[other] & after[value]) for other in before if other != value), default=0)
        if best > own:
            return False
    return True


def _contexts(side: Sequence[_Said]) -> dict[str, set[str]]:
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


def _listed(one: str, other: str) -> bool:
    """Whether the two are the same but for the order within a list, or for one word that stands elsewhere."""
    words, now = all_words(one), all_words(other)
    for word in set(words):
        # One word that moved: "always run the tests", "run the tests always".
        if is_silent(word) or word.endswith("ly") or word in _ADVERBS:
            left, right = ([each for each in side if each != word] for side in (words, now))
            if left == right:
                return True
    pieces, parts = (sorted(_pieces(text)) for text in (one, other))
    return len(pieces) > 2 and pieces == parts


def _pieces(text: str) -> list[str]:
    for word in ("and", "or", "und", "oder", "et", "ou", "y", "e"):
        text = text.replace(f" {word} ", ", ")
    return [piece for part in text.replace("、", ",").split(",") if (piece := " ".join(all_words(part)))]
