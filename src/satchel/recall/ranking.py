"""Which records may go in, the most relevant first: what speaks of the task, and what stands by a person whatever it is."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice

import msgspec

from satchel.model.record import Record
from satchel.recall.asking import Question
from satchel.recall.candidates import TRUST
from satchel.recall.relevance import USUAL, Scores, Weights, recency, salience, scores
from satchel.recall.retrieval import retrieve
from satchel.recall.vectors import Sense
from satchel.vault.store import Store

#: Records that stand by a person whatever the task, looked at besides those that speak of it: so many of the most trusted, then
#: of the weightiest, then of the newest.
STANDING = ("instruction", "profile")
STANDING_MOST = 32
#: So many are looked at to choose them. People have dozens; a vault with more of them was flooded.
STANDING_READ = 8_192


class Looking(msgspec.Struct, frozen=True):
    """Where and for what to look; ``may`` says whether a record may stand in the context, and is to be asked before a record
    takes the place of another; ``sense``: the model whose vectors are in use."""

    store: Store
    question: Question
    weights: Weights
    now: datetime
    may: Callable[[Record], bool]
    sense: Sense | None = None


class Ranked(msgspec.Struct, frozen=True):
    """A record with its scores."""

    record: Record
    scores: Scores


def rank(looking: Looking) -> list[Ranked]:
    """See the module's text; in no order yet: ``relevance`` gives it."""
    asking = looking.question
    found = retrieve(looking.store, asking, may=looking.may, sense=looking.sense) if asking.words else []
    best = max((result.evidence.total for result in found), default=0.0) or 1.0
    speaking = [(result.record, result.evidence.total / best) for result in found]
    cosines = {result.record.uid: result.evidence.cosine for result in found}
    met = cosines.keys()
    others = (record for record in islice(looking.store.records(*STANDING), STANDING_READ) if record.uid not in met)
    standing = _foremost((record for record in others if looking.may(record)), looking.now, looking.weights)
    ranked: list[Ranked] = []
    for record, similarity in [*speaking, *((record, 0.0) for record in standing)]:
        score = scores(record, similarity if asking.words else None, _depth(record), looking.now, looking.weights)
        ranked.append(Ranked(record, msgspec.structs.replace(score, cosine=cosines.get(record.uid))))
    return ranked


def _foremost(records: Iterable[Record], now: datetime, weights: Weights = USUAL) -> list[Record]:
    def order(record: Record) -> tuple[int, float, float, str]:
        return (TRUST.index(record.trust), -salience(record), -(recency(record, now, weights) or 0.0), record.uid)

    return heapq.nsmallest(STANDING_MOST, records, key=order)


def _depth(record: Record) -> int:
    return 1 if any(link.type in ("derived_from", "evidence") for link in record.links) else 0
