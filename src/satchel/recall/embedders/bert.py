"""The forward pass of a BERT-shaped encoder in NumPy, from its weights (Devlin et al. 2018; the names of Hugging Face's files).

Layers after one another: attention over all tokens that are there, a sum with what came in, normalised; then two dense layers
with a bend between them, a sum, normalised. RoBERTa's differs in where positions begin.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.errors import InputError
from satchel.recall.embedders.tensors import read_tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_BERTS, _ROBERTAS = ("bert",), ("roberta", "xlm-roberta", "camembert")


class Bert:
    """See the module's text. Called with ids and mask, both (texts, tokens), it gives (texts, tokens, dimensions)."""

    def __init__(self, weights: dict[str, Array], config: dict[str, Any]) -> None:
        self._weights = weights
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        self._first = int(config.get("pad_token_id") or 0) + 1 if config["model_type"] in _ROBERTAS else 0
        self._bend = _BENDS[config.get("hidden_act", "gelu")]

    @classmethod
    def read(cls, path: Path, config: dict[str, Any]) -> Bert:
        """The encoder in a safetensors file.

        Raises:
            InputError: an architecture that is another's, or weights that are not there.
        """
        kind = config.get("model_type")
        if kind not in (*_BERTS, *_ROBERTAS):
            known = ", ".join((*_BERTS, *_ROBERTAS))
            raise InputError(f"{path} is a model of type {kind}, which runs as ONNX alone", hint=f"as weights: {known}")
        if config.get("position_embedding_type", "absolute") != "absolute":
            raise InputError(f"{path} has relative positions, which run as ONNX alone")
        if config.get("hidden_act", "gelu") not in _BENDS:
            raise InputError(f"{path} uses {config['hidden_act']}, which is not known here")
        weights: dict[str, Array] = {}
        for name, tensor in read_tensors(path).items():
            # Written by a model with a head, the encoder's names have its own before them.
            short = name.removeprefix("bert.").removeprefix("roberta.")
            # (in, out), so that rows are multiplied as they lie.
            is_dense = short.endswith(".weight") and tensor.ndim == 2 and "embeddings" not in short
            weights[short] = np.ascontiguousarray(tensor.T if is_dense else tensor, np.float32)
        return cls(weights, config)

    def __call__(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Array:
        named = self._weights
        positions = self._first + np.arange(ids.shape[1])
        found = named["embeddings.word_embeddings.weight"][ids]
        found = found + named["embeddings.position_embeddings.weight"][positions][None]
        found = found + named["embeddings.token_type_embeddings.weight"][0]
        found = self._normalised(found, "embeddings.LayerNorm")
        # What is padding gets no attention.
        hidden: Array = np.where(mask > 0, 0, -1e9).astype(np.float32)[:, None, None, :]
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            seen = self._dense(self._attended(found, hidden, f"{layer}.attention.self"), f"{layer}.attention.output.dense")
            found = self._normalised(found + seen, f"{layer}.attention.output.LayerNorm")
            bent = self._bend(self._dense(found, f"{layer}.intermediate.dense"))
            found = self._normalised(found + self._dense(bent, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return found

    def _attended(self, found: Array, hidden: Array, layer: str) -> Array:
        texts, tokens, size = found.shape
        parts = []
        for name in ("query", "key", "value"):
            each = self._dense(found, f"{layer}.{name}").reshape(texts, tokens, self._heads, size // self._heads)
            parts.append(each.transpose(0, 2, 1, 3))
        query, key, value = parts
        scores: Array = query @ key.transpose(0, 1, 3, 2)
        scores *= np.float32(1 / np.sqrt(size // self._heads))
        scores += hidden
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed: Array = (scores @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, size)
        return mixed

    def _dense(self, found: Array, layer: str) -> Array:
        result: Array = found @ self._weights[f"{layer}.weight"]
        result += self._weights[f"{layer}.bias"]
        return result

    def _normalised(self, found: Array, layer: str) -> Array:
        centred = found - found.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        result: Array = centred / spread * self._weights[f"{layer}.weight"] + self._weights[f"{layer}.bias"]
        return result


def _erf(x: Array) -> Array:
    """The error function to 1.5e-7, which is float32's own precision (Abramowitz and Stegun 7.1.26)."""
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    result: Array = np.sign(x) * (1 - series * np.exp(-size * size))
    return result


def _gelu(x: Array) -> Array:
    result: Array = np.float32(0.5) * x * (1 + _erf(x * np.float32(1 / np.sqrt(2))))
    return result


def _gelu_tanh(x: Array) -> Array:
    inner = np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
    result: Array = np.float32(0.5) * x * (1 + np.tanh(inner))
    return result


_BENDS: dict[str, Callable[[Array], Array]] = {
    "gelu": _gelu,
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "relu": lambda x: np.maximum(x, 0),
}
