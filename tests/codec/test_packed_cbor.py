"""A CBOR document parsed packed is the document, or is refused in the same words as when it is parsed whole."""

from __future__ import annotations

import struct
from random import Random
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.codec import cbor
from satchel.codec.packed import Packed, unpacked
from satchel.codec.packed_cbor import decode_packed
from satchel.errors import InputError
from tests.codec.packable import ARRAYS, LIMITS, documents, parsed

DOCUMENTS = documents(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(["episodic", "components"]),
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(),
)


def spelled(value: Any, random: Random) -> bytes:
    """A value as CBOR whose heads are longer than they must be here and there, or without a length (RFC 8949 3, 3.2)."""

    def head(kind: int, length: int) -> bytes:
        widths = [size for size in range(4) if length < 1 << 8 * (1 << size)]
        if length < 24 and random.random() < 0.7:
            return bytes([kind << 5 | length])
        size = random.choice(widths)
        return bytes([kind << 5 | 24 + size]) + length.to_bytes(1 << size, "big")

    open_ended = random.random() < 0.3
    if type(value) is dict:
        items = b"".join(spelled(name, random) + spelled(item, random) for name, item in value.items())
        return b"\xbf" + items + b"\xff" if open_ended else head(5, len(value)) + items
    if type(value) is list:
        items = b"".join(spelled(item, random) for item in value)
        return b"\x9f" + items + b"\xff" if open_ended else head(4, len(value)) + items
    if type(value) is str:
        data = value.encode()
        return head(3, len(data)) + data
    if type(value) is int:
        return head(0, value) if value >= 0 else head(1, -1 - value)
    return b"\xfb" + struct.pack(">d", value) if type(value) is float else cbor2.dumps(value)


@settings(max_examples=600, deadline=None)
@given(DOCUMENTS, st.randoms(use_true_random=False))
@example({"episodic": [{"a": [[[[1]]]]}]}, Random(1))
@example({"components": {"episodic": [{"a": [[[1]]]}]}}, Random(1))
@example({"components": {"episodic": [{"a": [[1]]}]}}, Random(1))
def test_it_is_the_same_document(document: Any, random: Random) -> None:
    data = spelled(document, random)
    found, whole = parsed(decode_packed, data, ARRAYS, "components"), parsed(cbor.decode, data)
    assert found == whole
    # Integers and floats that are equal are two things.
    assert repr(found) == repr(whole)


@settings(max_examples=600, deadline=None)
@given(DOCUMENTS, st.randoms(use_true_random=False), st.integers(0, 200), st.binary(max_size=3), st.integers(0, 3))
def test_and_of_what_is_damaged_the_same_is_said(document: Any, random: Random, at: int, junk: bytes, cut: int) -> None:
    data = spelled(document, random)
    data = data[:at] + junk + data[at + cut :]
    assert parsed(decode_packed, data, ARRAYS, "components") == parsed(cbor.decode, data)


def test_it_begins_where_it_is_said_to() -> None:
    data = b"PAM\x01" + cbor2.dumps({"episodic": [{"a": 1}]})
    value = decode_packed(data, ARRAYS, "components", start=4)
    assert type(value["episodic"]) is Packed and value["episodic"][0] == {"a": 1}
    assert value["episodic"][0] is not value["episodic"][0], "nothing is held"


NAME = cbor2.dumps("episodic")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xa2" + NAME + b"\x80" + NAME + b"\x81\xa0", id="an array twice"),
        pytest.param(b"\xa1" + NAME + b"\x81\xa2\x61a\x01\x61a\x02", id="a key twice in an element"),
        pytest.param(b"\xa1" + NAME + b"\x81\xa1\x01\x01", id="a key that is no text"),
        pytest.param(b"\xa1" + NAME + b"\x81\xa1\x61a\xc1\x01", id="a tag in an element"),
        pytest.param(b"\xa1" + NAME + b"\xc1\x81\xa0", id="a tagged array"),
        pytest.param(b"\xa1" + NAME + b"\x81\xa1\x61a\xf9\x7e\x00", id="NaN in an element"),
        pytest.param(b"\xa1" + NAME + b"\x81\xa1\x61a\x41x", id="bytes in an element"),
        pytest.param(b"\xa1" + NAME + b"\x82\xa0", id="an element too few"),
        pytest.param(b"\xa1" + NAME + b"\x80\x00", id="something behind it"),
        pytest.param(b"\xa1" + NAME + b"\x9f\xa0", id="no break"),
        pytest.param(b"\xa1" + NAME + b"\x9b" + b"\xff" * 8, id="a length that nothing has"),
        pytest.param(b"\xa1" + NAME + b"\x9c", id="a reserved head"),
        pytest.param(b"\xbf" + NAME + b"\xff", id="a key without a value"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_hides_in_a_packed_array_is_refused(data: bytes) -> None:
    refused = parsed(decode_packed, data, ARRAYS, "components")
    assert type(refused) is tuple and refused == parsed(cbor.decode, data)


def test_only_arrays_of_maps_where_they_are_looked_for_are_packed() -> None:
    holder = {"semantic": [{"b": [1]}], "episodic": []}
    value = decode_packed(
        cbor2.dumps({"episodic": [{"a": 1}], "x": {"episodic": [{}]}, "components": holder}), ARRAYS, "components"
    )
    assert type(value["episodic"]) is Packed and type(value["components"]["semantic"]) is Packed
    assert type(value["x"]["episodic"]) is list and value["components"]["episodic"] == []
    odd = decode_packed(cbor2.dumps({"episodic": [{"a": 1}], "semantic": [1]}), ARRAYS, "components")
    assert type(odd["episodic"]) is list, "an array of others is for the checks to tell"


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_whether_it_is_deterministic_is_seen_in_pieces(document: Any, random: Random) -> None:
    data = spelled(document, random)
    try:
        value = decode_packed(data, ARRAYS, "components", limits=LIMITS)
    except InputError:
        return
    assert cbor.is_deterministic(data, value) == (data == cbor2.dumps(unpacked(value), canonical=True))
    best = cbor2.dumps(unpacked(value), canonical=True)
    assert cbor.is_deterministic(best, value) and not cbor.is_deterministic(best + b"\x00", value)
