"""Values that must not be seen: their repr is ``***``, so that no log, error or debugger line shows them by accident.

Python cannot wipe memory: a secret stays in the process until the memory is used again.
"""

from __future__ import annotations

import hmac
import secrets as _secrets

KEY_BYTES = 32


class Secret:
    """Bytes that are not shown. Equality takes constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The bytes themselves, for the one call that needs them."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    __hash__ = None  # type: ignore[assignment]


def new_key() -> Secret:
    """A fresh 256-bit key from the system's generator."""
    return Secret(_secrets.token_bytes(KEY_BYTES))
