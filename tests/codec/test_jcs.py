"""Canonical JSON against RFC 8785: its text, the shared vectors, and the reference package as oracle."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import struct
import uuid
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec import jcs
from satchel.codec.canonical import check, encode
from satchel.errors import CanonicalError, UsageError


def expected(value: Any) -> bytes | None:
    """The reference's bytes, or None when it refuses (one of its errors leaks: engineering.md 1b)."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return None


def actual(value: Any) -> bytes | None:
    try:
        return encode(value)
    except CanonicalError:
        return None


bit_patterns = st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("<d", raw)[0])
doubles = st.one_of(
    bit_patterns,
    st.floats(1e-7, 1e-4),
    st.floats(1e15, 1e22),
    st.floats(-1e-4, -1e-7),
    st.integers(-(10**22), 10**22).map(float),
    st.integers(-(2**54), 2**54).map(float),
    st.sampled_from([0.0, -0.0, 1e-5, 1e-6, 9.999999999999999e-6, 1e16, 1e20, 1e21, 2.0**53, 2.0**53 - 1, 5e-324]),
)
safe_integers = st.integers(-(2**53) + 1, 2**53 - 1)
#: Characters on both sides of each border that matters, and what looks like the numbers that are mended.
characters = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from(list('"\\/\x00\x1f\x7fé\u2028\ud7ff\ue000\ufb33\ufeff\uffff\U00010000\U0001f600\U0010ffff:,}].0e-6')),
)
texts = st.one_of(
    st.text(characters, max_size=8),
    st.sampled_from(["null", "1.0,", "x.0}", "e-6]", "e+20,", '"1.0', "\x7fg", 'ÿ"', "\ue000\\", '\U0001f600":']),
)
scalars = st.one_of(st.none(), st.booleans(), safe_integers, doubles, texts)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(texts, inner, max_size=4),
    ),
    max_leaves=20,
)


@settings(max_examples=500)
@given(trees)
def test_every_tree_is_written_as_the_reference_writes_it(value: Any) -> None:
    assert actual(value) == expected(value)


@settings(max_examples=1000)
@given(doubles)
def test_every_double_is_written_as_the_reference_writes_it(number: float) -> None:
    assert actual(number) == expected(number)
    assert actual([None, {"a": number}]) == expected([None, {"a": number}])


@settings(max_examples=300)
@given(st.dictionaries(st.text(characters, min_size=1, max_size=3), st.integers(0, 9), min_size=2, max_size=8))
def test_keys_stand_in_utf16_order(value: dict[str, int]) -> None:
    assert list(json.loads(encode(value))) == sorted(value, key=lambda key: key.encode("utf-16-be"))


@pytest.mark.parametrize("depth", [250, 252, 253, 254, 255, 300])
@pytest.mark.parametrize("leaf", [1, 1.0, "x", 1e20])
def test_depth_past_what_orjson_writes(depth: int, leaf: Any) -> None:
    listed, named = leaf, leaf
    for _ in range(depth):
        listed, named = [listed], {"a": named}
    inner = rfc8785.dumps(leaf)
    assert encode(listed) == b"[" * depth + inner + b"]" * depth
    assert encode(named) == b'{"a":' * depth + inner + b"}" * depth


def test_the_shared_vectors(shared: Path) -> None:
    vectors = json.loads((shared / "conformance/portable-ai-memory/derived/jcs-vectors.json").read_bytes())
    for source, text in vectors["numbers"]:
        assert encode(json.loads(source)) == text.encode()
    for source, text in vectors["strings"]:
        assert encode(source) == text.encode()
        assert check(text.encode())
    order = vectors["object_key_order"]
    assert encode(order["input"]) == order["canonical"].encode()


def test_rfc_8785_section_3_2_3_example() -> None:
    value = json.loads(
        r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
    )
    assert encode(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), struct.unpack("<d", b"\x01" + b"\xff" * 7)[0]])
def test_what_is_no_number_is_refused_wherever_it_stands(number: float) -> None:
    for value in (number, [number], {"a": number}, [None, "null", {"a": [1, (2, number)]}], [[[]], {"x": {"y": number}}]):
        with pytest.raises(CanonicalError):
            encode(value)


def test_null_beside_text_that_looks_like_a_nan_is_kept() -> None:
    value = ["g123456\x7f\x7f", "g\u07ff\u07ff\u07ff\x7f", None, -1, 0.9]
    assert encode(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc00\ud800"])
def test_a_lone_surrogate_is_refused_in_values_and_keys(text: str) -> None:
    for value in (text, [text], {text: 1}, {"a": {text: 1}}):
        with pytest.raises(CanonicalError, match="surrogate"):
            encode(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64, 10**30, pytest.param(10**5000, id="10**5000")])
def test_an_integer_that_a_double_may_not_hold_is_refused(number: int) -> None:
    with pytest.raises(CanonicalError, match="integer"):
        encode({"a": [number]})


