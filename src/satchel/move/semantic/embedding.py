"""The third tier: whether a changed unit is unlike everything on the other side (dossier 6.2, L3).

It may fail a conversion and never pass one: by cosine alone a swapped name scores 1.000 and an honest rewording 0.883 (dossier
6.1). With a model each changed unit must be found on the other side; with hashed words, which know spellings and no meanings,
only next to nothing in common is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from satchel.move.semantic.values import Measures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The name of the embedder that knows spellings alone (satchel.recall.embedders.hashing).
LEXICAL = "hashing"
#: The least cosine of a unit with its best counterpart, for a model of sentences. In the dossier's measurement (MiniLM) the
#: worst unit of a good paraphrase has 0.737, a dropped or injected one 0.192 and 0.216; below 0.6 it sees no rewording.
LEAST = 0.6
#: The same for hashed words, of all changed units together: honest pairs have 0.32 and more, unrelated texts 0.04.
LEAST_LEXICAL = 0.2
#: Rows compared at once: so many times the other side's rows of numbers are held.
_ROWS = 256


class Embedder(Protocol):
    """As satchel.recall.embedders.Embedder: this room takes one and makes none."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 for each text; zeros where the model knows nothing in it."""
        ...


def is_lexical(embedder: Embedder) -> bool:
    """Whether it knows spellings and no meanings."""
    return embedder.name == LEXICAL


def best_matches(
    embedder: Embedder, before: Sequence[str], after: Sequence[str], left: Sequence[int], right: Sequence[int]
) -> tuple[list[float], list[float]]:
    """For each of the changed texts of a side (``left`` of ``before``, ``right`` of ``after``, by number) the cosine with the
    most alike of the whole other side. A text in which the model knows nothing has 1: nothing can be said of it."""
    one, other = embedder.embed(before), embedder.embed(after)
    return _best(one, list(left), other), _best(other, list(right), one)


def _best(rows: NDArray[np.float32], numbers: list[int], others: NDArray[np.float32]) -> list[float]:
    if not len(others):
        return [0.0] * len(numbers)
    found: list[float] = []
    for start in range(0, len(numbers), _ROWS):
        several = rows[numbers[start : start + _ROWS]]
        cosines = (several @ others.T).max(axis=1)
        cosines[~several.any(axis=1)] = 1
        found += cosines.tolist()
    return found


def measures(recall: Sequence[float], precision: Sequence[float]) -> Measures:
    """Both sides' means and least, to four digits; 1 for a side where nothing changed."""

    def mean(values: Sequence[float]) -> float:
        return round(sum(values) / len(values), 4) if values else 1.0

    return Measures(mean(recall), round(min(recall, default=1.0), 4), mean(precision), round(min(precision, default=1.0), 4))
