"""A static model: a table with a vector for each token; a text's is the mean of its tokens' (model2vec, StaticEmbedding)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from satchel.errors import InputError
from satchel.recall.embedders.tensors import read_tensors
from satchel.recall.embedders.tokenizing import Tokens, tokens_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Tokens of a text that are read, as model2vec does.
MOST_TOKENS = 512
#: model2vec's name for the table, and sentence-transformers'.
_OURS, _THEIRS = "embeddings", "embedding.weight"


class StaticTable:
    """``rows``: of each token its row of the table, where they are not the same (model2vec's ``mapping``). ``weights``: what it
    weighs in the mean. ``unknown``: a token that is left out."""

    def __init__(
        self,
        tokens: Tokens,
        table: NDArray[np.float32],
        rows: NDArray[np.int64] | None,
        weights: NDArray[np.float32] | None,
        unknown: int | None,
    ) -> None:
        self._tokens = tokens
        self._table = table
        self._rows = rows
        self._weights = weights
        self._unknown = unknown

    @classmethod
    def read(cls, folder: Path) -> StaticTable:
        """The table in a folder. Raises as FolderEmbedder."""
        tensors = read_tensors(folder / "model.safetensors")
        table = tensors.get(_OURS, tensors.get(_THEIRS))
        if table is None or table.ndim != 2:
            raise InputError(f"{folder / 'model.safetensors'} holds no table called {_OURS} or {_THEIRS}")
        tokens = tokens_of(folder)
        rows, weights = tensors.get("mapping"), tensors.get("weights")
        return cls(
            tokens,
            np.asarray(table, np.float32),
            None if rows is None else np.asarray(rows, np.int64),
            None if weights is None else np.asarray(weights, np.float32),
            tokens.unknown if _OURS in tensors else None,
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The mean of each text's tokens; zeros for a text that has none."""
        made = np.zeros((len(texts), self._table.shape[1]), np.float32)
        for at, encoded in enumerate(self._tokens.encode(texts, MOST_TOKENS, marked=False)):
            ids = np.array([id for id in encoded if id != self._unknown], np.int64)
            if len(ids):
                found = self._table[ids if self._rows is None else self._rows[ids]]
                made[at] = (found if self._weights is None else found * self._weights[ids][:, None]).mean(axis=0)
        return made
