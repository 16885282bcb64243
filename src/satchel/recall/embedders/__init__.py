"""From texts to vectors: what an embedder is.

    hashing     the default: words and their trigrams, hashed. No weights, lexical: it knows spellings, not meanings
    folder      a model that lies in a folder of this machine (ONNX or safetensors)
    endpoint    a URL that speaks OpenAI's ``/embeddings``

Nothing is ever fetched, and a vector is compared with none of another model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: Rows of vectors, or one vector.
    Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """A model that makes vectors. Two of the same digest give the same vectors for the same texts."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides its vectors, in hexadecimal."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""

    @property
    def is_lexical(self) -> bool:
        """Whether it knows spellings alone, so that words tell more than its vectors."""

    def embed(self, texts: Sequence[str], *, is_question: bool = False) -> Vectors:
        """One row for each text, of length 1; a text without anything that the model knows gives zeros. Some models are told
        what is a question.

        Any number of texts: an embedder cuts them to batches that its memory holds.
        """
