"""Portable Agent Memory's canonical JSON: the shared vectors, and Python's own json as oracle."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec import pam_json
from satchel.codec.canonical import Dialect, check, encode
from satchel.errors import CanonicalError

ALPHABETS: list[tuple[Dialect, bool]] = [("pam-ascii", True), ("pam-utf8", False)]


def reference(value: Any, *, ascii: bool) -> bytes | None:
    """What the format's own words say: Python's json; None where that has no UTF-8 (portable-agent-memory.md 2.1)."""
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=ascii, separators=(",", ":"), allow_nan=False)
        # A lone surrogate has ASCII here, but no parser of UTF-8 would read it.
        json.dumps(value, ensure_ascii=False).encode()
        return text.encode()
    except (ValueError, RecursionError):
        return None


def actual(value: Any, dialect: Dialect) -> bytes | None:
    try:
        return encode(value, dialect)
    except CanonicalError:
        return None


doubles = st.one_of(
    st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("<d", raw)[0]),
    st.floats(1e-10, 1e-3),
    st.floats(-1e-3, -1e-10),
    st.floats(1e15, 1e22),
    st.integers(-(10**22), 10**22).map(float),
    st.sampled_from([0.0, -0.0, 1.0, 1e-4, 9.99e-5, 5e-5, 1e-5, 1e-6, 1.5e-7, 1e-9, 1e-10, 1e16, 1e21, 2.0**53, 5e-324]),
)
texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["null", "1.0,", "e-5]", "\x7f\u2028\x85", ":0.0000", "\ue000", "\uffff", "\U0001f600", "\ud800", '/\\"\b']
    ),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(10**40), 10**40), doubles, texts)
trees = st.recursive(
    scalars, lambda child: st.lists(child, max_size=4) | st.dictionaries(texts, child, max_size=4), max_leaves=12
)


@settings(max_examples=500)
@given(trees)
def test_no_difference_from_pythons_json(value: Any) -> None:
    for dialect, ascii in ALPHABETS:
        assert actual(value, dialect) == reference(value, ascii=ascii)


@settings(max_examples=300)
@given(trees)
def test_what_was_parsed_is_written_alike(value: Any) -> None:
    for _, ascii in ALPHABETS:
        wanted = reference(value, ascii=ascii)
        if wanted is not None:
            assert pam_json.write_parsed(value, ascii=ascii) == wanted
            assert pam_json._write_slowly(value, ascii=ascii) == wanted


@pytest.mark.parametrize("value", [{1: 2}, {None: 2}, [{1, 2}], [b""], object(), float("nan"), [float("-inf")], {"a": 1j}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    for dialect, _ in ALPHABETS:
        with pytest.raises(CanonicalError):
            encode(value, dialect)


def test_what_is_nested_without_end_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for each in (value, deep):
        with pytest.raises(CanonicalError):
            encode(each, "pam-ascii")


@pytest.mark.parametrize(
    ("value", "ascii", "utf8"),
    [
        ("é/\x7f", rb'"\u00e9/\u007f"', '"é/\x7f"'.encode()),
        ("\U0001f600", rb'"\ud83d\ude00"', '"\U0001f600"'.encode()),
        ({"\U0001f600": 1, "\uffff": 2}, rb'{"\uffff":2,"\ud83d\ude00":1}', '{"\uffff":2,"\U0001f600":1}'.encode()),
        ([1.0, 1e-07, 1e16, -0.0, 1], b"[1.0,1e-07,1e+16,-0.0,1]", b"[1.0,1e-07,1e+16,-0.0,1]"),
        ("\b\t\n\f\r\x01", rb'"\b\t\n\f\r\u0001"', rb'"\b\t\n\f\r\u0001"'),
    ],
)
def test_the_table_of_the_two_alphabets(value: Any, ascii: bytes, utf8: bytes) -> None:
    """Dossier 2.1."""
    assert encode(value, "pam-ascii") == ascii
    assert encode(value, "pam-utf8") == utf8
    assert check(ascii, "pam-ascii")
    assert check(utf8, "pam-utf8")


def test_the_other_number_policy() -> None:
    """Dossier 2.1: ECMAScript's numbers under the same keys and the same alphabet."""
    assert (
        encode({"é": [1.0, 1e-7, 0.00001, 1e16, 1e21, 0.9]}, "pam-es6")
        == '{"é":[1,1e-7,0.00001,10000000000000000,1e+21,0.9]}'.encode()
    )


@pytest.mark.parametrize(("profile", "dialect"), [("sdk-profile", "pam-ascii"), ("spec-profile", "pam-utf8")])
def test_every_vector_of_an_entry(shared: Path, profile: str, dialect: Dialect) -> None:
    path = shared / "conformance" / "portable-agent-memory" / profile / "vectors.json"
    entries = json.loads(path.read_text())["entries"]
    assert len(entries) > 3
    for entry in entries:
        data = entry["canonical"].encode()
        assert check(data, dialect)
        assert entry["id"] == f"blake3:{blake3(data).hexdigest()}"
