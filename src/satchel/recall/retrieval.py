"""Which records speak of a question: BM25 by words and nearness by vectors, then what the talk around them adds.

In a talk the answer rarely repeats the question's words; the turn before it does. So a turn's score passes on to its
neighbours, and a talk that speaks of many of the words lifts its turns; whoever is named in the question is heard first, and a
time that it names counts. Among people, a turn that asks says less than the one that answers it; in a talk with an assistant,
what the assistant said says less of a person than what the person said. The weights were measured on public conversations
(docs/recall.md).

    words       BM25 of each word, added up, as share of the best; words by rareness, until READ_ROWS rows were read
    meaning     MEANING of how near its vector is to the question's, beside the others that are near. By a lexical model: only
                where words find less than a poolful, and behind what they find
    neighbours  NEAR of the score of the turns beside it, half of that of those beyond; ANSWER of that of a question before it
                NEAR of what it rests on, or what rests on it (derived_from, evidence)
    talk        TALK of the BM25 of the whole talk
    speaker     SPEAKER where the question names who said it
    time        TIME where it was said in a span that the question names
    weight      of all that: ASKS of a question among people, ASSISTANT of what an assistant said, else 1
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence, Set
from itertools import islice

import msgspec

from satchel.model.bodies import Message
from satchel.model.record import Record
from satchel.model.words import folded, words_of
from satchel.recall.asking import Question, Word
from satchel.recall.dates import Span
from satchel.recall.telling import told
from satchel.recall.vectors import Sense
from satchel.vault.store import Store
from satchel.vault.values import Posting, Resting

#: Rows of the index that are read for one question; the rarest word is read whatever it takes.
READ_ROWS = 8_000
#: Best rows whose talk is looked at, and rows whose records are.
SPREAD_ROWS = 256
POOL_ROWS = 64

#: Best rows of which it is looked whether they ask.
ASKING_ROWS = 32
#: Best rows of which it is looked what they rest on, and how much may rest on one for that to tell something.
RESTING_ROWS = 64
RESTING_MOST = 16
#: Places of a talk so near one another are asked for at once.
TOGETHER = 16

#: Records that are looked for by their vectors.
NEAR_ROWS = 64

#: What no word found comes in from here on; below, it is as near as anything.
LEAST_SHARE = 0.3
LEAST_SPELLING = 0.15

MEANING = 0.4
SPELLING = 0.05
NEAR = 0.35
ANSWER = 0.7
TALK = 0.4
SPEAKER = 0.2
TIME = 0.3
ASKS = 0.8
ASSISTANT = 0.8

_K1, _B = 1.2, 0.75


class Evidence(msgspec.Struct, frozen=True):
    """Why a record was found; each part as share of the best score by words, ``score`` their sum by ``weight``, scaled to at
    most 1. ``cosine`` is that of its vector and the question's, None where there is none."""

    score: float
    words: float
    neighbours: float
    talk: float
    speaker: float
    time: float
    weight: float = 1.0
    meaning: float = 0.0
    cosine: float | None = None

    @property
    def total(self) -> float:
        """All that speaks for the record, unscaled."""
        return self.weight * (self.words + self.meaning + self.neighbours + self.talk + self.speaker + self.time)


class Retrieved(msgspec.Struct, frozen=True):
    """A record that speaks of the question, best first; ``whole`` is the uid of its talk, "" without one."""

    record: Record
    evidence: Evidence
    whole: str


