"""Canonical JSON of a .mem bundle (dossier section 3), and reading it back."""

from __future__ import annotations

from typing import Any

from satchel.codec import canonical, json_values
from satchel.errors import LimitExceeded, MalformedInput


def encode(value: Any) -> bytes:
    """The canonical bytes of a JSON value, as the format's SDKs write them. Raises CanonicalError."""
    return canonical.encode(value, "mem")


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
