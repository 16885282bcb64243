"""Integers in CBOR without tags: both sides end at 64 bits."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satchel.codec import cbor
from satchel.errors import CanonicalError, MalformedInput

#: RFC 8949 3.1: major types 0 and 1 with an argument of eight bytes.
LEAST, MOST = -(2**64), 2**64 - 1


@given(st.integers(-(2**70), 2**70), st.booleans())
@example(LEAST, False)
@example(LEAST - 1, False)
@example(MOST, True)
@example(MOST + 1, True)
@example(-(2**63) - 1, False)
def test_what_is_written_is_read_and_what_is_not_read_is_not_written(number: int, deterministic: bool) -> None:
    value: Any = {"a": [1.5, {"b": number}]}
    if LEAST <= number <= MOST:
        assert cbor.decode(cbor.encode(value, deterministic=deterministic)) == value
        return
    with pytest.raises(CanonicalError, match="64 bits"):
        cbor.encode(value, deterministic=deterministic)
    with pytest.raises(MalformedInput, match="tag"):
        cbor.decode(cbor2.dumps(value))


def test_a_deep_value_is_walked_without_recursion() -> None:
    value: Any = 2**63
    for _ in range(300):
        value = [value]
    # orjson refuses the depth, and not the number.
    assert cbor.encode(value)[-9:] == b"\x1b" + (2**63).to_bytes(8, "big")
