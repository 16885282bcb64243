"""Vectors without a model: words and the trigrams of their letters, hashed.

Lexical, and no more than that: two texts are alike as far as they share words, or words spelled alike ("painting", "paintings",
"panting"). It knows no synonyms. What it gives is the same on every machine and in every release, or else ``VERSION`` changes.

    word        its stem (asking.stem), 1; words that say nothing: 0
    trigrams    of the letters of ``^word$``, all together as long as TRIGRAMS
    pair        two solitary characters side by side (Han, kana, Thai, …), 1
    often       1 + ln of how often a text has it

Each feature falls by its CRC-32, scrambled, into one of the dimensions, with a sign.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from array import array
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from satchel.model.spacing import is_solitary
from satchel.model.words import folded, words_of
from satchel.recall.asking import SILENT, stem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satchel.recall.embedders import Vectors

#: Changes whenever a vector of the same text does.
VERSION = 1
DIMENSIONS = 512
#: How long the vector of a word's trigrams is beside that of the word itself.
TRIGRAMS = 1.0
#: Texts at once: the sums of so many are held in memory.
BATCH_TEXTS = 512
#: Words whose features are remembered; text of ever new words must not grow the memory.
MAX_WORDS = 200_000
#: Letters of a word that are looked at: what is longer is no word.
MAX_LETTERS = 64
_SCRAMBLE = 0x9E3779B1


class HashingEmbedder:
    """See the module's text."""

    name = "hashing"
    is_lexical = True

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self.dimensions = dimensions
        self.digest = hashlib.sha256(f"satchel hashing {VERSION} {dimensions} {TRIGRAMS}".encode()).hexdigest()
        self._forget()

    def _forget(self) -> None:
        #: Numbers of the terms that were met, and the features of all of them, one after another: term n's begin at starts[n].
        self._numbers: dict[str, int] = {}
        self._starts = array("q", [0])
        self._places = array("i")
        self._weights = array("d")

    def embed(self, texts: Sequence[str], *, is_question: bool = False) -> Vectors:  # noqa: ARG002
        """See Embedder.embed."""
        made = np.zeros((len(texts), self.dimensions), np.float32)
        for first in range(0, len(texts), BATCH_TEXTS):
            batch = texts[first : first + BATCH_TEXTS]
            made[first : first + len(batch)] = self._batch(batch)
        return made

    def _batch(self, texts: Sequence[str]) -> Vectors:
        if len(self._numbers) > MAX_WORDS:
            self._forget()
        number = self._number
        said = [[number(term) for term in _terms(text)] for text in texts]
        known = len(self._numbers)
        if not self._places:
            return np.zeros((len(texts), self.dimensions), np.float32)
        rows = np.repeat(np.arange(len(texts)), [len(terms) for terms in said])
        # Each term of each text once, with how often it stands there.
        keys, times = np.unique(rows * known + np.fromiter(chain.from_iterable(said), np.int64, len(rows)), return_counts=True)
        rows, terms = np.divmod(keys, known)
        starts = np.frombuffer(self._starts, np.int64)
        sizes = starts[terms + 1] - starts[terms]
        # The features of one term after another, as places in the memory of features.
        features = np.arange(sizes.sum()) + np.repeat(starts[terms] - (np.cumsum(sizes) - sizes), sizes)
        cells = np.frombuffer(self._places, np.int32)[features] + np.repeat(rows * self.dimensions, sizes)
        weights = np.frombuffer(self._weights)[features] * np.repeat(1 + np.log(times), sizes)
        sums = np.bincount(cells, weights, len(texts) * self.dimensions).reshape(len(texts), self.dimensions)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return (sums / np.where(lengths > 0, lengths, 1)).astype(np.float32)

    def _number(self, term: str) -> int:
        known = self._numbers.get(term)
        if known is None:
            known = self._numbers[term] = len(self._numbers)
            places, weights = self._features(term)
            self._places.extend(places.tolist())
            self._weights.extend(weights.tolist())
            self._starts.append(len(self._places))
        return known

    def _features(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Where a term falls, and with which weight and sign."""
        if " " in term:
            features, weights = [f"p {term}"], [1.0]
        elif term in SILENT:
            features, weights = [], []
        else:
            edged = f"^{term}$"
            trigrams = [edged[at : at + 3] for at in range(len(edged) - 2)]
            features = [f"w {stem(term).text}", *(f"t {trigram}" for trigram in trigrams)]
            weights = [1.0, *[TRIGRAMS / math.sqrt(len(trigrams))] * len(trigrams)]
        hashes = np.array([zlib.crc32(feature.encode("utf-8", "replace")) for feature in features], np.uint64)
        mixed = (hashes * np.uint64(_SCRAMBLE)) & np.uint64(0xFFFFFFFF)
        # The product's high bits depend on all of the hash.
        places = ((mixed >> np.uint64(1)) * np.uint64(self.dimensions) >> np.uint64(31)).astype(np.int64)
        signs = np.where(hashes & np.uint64(1), 1.0, -1.0)
        return places, np.array(weights) * signs


def _terms(text: str) -> list[str]:
    """The folded words of a text, and pairs of solitary characters."""
    words = words_of(text.lower() if text.isascii() else text)
    if text.isascii():
        return [word[:MAX_LETTERS] for word in words]
    terms = [folded(word)[:MAX_LETTERS] for word in words]
    return terms + [f"{one} {other}" for one, other in pairwise(terms) if is_solitary(one) and is_solitary(other)]
