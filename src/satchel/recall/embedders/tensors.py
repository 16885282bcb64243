"""Weights of a safetensors file: names, shapes and numbers, and nothing that could run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from satchel.errors import InputError, UsageError
from satchel.recall.embedders.tokenizing import EXTRA

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """All tensors of a file, by name.

    Raises:
        UsageError: the package that reads it is not there.
        InputError: it is damaged, or holds numbers of a kind that NumPy does not have (bfloat16).
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise UsageError("a model's weights need the package safetensors", hint=EXTRA) from None
    try:
        with safe_open(str(path), framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} holds no weights that can be read", hint="safetensors of float16, float32, or int8 are"
        ) from error
