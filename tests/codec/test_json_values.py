"""Strict JSON: what RFC 8259 and the limits refuse is refused, with its place; what they allow is kept exactly."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec.json_values import check_digits, decode, decode_unique, repair_text
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.limits import Limits

PLACE = Place(file="x.json", element=3, offset=1000)

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**40), 10**40),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.sampled_from(["[", "]]", "{[", '"[', "\\", '\\"{']),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=15,
)


def depth(value: Any) -> int:
    if type(value) is list:
        return 1 + max(map(depth, value), default=0)
    if type(value) is dict:
        return 1 + max(map(depth, value.values()), default=0)
    return 0


@given(values, st.booleans())
def test_a_value_comes_back_exactly(value: Any, ascii_only: bool) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert decode(data) == value
    assert decode_unique(data) == value


@settings(max_examples=300)
@given(values, st.integers(1, 6))
def test_the_depth_limit_is_exact(value: Any, json_depth: int) -> None:
    data = json.dumps(value).encode()
    if depth(value) <= json_depth:
        assert decode(data, limits=Limits(json_depth=json_depth)) == value
    else:
        with pytest.raises(LimitExceeded, match="nested"):
            decode(data, limits=Limits(json_depth=json_depth))


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_the_default_depth(opening: bytes, closing: bytes) -> None:
    times = 128 // opening.count(b"[") if opening == b"[" else 128 // (opening.count(b"[") + opening.count(b"{"))
    decode(opening * times + b"1" + closing * times)
    with pytest.raises(LimitExceeded):
        decode(b"[" + opening * times + b"1" + closing * times + b"]")


def test_brackets_in_strings_do_not_count() -> None:
    text = "[" * 5000 + '"' + "{" * 5000 + "\\"
    assert decode(json.dumps([text, {text: [text]}]).encode()) == [text, {text: [text]}]


def test_brackets_in_strings_do_not_hide_depth() -> None:
    for text in ("]", "}}", '"]', "\\]", "][", "}{"):
        value: Any = 1
        for _ in range(128):
            value = [text, value]
        assert decode(json.dumps(value).encode()) == value
        value = {text: value}
        with pytest.raises(LimitExceeded):
            decode(json.dumps(value).encode())


def test_a_depth_that_no_parser_stands_is_a_limit() -> None:
    for opening in (b"[", b'{"a":'):
        with pytest.raises(LimitExceeded):
            decode(opening * 100_000)
    with pytest.raises(LimitExceeded) as caught:
        decode(b"[" * 129 + b"]" * 129, place=PLACE)
    assert caught.value.place == msgspec.structs.replace(PLACE, offset=1128)


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"[1,]", 3), (b'{"a":1,}', 7), (b"[1 2]", 3), (b'{"a" 1}', 5), (b"[NaN]", 1), (b"[Infinity]", 1),
        (b"[01]", 2), (b'["a\x01"]', 3), (b'["\\x"]', 3), (b"[1] 2", 4), (b"[+1]", 1), (b"[.5]", 1), (b"['a']", 1),
        (b'{"a":1', 6), (b'["a', 3), (b"[tru", 4), (b"", 0), (b" ", 1), (b"\xef\xbb\xbf[]", 0), (b"// c\n[]", 0),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_place(data: bytes, offset: int) -> None:
    with pytest.raises(MalformedInput) as caught:
        decode(data, place=PLACE)
    place = caught.value.place
    assert place is not None
    assert (place.file, place.element) == ("x.json", 3)
    assert place.offset is not None
    # Parsers name the byte at fault, or the one behind it.
    assert place.offset - 1000 - offset in (0, 1)
    assert "byte" not in caught.value.message


@pytest.mark.parametrize(
    "data", [b"NaN", b"-Infinity", b"[1e400]", b'{"a":-1e999}', b'"\\ud800"', b'["\\udc00 text text"]', b"-", b"1."]
)
def test_what_is_no_number_or_text_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        decode(data)
    with pytest.raises(MalformedInput):
        decode_unique(data)


@pytest.mark.parametrize(
    "raw", [b"\xff", b"\x80", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"], ids=bytes.hex
)
def test_invalid_utf8_is_refused_at_its_byte(raw: bytes) -> None:
    for data in (b'["ab' + raw + b'"]', b'{"ab' + raw + b'":1}'):
        with pytest.raises(MalformedInput, match="UTF-8") as caught:
            decode(data, place=PLACE)
        assert caught.value.place is not None
        assert caught.value.place.offset == 1004


def test_invalid_utf8_is_found_in_members_that_a_type_skips() -> None:
    class Known(msgspec.Struct):
        a: int

    assert decode('{"a":1,"b":"é"}'.encode(), type=Known) == Known(1)
    with pytest.raises(MalformedInput, match="UTF-8"):
        decode(b'{"a":1,"b":"\xe9"}', type=Known)


def test_another_shape_is_for_the_caller() -> None:
    class Known(msgspec.Struct):
        a: int

    with pytest.raises(msgspec.ValidationError):
        decode(b'{"a":"1"}', type=Known)


@pytest.mark.parametrize("digits", [16, 19, 20, 21, 400, 999, 1000])
@pytest.mark.parametrize("sign", [b"", b"-"])
def test_integers_are_exact(digits: int, sign: bytes) -> None:
    data = sign + b"9" * digits
    assert decode(b"[" + data + b"]") == [int(data)]


@settings(max_examples=200)
@given(st.integers(1, 40), st.integers(1, 50), st.text(alphabet="ab 0123456789", max_size=60), st.booleans())
def test_the_digits_limit_is_exact(json_digits: int, digits: int, text: str, first: bool) -> None:
    number = b"7" * digits
    data = json.dumps([text]).encode()
    data = b"[" + (number + b"," + data if first else data + b"," + number) + b"]"
    if digits <= json_digits:
        decode(data, limits=Limits(json_digits=json_digits))
    else:
        with pytest.raises(LimitExceeded, match="digits") as caught:
            decode(data, limits=Limits(json_digits=json_digits))
        assert caught.value.place is not None
        assert caught.value.place.offset == data.index(number, data.rindex(b'"') if not first else 0)


def test_the_default_digits_limit() -> None:
    for digits in (1001, 1002, 4299, 4301, 100_000):
        for number in (b"1" * digits, b"-" + b"9" * digits):
            with pytest.raises(LimitExceeded, match="digits"):
                decode(b'{"a":[' + number + b"]}")
            with pytest.raises(LimitExceeded, match="digits"):
                check_digits(b" " * 700 + number, PLACE)
    # In a text they are a text.
    assert decode(b'["\\"' + b"1" * 5000 + b'"]') == ['"' + "1" * 5000]


@pytest.mark.parametrize("data", [b'{"a":1,"a":1}', b'[{"a":{"b":1,"c":2,"b":3}}]', b'{"a":1,"\\u0061":2}', b'{"":0,"":0}'])
def test_a_name_that_stands_twice_is_refused_where_a_hash_hangs_on_it(data: bytes) -> None:
    decode(data)
    with pytest.raises(MalformedInput, match="twice"):
        decode_unique(data, place=PLACE)


pieces = st.sampled_from(
    [rb"\ud83d", rb"\uDE00", rb"\uD800", rb"\udfff", rb"\u00e9", rb"\ufffd", rb"\\", rb"\"", rb"\n", b"ud83d", b"\\\\ud83d",
     b"u", b"a", b"dc00", "é".encode()]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(pieces, max_size=8))
def test_repair_replaces_lone_surrogates_and_nothing_else(parts: list[bytes]) -> None:
    data = b'{"' + b"".join(parts) + b'":"' + b"".join(reversed(parts)) + b'"}'

    def mended(text: str) -> str:
        # json joins the pairs; what is left of them is alone.
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)

    expected = {mended(name): mended(text) for name, text in json.loads(data).items()}
    repaired = repair_text(data)
    assert decode(repaired) == expected
    if expected == json.loads(data):
        assert repaired == data


@given(st.binary(max_size=30))
def test_repaired_bytes_are_text(data: bytes) -> None:
    repaired = repair_text(data)
    repaired.decode()
    assert repair_text(repaired) == repaired


@settings(max_examples=300)
@given(st.binary(max_size=40) | st.text(alphabet='[]{}",:\\ud8eE+-.019 ntf', max_size=30).map(str.encode))
def test_only_our_errors_leave(data: bytes) -> None:
    with contextlib.suppress(InputError):
        decode(data, place=PLACE)
