"""Two texts judged: tier by tier, from the cheapest to the dearest, nothing looked at twice.

bytes       the same: ``identical``
canonical   the same but for white space outside code and the form of characters: ``equivalent`` (L1)
structure   every sentence, item, row and block has its counterpart
anchors     names, numbers, dates, paths, code and the rest are the same in each, and so are negations and modality (L2)
embedding   nothing changed is unlike everything on the other side (L3): may fail, never passes
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from satchel.limits import DEFAULT
from satchel.move.semantic import polarity
from satchel.move.semantic.alignment import Group, groups, same
from satchel.move.semantic.anchors import CODES, without_pointers
from satchel.move.semantic.cues import KNOWN
from satchel.move.semantic.embedding import LEAST, LEAST_LEXICAL, Embedder, best_matches, is_lexical, measures
from satchel.move.semantic.names import seen_inside
from satchel.move.semantic.order import replaced, swapped
from satchel.move.semantic.saying import Said, anchored, named
from satchel.move.semantic.structure import Unit, canonical, plain, units_of
from satchel.move.semantic.values import Difference, Excerpt, Judgement, Measures, verdict_of
from satchel.move.semantic.words import all_words, content, languages_of

#: Characters of an excerpt.
_EXCERPT = 400
#: More words of content than so many, or so many and such a share of them, is more than a rewording leaves out.
_CUT_WORDS = 2
_CUT_SHARE = 0.34
#: Kinds of anchors whose literal may stand outside its marks on the other side: a quotation without quotes, code without ticks.
_LITERAL = ("code", "command", "quotation")


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
        both = languages_of(f"{before}\n{after}", language)
        self._spoken = (languages_of(before, language) or both, languages_of(after, language) or both)
        self._languages = tuple(spoken[0] if spoken else "" for spoken in self._spoken)
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

    def _said(self, left: list[int], right: list[int]) -> tuple[list[Said], list[Said]]:
        sides = []
        for units, numbers, language in (
            (self._before, left, self._languages[0]),
            (self._after, right, self._languages[1]),
        ):
            sides.append([anchored(units[number], language) for number in numbers])
        known = seen_inside(rest for side in sides for _, _, rest in side)
        return tuple(  # type: ignore[return-value]
            [named(unit, anchors, rest, language, known) for unit, anchors, rest in side]
            for side, language in zip(sides, self._languages, strict=True)
        )

    def _group(self, group: Group, ones: list[Said], others: list[Said], places: tuple[list[int], list[int]]) -> bool:
        """Compare what belongs together. Returns whether its words changed."""
        if any(said.unit.kind == "code" for said in (*ones, *others)):
            self._tell("code-changed", *places)
            return False
        codes = self._values(ones, others)
        one, other = (" ".join(said.unit.text for said in side) for side in (ones, others))
        words = [all_words(" ".join(said.rest for said in side)) for side in (ones, others)]
        if words[0] != words[1]:
            codes += _cut(ones, others)
            turned = self._turned(ones, others, group.shared)
            if turned:
                codes.append(turned)
        if not codes:
            codes += swapped(one, other, ones, others, self._languages[0])
        if not codes and len(ones) == len(others) == 1 and replaced(ones[0], others[0], self._languages[0]):
            codes.append("word-replaced")
        for code in codes:
            self._tell(code, *places)
        return words[0] != words[1]

    def _turned(self, ones: Sequence[Said], others: Sequence[Said], shared: float) -> str:
        """A changed polarity in any of the languages that the texts may be in."""
        one, other = (" . ".join(said.rest for said in side) for side in (ones, others))
        before, after = self._spoken
        if set(before) & set(after):
            pairs = [(each, each) for each in dict.fromkeys((*before, *after))]
        else:
            pairs = [(self._languages[0], self._languages[1])]
        codes = (
            polarity.compare(polarity.polarity_of(one, first), polarity.polarity_of(other, second), shared)
            for first, second in pairs
        )
        return next((code for code in codes if code), "")

    def _values(self, ones: Sequence[Said], others: Sequence[Said]) -> list[str]:
        before = Counter((anchor.kind, anchor.value) for said in ones for anchor in said.anchors)
        after = Counter((anchor.kind, anchor.value) for said in others for anchor in said.anchors)
        codes: dict[str, None] = {}
        one, other = (set(content(" ".join(said.unit.text for said in side))) for side in (ones, others))
        for missing, whole, there in ((before - after, self._whole[1], other), (after - before, self._whole[0], one)):
            for kind, value in missing:
                if kind in _LITERAL and _stands(value, whole):
                    continue
                # A noun with a capital at the beginning of a sentence is the same noun without one.
                if kind == "name" and set(content(value)) <= there:
                    continue
                codes[CODES[kind]] = None
        return list(codes)

    def _embed(self, left: list[int], right: list[int]) -> Measures | None:
        if self._embedder is None:
            return None
        befores, afters = ([unit.text for unit in units] for units in (self._before, self._after))
        recall, precision = best_matches(self._embedder, befores, afters, left, right)
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


def _cut(ones: Sequence[Said], others: Sequence[Said]) -> list[str]:
    """Whether one side is the other without some of its words: no rewording is that."""
    before, after = (Counter(word for said in side for word in content(said.unit.text)) for side in (ones, others))
    found = []
    for code, more, less in (("unit-cut", before, after), ("unit-grown", after, before)):
        lost = (more - less).total()
        if not less - more and (lost > _CUT_WORDS or (lost >= _CUT_WORDS and lost >= more.total() * _CUT_SHARE)):
            found.append(code)
    return found


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
