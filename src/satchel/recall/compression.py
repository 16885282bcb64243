"""What of the ranked records goes in: whole, as an extract, or counted among what was left out; never more than the budget.

    0.7 and above   whole where it fits, else its extract
    0.3 to 0.7      its extract: the sentences that speak of the task, in their order
    below 0.3       left out, counted

Every line is charged as it will stand, with what its block's markers take; one that does not fit is passed over and the next
tried. What is larger than ``LARGEST`` of the budget goes in as its extract, so that no single record takes the room of all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from satchel.model.record import Record
from satchel.model.words import folded, words_of
from satchel.recall.asking import Question
from satchel.recall.counting import Counter
from satchel.recall.framing import Block
from satchel.recall.relevance import Scores
from satchel.recall.telling import told

HIGH, LOW = 0.7, 0.3
LARGEST = 0.5
EXTRACT_CHARACTERS = 320
#: How far into one text sentences are looked for.
SCAN_CHARACTERS = 200_000
_BREAK = re.compile(r"(?<=[.!?])[ \t]+|\n+|(?<=[。！？])")
CUT = "…"


class Candidate(msgspec.Struct, frozen=True):
    """A record that may go in, best first; ``orders`` are families that its text was seen to hold, to be labelled."""

    record: Record
    block: Block
    scores: Scores
    witnesses: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True):
    """A line of the context, and what it is of."""

    candidate: Candidate
    line: str
    text: str
    is_cut: bool


class Compressed(msgspec.Struct, frozen=True):
    """What goes in, and why the others stay out: ``budget`` or ``low``."""

    kept: tuple[Kept, ...]
    left: tuple[tuple[Candidate, str], ...]
    cost: int


def compress(
    candidates: Sequence[Candidate],
    question: Question,
    room: int,
    counter: Counter,
    *,
    describe: Callable[[Candidate, str, bool], str],
    markers: Callable[[Block], str],
) -> Compressed:
    """See the module's text. ``room`` is in the counter's units; ``describe`` makes the line of a candidate's text, cut or not;
    ``markers`` is what a block takes beside its lines."""
    kept: list[Kept] = []
    left: list[tuple[Candidate, str]] = []
    opened: set[Block] = set()
    spent = 0
    for candidate in candidates:
        if candidate.scores.relevance < LOW:
            left.append((candidate, "low"))
            continue
        extra = 0 if candidate.block in opened else counter.count(markers(candidate.block))
        if spent + extra + counter.count(describe(candidate, "", False) + "\n") > room:
            # Not even without its text.
            left.append((candidate, "budget"))
            continue
        for text, is_cut in _forms(candidate, question, int(room * LARGEST), counter):
            written = describe(candidate, text, is_cut)
            cost = extra + counter.count(written + "\n")
            if spent + cost <= room:
                kept.append(Kept(candidate, written, text, is_cut))
                opened.add(candidate.block)
                spent += cost
                break
        else:
            left.append((candidate, "budget"))
    return Compressed(tuple(kept), tuple(left), spent)


def _forms(candidate: Candidate, question: Question, largest: int, counter: Counter) -> Iterator[tuple[str, bool]]:
    """The text whole where it may be, then its extract; each with whether it was cut."""
    text = told(candidate.record)
    spoken: list[tuple[str, int]] | None = None
    if len(text) <= EXTRACT_CHARACTERS or (
        len(text) <= SCAN_CHARACTERS and candidate.scores.relevance >= HIGH and counter.count(text) <= largest
    ):
        yield text, False
    for most in (EXTRACT_CHARACTERS, EXTRACT_CHARACTERS // 3):
        if len(text) > most:
            spoken = spoken or _spoken(text, question)
            yield _extract(text, spoken, most), True


def extract(text: str, question: Question, most: int = EXTRACT_CHARACTERS) -> str:
    """The sentences of ``text`` that hold most of the question's words, in their order, at most ``most`` characters."""
    return text if len(text) <= most else _extract(text, _spoken(text, question), most)


def _spoken(text: str, question: Question) -> list[tuple[str, int]]:
    """The sentences of ``text``, each with how many of the question's words it holds."""
    stems = tuple(word.text for word in question.words)
    sentences = (found for piece in _BREAK.split(text[:SCAN_CHARACTERS]) if (found := piece.strip()))
    return [(sentence, _speaking(sentence, stems)) for sentence in sentences]


def _extract(text: str, spoken: Sequence[tuple[str, int]], most: int) -> str:
    sentences = [sentence for sentence, _ in spoken]
    # Others only where none speaks of it.
    asked = [at for at, (_, count) in enumerate(spoken) if count] or range(len(sentences))
    ranked = sorted(asked, key=lambda at: (-spoken[at][1], at))
    chosen: list[int] = []
    used = 0
    for at in ranked:
        if used + len(sentences[at]) + 3 > most:
            continue
        chosen.append(at)
        used += len(sentences[at]) + 3
    if not chosen:
        return text[: most - 1].rstrip() + CUT
    chosen.sort()
    words: list[str] = []
    last = -1
    for at in chosen:
        if at != last + 1:
            words.append(CUT)
        words.append(sentences[at])
        last = at
    if last != len(sentences) - 1 or len(text) > SCAN_CHARACTERS:
        words.append(CUT)
    return " ".join(words)


def _speaking(sentence: str, stems: tuple[str, ...]) -> int:
    whole = folded(sentence)
    stems = tuple(stem for stem in stems if stem in whole)
    if not stems:
        return 0
    words = [folded(word) for word in words_of(sentence)]
    return len({stem for stem in stems for word in words if word.startswith(stem)})