def retrieve(
    store: Store,
    question: Question,
    *,
    most: int = POOL_ROWS,
    may: Callable[[Record], bool] = lambda record: True,  # noqa: ARG005
    sense: Sense | None = None,
) -> list[Retrieved]:
    """The best records for a question, at most ``most``; only of those that ``may`` be given.

    Args:
        sense: the model whose vectors are in use; None to go by words alone.
    """
    found = _Found(store)
    for word in _rarest_first(store, question):
        found.add(store.postings((word.text,), prefix=word.is_stem))
    found.scale()
    if sense is not None:
        found.add_near(sense, question)
    if not found.base:
        return []
    best_first = heapq.nlargest(SPREAD_ROWS, found.base, key=found.base.__getitem__)
    records = _Records(store, best_first[:ASKING_ROWS])
    leading = best_first
    if not all(map(may, records.met.values())):
        # Something may not be given: the others are looked for among all that hold a word.
        order = sorted(found.base, key=found.base.__getitem__, reverse=True)
        leading = list(islice((row for row in order for _, record in records.of([row]) if may(record)), SPREAD_ROWS))
    near = found.neighbours(leading, {row for row, record in records.met.items() if _asks(record)})
    rows = {*leading, *near}
    talks = found.talks({whole for row in rows if (whole := found.wholes[row]) is not None})
    top = max(talks.values(), default=0.0) or 1.0

    def parts(row: int) -> tuple[float, float, float]:
        return found.base.get(row, 0.0), near.get(row, 0.0), TALK * talks.get(found.wholes.get(row), 0.0) / top

    order = sorted(rows, key=lambda row: (sum(parts(row)), -row), reverse=True)
    allowed = (row for row in order for _, record in records.of([row]) if may(record))
    ranked = list(islice(allowed, max(most, POOL_ROWS)))
    scale = 1 + (MEANING if found.meaning else 0) + NEAR + ANSWER + NEAR + TALK + SPEAKER + TIME
    results: list[tuple[float, int, Retrieved]] = []
    for row, record in records.of(ranked):
        base, beside, talk = parts(row)
        meaning = found.meaning.get(row, 0.0)
        speaker = SPEAKER if _speaks(record, question.said) else 0.0
        time = TIME if question.times and _in_time(record, question.times) else 0.0
        cosine = found.cosines.get(row)
        evidence = Evidence(0.0, base - meaning, beside, talk, speaker, time, _weight(record), meaning, cosine)
        evidence = msgspec.structs.replace(evidence, score=min(1.0, evidence.total / scale))
        results.append((evidence.total, -row, Retrieved(record, evidence, record.linked("part_of"))))
    results.sort(key=lambda result: result[:2], reverse=True)
    return [result for _, _, result in results[:most]]


class _Records:
    """Records by row, each loaded once."""

    def __init__(self, store: Store, rows: Sequence[int]) -> None:
        self._store = store
        self.met: dict[int, Record] = {}
        self.of(rows)

    def of(self, rows: Sequence[int]) -> list[tuple[int, Record]]:
        """These rows with their records, in order; without those that are not there, or not to be seen."""
        missing = [row for row in rows if row not in self.met]
        found = zip(missing, self._store.by_rows(missing), strict=True)
        self.met.update((row, record) for row, record in found if record is not None)
        return [(row, self.met[row]) for row in rows if row in self.met]


def _rarest_first(store: Store, question: Question) -> list[Word]:
    """Words that anything holds; those that would take the reading past its bound are left out, but for the rarest."""
    counted = sorted(
        (count, place, word)
        for place, word in enumerate(question.words)
        if (count := store.frequency(word.text, prefix=word.is_stem))
    )
    kept: list[Word] = []
    read = 0
    for count, _, word in counted:
        if kept and read + count > READ_ROWS:
            break
        kept.append(word)
        read += count
    return kept


