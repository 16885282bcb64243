"""Portable Memory's canonical JSON: the shared vectors, the public SDK as oracle, and the places where its text differs."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import msgspec
import orjson
import portable_memory
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec import mem_json
from satchel.codec.canonical import check, encode
from satchel.errors import CanonicalError


def reference(value: Any) -> bytes | None:
    """The SDK's bytes, or None where it fails."""
    try:
        text = portable_memory.canonical_json(value)
        return text if isinstance(text, bytes) else text.encode()
    except (ValueError, TypeError, RecursionError):
        return None


def actual(value: Any) -> bytes | None:
    try:
        return encode(value, "mem")
    except CanonicalError:
        return None


doubles = st.one_of(
    st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("<d", raw)[0]),
    st.floats(1e-10, 1e-3),
    st.floats(-1e-3, -1e-10),
    st.floats(1e15, 1e22),
    st.integers(-(10**22), 10**22).map(float),
    st.sampled_from([0.0, -0.0, 1e-4, 9.99e-5, 5e-5, 1e-5, 1e-6, 1.5e-7, 1e-9, 1e-10, 1e16, 1e20, 1e21, 2.0**53, 5e-324]),
)
texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["null", "1.0,", ".0}", "e-5]", "e+20,", "\x7f\u2028\x85", ":0.0000", "\ue000", "\U0001f600", "\ud800"]),
)
integers = st.one_of(st.integers(), st.integers(-(10**40), 10**40))
scalars = st.one_of(st.none(), st.booleans(), integers, doubles, texts)
trees = st.recursive(
    scalars, lambda child: st.lists(child, max_size=4) | st.dictionaries(texts, child, max_size=4), max_leaves=12
)


def vectors(shared: Path) -> list[dict[str, Any]]:
    path = shared / "conformance/portable-memory/Conformance/vectors/canonical-json.json"
    # Integers past 64 bits and 1.0 must survive the loading.
    found: list[dict[str, Any]] = json.loads(path.read_text())["vectors"]
    assert len(found) == 26
    return found


def test_every_golden_vector(shared: Path) -> None:
    """L0-1."""
    for vector in vectors(shared):
        data = encode(vector["input"], "mem")
        assert data.decode() == vector["canonical"], vector["name"]
        assert hashlib.sha256(data).hexdigest() == vector["sha256"]
        assert check(data, "mem")


@settings(max_examples=600)
@given(trees)
def test_no_difference_from_the_sdk(value: Any) -> None:
    assert actual(value) == reference(value)


@given(trees)
def test_the_slow_way_writes_the_same(value: Any) -> None:
    def slowly() -> bytes | None:
        try:
            return mem_json._write_slowly(value, mem_json._REPR)
        except CanonicalError:
            return None

    assert slowly() == actual(value)


@pytest.mark.parametrize(
    ("value", "as_sdk", "as_text"),
    [
        (5e-05, b"5e-05", b"0.00005"),
        (1e-06, b"1e-06", b"0.000001"),
        (1.5e-07, b"1.5e-07", b"1.5e-7"),
        (-7.88e-06, b"-7.88e-06", b"-0.00000788"),
        (1e16, b"1e+16", b"10000000000000000"),
        (1.2345678901234568e20, b"1.2345678901234568e+20", b"123456789012345680000"),
        (1e21, b"1e+21", b"1e+21"),
        (1e-10, b"1e-10", b"1e-10"),
        (0.0001, b"0.0001", b"0.0001"),
        (8e15, b"8000000000000000", b"8000000000000000"),
        (-0.0, b"0", b"0"),
        (2**64, b"18446744073709551616", b"18446744073709551616"),
    ],
)
def test_where_the_sdk_and_the_text_write_numbers_otherwise(value: float, as_sdk: bytes, as_text: bytes) -> None:
    """Dossier 3.2 and 3.3."""
    assert encode([value], "mem") == b"[" + as_sdk + b"]"
    assert encode([value], "mem-spec") == b"[" + as_text + b"]"
    assert check(b"[" + as_sdk + b"]", "mem")
    assert check(b"[" + as_text + b"]", "mem-spec")


@given(st.dictionaries(texts.filter(lambda text: "\ud800" not in text), doubles, max_size=5))
def test_numbers_of_the_text_are_those_of_rfc_8785(value: dict[str, float]) -> None:
    try:
        expected = {name: rfc8785.dumps(number) for name, number in value.items()}
    except rfc8785.FloatDomainError:
        with pytest.raises(CanonicalError):
            encode(value, "mem-spec")
        return
    data = encode(value, "mem-spec")
    found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    assert {name: bytes(number) for name, number in found.items()} == expected


def test_keys_sort_by_code_point() -> None:
    """Item 5: RFC 8785 would have the astral key first."""
    keys = {"\U0001f600": 1, "\ue000": 2, "é": 3, "b": 4, "B": 5}
    assert list(msgspec.json.decode(encode(keys, "mem"))) == ["B", "b", "é", "\ue000", "\U0001f600"]


def test_deep_nesting_is_written_or_refused() -> None:
    value: Any = []
    for _ in range(300):
        value = [value]
    assert encode(value, "mem") == b"[" * 301 + b"]" * 301
    for _ in range(200_000):
        value = [value]
    with pytest.raises(CanonicalError, match="nested"):
        encode(value, "mem")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "NaN"),
        ({"a": [None, float("inf")]}, "NaN"),
        ("\ud800", "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({1: 2}, "key"),
        (b"bytes", "type"),
        ({1, 2}, "type"),
    ],
)
def test_what_has_no_canonical_bytes(value: Any, reason: str) -> None:
    with pytest.raises(CanonicalError, match=reason):
        encode(value, "mem")


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'{"b":1,"a":2}', b'{"a": 1}', b"[1.0]", b"[1E2]", b'"\\u0041"', b"", b"[NaN]", b"\xff"]
)
def test_what_is_not_canonical_does_not_check(data: bytes) -> None:
    assert not check(data, "mem")


def test_an_integer_with_more_digits_than_can_be_written() -> None:
    with pytest.raises(CanonicalError, match="digits"):
        encode(10**5000, "mem")


def test_an_orjson_that_writes_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mem_json._AS_MEASURED
    monkeypatch.setattr(mem_json, "_AS_MEASURED", False)
    monkeypatch.setattr(orjson, "dumps", None)
    assert encode({"b": 1.0, "a": [1e-5, "é", None, True]}, "mem") == '{"a":[1e-05,"é",null,true],"b":1}'.encode()
