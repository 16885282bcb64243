"""Canonical JSON of a .mem bundle (dossier section 3), and reading it back."""

from __future__ import annotations

import json
import math
from typing import Any

from satchel.codec import json_values
from satchel.errors import CanonicalError, LimitExceeded, MalformedInput


def encode(value: Any) -> bytes:
    """The canonical bytes of a JSON value, as the format's reference writes them.

    Raises:
        CanonicalError: NaN, an infinity, a lone surrogate, or what is no JSON.
    """
    # To be replaced by satchel.codec.canonical.encode(value, "mem").
    try:
        text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except (ValueError, TypeError, RecursionError):
        raise CanonicalError("the value has no canonical bytes") from None


def _plain(value: Any) -> Any:
    """``value`` with integral floats below 1e16 as integers (dossier section 3.2); Python's repr is right for the others."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e16:
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def decode(line: bytes) -> dict[str, Any]:
    """One line of a stream as an object: strict JSON, no name twice, bounded depth and digits.

    Raises:
        MalformedInput: also where a limit is crossed: to a judge both are a line that no reader should take.
    """
    try:
        value = json_values.decode_unique(line)
    except LimitExceeded as error:
        raise MalformedInput(error.message) from None
    if not isinstance(value, dict):
        raise MalformedInput("a line is no JSON object")
    return value
