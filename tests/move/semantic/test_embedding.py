"""The third tier's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from satchel.move.semantic.embedding import best_matches, is_lexical, measures

ROWS = {"east": (1, 0), "north": (0, 1), "northeast": (0.6, 0.8), "?": (0, 0)}


class Table:
    """A model of three words."""

    name = "table"
    digest = "0" * 64
    dimensions = 2

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([ROWS[text] for text in texts], np.float32).reshape(len(texts), 2)


def test_each_changed_text_is_held_against_its_best_match_of_the_whole_other_side() -> None:
    recall, precision = best_matches(Table(), ["east", "north"], ["northeast", "north"], [0], [0])
    assert recall == pytest.approx([0.6])
    assert precision == pytest.approx([0.8])
    found = measures([0.6, 0.8], precision)
    assert (found.recall, found.least_recall, found.precision) == (0.7, 0.6, 0.8)
    assert measures([], [0.5]).recall == 1


def test_nothing_is_said_of_a_text_that_the_model_knows_nothing_in() -> None:
    assert best_matches(Table(), ["?"], ["east"], [0], [0]) == ([1.0], [0.0])


def test_a_side_without_a_text_has_no_match() -> None:
    assert best_matches(Table(), ["east"], [], [0], []) == ([0.0], [])


def test_the_hashing_embedder_is_lexical() -> None:
    hashing = pytest.importorskip("satchel.recall.embedders.hashing", reason="comes with the embedders")
    assert is_lexical(hashing.HashingEmbedder())
    assert not is_lexical(Table())
