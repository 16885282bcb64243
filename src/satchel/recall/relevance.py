"""How relevant a record is: recency, salience, similarity and depth of provenance, weighed (dossier Portable Agent Memory 6.4).

    recency     1 now, 0 at ``max_age_s`` and before; the future counts as now. Without any time: not weighed
    salience    a memory's own; a statement's confidence; 1 for identity, 0.5 for the rest. What an untrusted source says of its
                own weight counts half of the way to the middle
    similarity  how well it speaks of the task, 0 to 1: as share of what speaks best, by words, vectors and the talk around it
                (retrieval). Where nothing was asked: not weighed. The protocol's bare cosine was measured, and loses half of
                the evidence in a small budget (docs/recall.md)
    depth       1 / (1 + the fewest steps to a record that derives from none)

What is not weighed leaves its weight to the others, so that the bands keep their meaning.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from satchel.errors import UsageError
from satchel.model.bodies import Memory, Relation
from satchel.model.components import component_of
from satchel.model.record import Record

MIDDLE = 0.5
_UNTRUSTED = frozenset({"imported", "untrusted"})


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """The shares of the four, and how old is old."""

    recency: float = 0.2
    salience: float = 0.3
    similarity: float = 0.4
    depth: float = 0.1
    max_age_s: float = 90 * 86_400.0

    def __post_init__(self) -> None:
        parts = (self.recency, self.salience, self.similarity, self.depth)
        if min(parts) < 0 or sum(parts) <= 0 or self.max_age_s <= 0:
            raise UsageError("weights are numbers from 0 on, not all 0, and the greatest age is above 0")


USUAL = Weights()


class Scores(msgspec.Struct, frozen=True):
    """Each from 0 to 1; None: not weighed. ``cosine`` (-1 to 1) is what of the similarity the vectors tell, None without."""

    recency: float | None
    salience: float
    similarity: float | None
    depth: float
    relevance: float
    cosine: float | None = None


def scores(record: Record, similarity: float | None, depth: int, now: datetime, weights: Weights = USUAL) -> Scores:
    """The scores of a record; ``depth`` as in the module's text, ``now`` aware."""
    age = recency(record, now, weights)
    weight = salience(record)
    deep = 1 / (1 + depth)
    weighed = [(weights.recency, age), (weights.salience, weight), (weights.similarity, similarity), (weights.depth, deep)]
    told = [(share, value) for share, value in weighed if value is not None]
    whole = sum(share for share, _ in told)
    relevance = sum(share * value for share, value in told) / whole if whole else 0.0
    return Scores(age, weight, similarity, deep, relevance)


def recency(record: Record, now: datetime, weights: Weights = USUAL) -> float | None:
    """See the module's text."""
    times = record.times
    moment = times.updated or times.created or times.observed
    if moment is None:
        return None
    return min(1.0, max(0.0, 1 - (now - moment).total_seconds() / weights.max_age_s))


def salience(record: Record) -> float:
    """See the module's text."""
    body = record.body
    said: float | None = None
    if isinstance(body, Memory):
        said = body.salience if body.salience is not None else body.confidence
    elif isinstance(body, Relation):
        said = body.confidence
    if said is None:
        return 1.0 if component_of(record) == "identity" else MIDDLE
    said = min(1.0, max(0.0, said))
    return (said + MIDDLE) / 2 if record.trust in _UNTRUSTED else said