class _Found:
    """What the indexes gave: each row's score by words and vectors, and in which talks the words stand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: Of each row BM25, once scaled as share of the best, and what its vector adds; and that by itself.
        self.base: dict[int, float] = {}
        self.meaning: dict[int, float] = {}
        self.cosines: dict[int, float] = {}
        self.wholes: dict[int, int | None] = {}
        self._positions: dict[int, int | None] = {}
        #: Of each word, how many rows of each talk hold it.
        self._in_talks: list[Counter[int]] = []

    def add(self, postings: Sequence[Posting]) -> None:
        """Take in the rows that hold a word."""
        in_talks: Counter[int] = Counter()
        for row, score, whole, position in postings:
            self.base[row] = self.base.get(row, 0.0) + score
            self.wholes[row] = whole
            self._positions[row] = position
            if whole is not None:
                in_talks[whole] += 1
        self._in_talks.append(in_talks)

    def scale(self) -> None:
        """Turn scores into shares of the best."""
        best = max(self.base.values(), default=0.0) or 1.0
        self.base = {row: score / best for row, score in self.base.items()}

    def add_near(self, sense: Sense, question: Question) -> None:
        """Take in what is near by its vector, and how near what leads by its words is."""
        weight = SPELLING if sense.is_lexical else MEANING
        if sense.is_lexical and len(self.base) >= POOL_ROWS:
            return
        leading = heapq.nlargest(SPREAD_ROWS, self.base, key=self.base.__getitem__)
        found = sense.nearest(self._store, question.text, NEAR_ROWS, also=leading)
        self.cosines = {near.row: near.cosine for near in found}
        if not found:
            return
        # What counts is how far one stands out from the others that are near: models differ in what they call near.
        top, floor = found[0].cosine, found[min(NEAR_ROWS, len(found)) - 1].cosine
        for row, cosine, whole, position in found:
            share = (cosine - floor) / (top - floor) if top > floor else 1.0
            if row not in self.base and share < LEAST_SHARE:
                continue
            if sense.is_lexical and (row in self.base or cosine < LEAST_SPELLING):
                continue
            self.meaning[row] = weight * max(0.0, share)
            self.base[row] = self.base.get(row, 0.0) + self.meaning[row]
            self.wholes.setdefault(row, whole)
            self._positions.setdefault(row, position)

    def neighbours(self, leading: Sequence[int], asking: Set[int]) -> dict[int, float]:
        """What each row has from those around it; rows that hold no word themselves come in by it. ``asking`` rows are
        questions: what follows one is its answer."""
        found: defaultdict[int, float] = defaultdict(float)
        talks: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for row in leading:
            whole, position = self.wholes[row], self._positions[row]
            if whole is not None and position is not None:
                talks[whole].append((position, row))
        for whole, places in talks.items():
            beside = self._beside(whole, sorted(places))
            for position, row in places:
                for at in range(position - 2, position + 3):
                    answers = at == position + 1 and row in asking
                    weight = ANSWER if answers else NEAR if abs(at - position) < 2 else NEAR / 2
                    for other in beside.get(at, ()):
                        if other != row:
                            found[other] += self.base[row] * weight
                            self.wholes.setdefault(other, whole)
        self._add_resting(leading[:RESTING_ROWS], found)
        return found

    def _add_resting(self, leading: Sequence[int], found: dict[int, float]) -> None:
        by_row: defaultdict[int, list[Resting]] = defaultdict(list)
        for each in self._store.resting(leading):
            by_row[each.row].append(each)
        for row, others in by_row.items():
            # What everything rests on tells of nothing in particular.
            if len(others) <= RESTING_MOST:
                for each in others:
                    found[each.other] = found.get(each.other, 0.0) + self.base[row] * NEAR
                    self.wholes.setdefault(each.other, each.whole)
                    self._positions.setdefault(each.other, each.position)

    def _beside(self, whole: int, places: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
        """Of a talk, what stands at and around these places, by position; places near one another are asked for together."""
        beside: dict[int, list[int]] = {}
        first = 0
        for number, (position, _) in enumerate(places):
            if number + 1 < len(places) and places[number + 1][0] - position <= TOGETHER:
                continue
            for at, row in self._store.around(whole, places[first][0] - 2, position + 2):
                beside.setdefault(at, []).append(row)
            first = number + 1
        return beside

    def talks(self, wholes: set[int]) -> dict[int | None, float]:
        """BM25 of these talks, as if each were one text of its parts."""
        count, parts = self._store.talks()
        if not count:
            return {}
        sizes = self._store.talk_sizes(sorted(wholes))
        mean = parts / count if count else 1.0
        found: defaultdict[int | None, float] = defaultdict(float)
        for in_talks in self._in_talks:
            rareness = math.log(1 + (count - len(in_talks) + 0.5) / (len(in_talks) + 0.5))
            for whole in in_talks.keys() & wholes:
                times = in_talks[whole]
                long = 1 - _B + _B * sizes[whole] / mean
                found[whole] += rareness * times * (_K1 + 1) / (times + _K1 * long)
        return found


def _speaks(record: Record, said: frozenset[str]) -> bool:
    """Whether the question names who said it, by any of their names."""
    return isinstance(record.body, Message) and any(folded(word) in said for word in words_of(record.body.author))


def _asks(record: Record) -> bool:
    """Whether somebody asks others something. What a person asks an assistant is another matter: it tells of the person."""
    return isinstance(record.body, Message) and bool(record.body.author) and told(record).endswith(("?", "？"))


def _weight(record: Record) -> float:
    if isinstance(record.body, Message) and record.body.role == "assistant" and not record.body.author:
        return ASSISTANT
    return ASKS if _asks(record) else 1.0


def _in_time(record: Record, times: Sequence[Span]) -> bool:
    moment = record.times.created or record.times.observed or record.times.updated
    return moment is not None and any(span.begin <= moment < span.end for span in times)