def test_the_largest_integers_are_written() -> None:
    assert encode([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"


class Plain(enum.Enum):
    A = "x"


class Text(enum.StrEnum):
    A = "x"


class Number(enum.IntEnum):
    A = 3


class Mapping(dict[str, int]):
    pass


class Name(str):
    pass


@dataclasses.dataclass
class Data:
    a: int = 1


@pytest.mark.parametrize(
    "value",
    [
        Plain.A, Data(), uuid.UUID(int=1), datetime.datetime(2024, 1, 1), datetime.date(2024, 1, 1), b"x", bytearray(b"x"),
        {1}, frozenset(), 1j, ..., range(3), orjson.Fragment(b"1"), {1: 2}, {None: 1}, {1.5: 1},
        {True: 1}, {Plain.A: 1}, {b"a": 1}, {(): 1},
    ],
)  # fmt: skip
def test_types_that_json_does_not_have_are_refused(value: Any) -> None:
    for nested in (value, [value], {"a": {"b": value}}):
        with pytest.raises(CanonicalError):
            encode(nested)


@pytest.mark.parametrize("value", [Text.A, Number.A, Mapping(a=1), Name("x"), {Name("b"): 1, "a": Text.A}, (1, (2,))])
def test_subclasses_are_taken_as_the_reference_takes_them(value: Any) -> None:
    assert encode([value]) == rfc8785.dumps([value])


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(CanonicalError):
        encode(value)


def test_an_orjson_that_writes_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert jcs._AS_MEASURED
    monkeypatch.setattr(jcs, "_AS_MEASURED", False)
    monkeypatch.setattr(orjson, "dumps", None)
    assert encode({"b": 1.0, "a": [1e20]}) == b'{"a":[100000000000000000000],"b":1}'


@settings(max_examples=200)
@given(trees)
def test_what_is_encoded_checks(value: Any) -> None:
    data = actual(value)
    if data is not None:
        assert check(data)
        assert not check(data + b" ")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b" 1", b"1.0", b"-0", b"1e21", b"1E+21", b"9007199254740993", b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"[1, 2]",
     b'"\\/"', b'"\\u0041"', b'"\\ud800"', b"\xff", b"\xef\xbb\xbf1", b"NaN", b"1e400", b"[" * 5000, b"9" * 5000],
)  # fmt: skip
def test_what_is_not_canonical_does_not_check(data: bytes) -> None:
    assert check(data) is False


@pytest.mark.parametrize("data", [b"1e+21", b"100000000000000000000", b"9007199254740992", b"0.000001", b"1e-7", b"[]"])
def test_what_is_canonical_checks(data: bytes) -> None:
    assert check(data) is True


@pytest.mark.parametrize("dialect", ["", "JCS", "pam"])
def test_an_unknown_dialect_is_wrong_use(dialect: Any) -> None:
    with pytest.raises(UsageError):
        encode(1, dialect)
    with pytest.raises(UsageError):
        check(b"1", dialect)


@settings(max_examples=300)
@given(trees)
def test_what_a_parser_made_is_written_as_all_else(value: Any) -> None:
    try:
        parsed = msgspec.json.decode(json.dumps(value, allow_nan=False))
    except (ValueError, msgspec.DecodeError):
        return
    assert jcs.write_parsed(parsed) == encode(parsed)
    # Said to be all that is to be searched, the whole is as good as nothing said.
    assert jcs.write_parsed([parsed, "1.0"], loose=parsed) == encode([parsed, "1.0"])


@pytest.mark.parametrize("value", [[2**53], [2**80], {"a": "\ud800"}])
def test_what_has_no_bytes_has_none_when_parsed(value: Any) -> None:
    with pytest.raises(CanonicalError):
        jcs.write_parsed(value)
    with pytest.raises(CanonicalError):
        jcs.write_parsed(value, loose=[])


class Pair(msgspec.Struct):
    a: Any
    b: Any = msgspec.UNSET


def test_every_character_is_written_in_lines_as_in_rfc_8785() -> None:
    for start in range(0, 0x110000, 0x1000):
        text = "".join(chr(code) for code in range(start, start + 0x1000) if not 0xD800 <= code < 0xE000)
        for each in (text, *text[: 0x100 if not start else 0]):
            assert jcs.write_lines([Pair(each)], [], b"[]") == rfc8785.dumps({"a": each}) + b"\n"


@settings(max_examples=300)
@given(trees, trees)
def test_lines_are_canonical_or_none(first: Any, second: Any) -> None:
    try:
        one, other = (msgspec.json.decode(json.dumps(value, allow_nan=False)) for value in (first, second))
        written = jcs.write_parsed([one, other])
    except (ValueError, CanonicalError):
        return
    lines = jcs.write_lines([Pair(one), Pair(None, other)], [one, other], written)
    assert lines in (None, encode({"a": one}) + b"\n" + encode({"a": None, "b": other}) + b"\n")


def test_what_msgspec_cannot_write_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in (2**80, deep, object(), "\ud800"):
        assert jcs.write_lines([Pair(value)], [value], b"") is None
    assert jcs.write_lines([Pair(1)], [1], b"[1]") == b'{"a":1}\n'
    assert jcs.write_lines([Pair(1.0)], [1.0], b"[1]") is None
    monkeypatch.setattr(jcs, "_LINES_AS_MEASURED", False)
    assert jcs.write_lines([Pair(1)], [1], b"[1]") is None
