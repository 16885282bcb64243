"""A document parsed packed is the document, or is refused in the same words as when it is parsed whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.codec.json_values import decode_whole
from satchel.codec.packed import Packed
from satchel.codec.packed_json import decode_packed
from tests.codec.packable import ARRAYS, documents, parsed

DOCUMENTS = documents(
    st.text(max_size=6) | st.sampled_from(["a:b", ":", "\ud800", '"', "episodic", "components"]),
    st.none() | st.integers(-(10**45), 10**45) | st.floats(),
)


@settings(max_examples=600, deadline=None)
@given(DOCUMENTS, st.booleans(), st.booleans())
@example({"episodic": [{"a": [[[[1]]]]}]}, False, False)
@example({"components": {"episodic": [{"a": [[[1]]]}]}}, False, False)
def test_it_is_the_same_document(document: Any, ascii: bool, pretty: bool) -> None:
    text = json.dumps(document, ensure_ascii=ascii, indent=1 if pretty else None)
    data = text.encode("utf-8", "surrogatepass")
    assert parsed(decode_packed, data, ARRAYS, "components") == parsed(decode_whole, data)


@settings(max_examples=600, deadline=None)
@given(DOCUMENTS, st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3))
def test_and_of_what_is_damaged_the_same_is_said(document: Any, at: int, junk: bytes, cut: int) -> None:
    data = json.dumps(document).encode()
    data = data[:at] + junk + data[at + cut :]
    assert parsed(decode_packed, data, ARRAYS, "components") == parsed(decode_whole, data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"episodic":[{"a":1,"a":2}]}',
        b'{"episodic":[],"episodic":[{}]}',
        b'{"components":{"semantic":[{}]},"components":{"semantic":[]}}',
        b'{"components":{"semantic":[{}],"semantic":[]}}',
        b'{"a":{"b":1,"b":1},"episodic":[]}',
        b'{"episodic":[{"a":1,"\\u0061":2}]}',
        b'{"episodic":[{"a:":1,"a\\u003a":2}]}',
        b'{"episodic":[{}]}trailing',
        b'{"episodic":[{"a":NaN}]}',
        b'{"episodic":[{"a":"\xff"}]}',
    ],
)
def test_what_hides_in_a_packed_array_is_refused(data: bytes) -> None:
    refused = parsed(decode_packed, data, ARRAYS, "components")
    assert type(refused) is tuple and refused == parsed(decode_whole, data)


def test_only_arrays_of_objects_where_they_are_looked_for_are_packed() -> None:
    data = b'{"episodic":[{"a":1}],"semantic":[1],"x":{"episodic":[{}]},"components":{"semantic":[{"b":[1]}],"episodic":[]}}'
    assert type(decode_packed(data, ARRAYS, "components")["episodic"]) is list, "an array of others is for the checks to tell"
    value = decode_packed(data.replace(b"[1]", b"[{}]"), ARRAYS, "components")
    assert type(value["episodic"]) is Packed and type(value["components"]["semantic"]) is Packed
    assert type(value["x"]["episodic"]) is list and value["components"]["episodic"] == []
