"""One vector for a text of those of its tokens, as sentence-transformers' ``1_Pooling/config.json`` tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The names of flags, and of modes in newer files.
_MODES = {
    "cls_token": "cls",
    "mean_tokens": "mean",
    "max_tokens": "max",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "weightedmean_tokens": "weightedmean",
    "lasttoken": "lasttoken",
}


def modes(config: dict[str, Any]) -> tuple[str, ...]:
    """The ways that a configuration names, in the order in which their vectors stand one after another.

    Raises:
        InputError: it names none, or one that is not known here.
    """
    told = config.get("pooling_mode")
    if told is None:
        told = [mode for flag, mode in _MODES.items() if config.get(f"pooling_mode_{flag}")]
    found = tuple([told] if isinstance(told, str) else told)
    if not found or not set(found) <= set(_MODES.values()):
        raise InputError("the model's pooling is not known here", hint="known: " + ", ".join(_MODES.values()))
    return found


def pooled(tokens: NDArray[np.float32], mask: NDArray[np.int64], ways: Sequence[str]) -> NDArray[np.float32]:
    """(texts, tokens, dimensions) and (texts, tokens) to (texts, dimensions of all ways together)."""
    weight = mask[:, :, None].astype(np.float32)
    count = np.maximum(weight.sum(axis=1), 1)
    last = np.maximum(mask.sum(axis=1) - 1, 0)
    made = []
    for way in ways:
        if way == "cls":
            made.append(tokens[:, 0])
        elif way == "max":
            made.append(np.where(weight > 0, tokens, -np.inf).max(axis=1))
        elif way == "lasttoken":
            made.append(tokens[np.arange(len(tokens)), last])
        elif way == "weightedmean":
            growing = weight * np.arange(1, tokens.shape[1] + 1, dtype=np.float32)[None, :, None]
            made.append((tokens * growing).sum(axis=1) / np.maximum(growing.sum(axis=1), 1))
        else:
            made.append((tokens * weight).sum(axis=1) / (count if way == "mean" else np.sqrt(count)))
    return np.concatenate(made, axis=1)
