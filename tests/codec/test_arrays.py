"""Streamed arrays: every cut is an element's exact bytes, whatever the window; what is wrong is named by its place."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.codec import arrays, json_values
from satchel.codec.arrays import Element, Run, iter_array, iter_members
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.limits import Limits

CUTTERS = (arrays._cut_with_msgspec, arrays._cut_by_scanning)
patched = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

spaces = st.text(st.sampled_from(" \t\r\n"), max_size=3)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**25), 10**25),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=6),
        st.sampled_from(['"', "\\", "]", '[{"', "},", "\\\\", '\\"', "é", "😀"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["", "a", "]", '"', "b\\"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def written_values(draw: st.DrawFn) -> bytes:
    """A value as different writers write it: escapes or UTF-8, with or without spaces, exponents."""
    value = draw(st.one_of(values, st.sampled_from([0, -1, 1e300, 1.5])))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, None, 1])))
    return (text.upper() if type(value) is float else text).encode()


@st.composite
def documents(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, bytes]]]:
    """An array's bytes, and for each element its offset and its own bytes."""
    data = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + draw(spaces).encode() + b"["
    elements = []
    for index, element in enumerate(draw(st.lists(written_values(), max_size=6))):
        data += (b"," if index else b"") + draw(spaces).encode()
        elements.append((len(data), element))
        data += element + draw(spaces).encode()
    return data + draw(spaces).encode() + b"]" + draw(spaces).encode(), elements


def cut(data: bytes, window_bytes: int, cutter: Callable[..., Any], **options: Any) -> list[Element]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "WINDOW_BYTES", window_bytes)
        patch.setattr(arrays, "_cut", cutter)
        return list(iter_array(io.BytesIO(data), **options))


@patched
@given(documents(), st.one_of(st.integers(1, 64), st.just(arrays.WINDOW_BYTES)), st.sampled_from(CUTTERS))
def test_elements_come_with_their_exact_bytes_and_offsets(
    document: tuple[bytes, list[tuple[int, bytes]]], window_bytes: int, cutter: Callable[..., Any]
) -> None:
    data, elements = document
    found = cut(data, window_bytes, cutter)
    assert [(element.offset, element.data) for element in found] == elements
    assert [element.index for element in found] == list(range(len(elements)))
    assert [json.loads(element.data) for element in found] == json.loads(data.removeprefix(b"\xef\xbb\xbf"))


#: Objects that begin alike, as a writer's do, or nearly; some hold what looks like the end of one and the next's beginning.
objects = st.builds(
    lambda name, value, inner: {name: value, "in": inner},
    st.sampled_from(["title", "title", "title", "other"]),
    values,
    st.lists(st.builds(lambda value: {"title": value}, st.sampled_from(["x", '},{"title":', 1])), max_size=3),
)


@patched
@given(
    st.lists(objects | values, max_size=8),
    st.sampled_from([None, None, 1]),
    st.sampled_from([",", ", ", ",\n"]),
    st.integers(1, 400),
    st.sampled_from([json.loads, msgspec.json.decode, msgspec.json.Decoder(dict[str, msgspec.Raw]).decode]),
    st.sampled_from([b"", b"]", b'"', b"}", b"x", b"\xff"]),
    st.integers(0, 400),
)
def test_what_a_parser_finds_the_end_of_is_what_is_cut(
    found: list[Any],
    indent: int | None,
    comma: str,
    window_bytes: int,
    parse: Callable[[bytes], Any],
    damage: bytes,
    at: int,
) -> None:
    data = ("[" + comma.join(json.dumps(value, indent=indent) for value in found) + "]").encode()
    if damage and at < len(data):
        data = data[:at] + damage + data[at + 1 :]

    def taken(**options: Any) -> tuple[list[Element], str]:
        elements: list[Element] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrays, "WINDOW_BYTES", window_bytes)
            try:
                elements.extend(iter_array(io.BytesIO(data), **options))
            except InputError as error:
                return elements, str(error)
        return elements, ""

    cut_out, wrong = taken()
    parsed, said = taken(parse=parse)
    assert [msgspec.structs.replace(element, parsed=None) for element in parsed] == cut_out
    assert said == wrong
    assert all(element.parsed is None or element.parsed == parse(element.data) for element in parsed)


def test_a_parser_spares_objects_that_begin_alike_the_cutting(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps([{"title": str(index), "text": "x" * 50} for index in range(100)]).encode()
    cuts = []
    monkeypatch.setattr(arrays, "_cut", lambda view, start: cuts.append(start) or arrays._cut_with_msgspec(view, start))
    elements = list(iter_array(io.BytesIO(data), parse=msgspec.json.decode))
    assert [element.parsed for element in elements] == [
        None if index in (0, 99) else {"title": str(index), "text": "x" * 50} for index in range(100)
    ]
    assert len(cuts) == 2


@patched
@given(documents(), st.integers(1, 64), st.data(), st.sampled_from(CUTTERS))
def test_a_damaged_document_gives_slices_of_itself_and_only_our_errors(
    document: tuple[bytes, list[Any]], window_bytes: int, draws: st.DataObject, cutter: Callable[..., Any]
) -> None:
    data = document[0]
    at = draws.draw(st.integers(0, len(data) - 1))
    data = data[:at] + draws.draw(st.sampled_from([b"", b"]", b'"', b"\\", b",", b"x", b"\xff"])) + data[at + 1 :]
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(InputError):
        patch.setattr(arrays, "WINDOW_BYTES", window_bytes)
        patch.setattr(arrays, "_cut", cutter)
        for element in iter_array(io.BytesIO(data)):
            assert data[element.offset : element.offset + len(element.data)] == element.data


@patched
@given(documents(), st.integers(1, 64), st.data())
def test_a_cut_document_gives_its_whole_elements_and_then_says_so(
    document: tuple[bytes, list[tuple[int, bytes]]], window_bytes: int, draws: st.DataObject
) -> None:
    data, elements = document
    data = data.rstrip()
    cut_at = draws.draw(st.integers(0, len(data) - 1))
    # An element counts as whole when something stands behind it: a number may go on.
    whole = [element for offset, element in elements if offset + len(element) < cut_at]
    found: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "WINDOW_BYTES", window_bytes)
        stream = iter_array(io.BytesIO(data[:cut_at]), file="c.json")
        with pytest.raises(MalformedInput) as caught:
            found.extend(element.data for element in stream)
    assert found[: len(whole)] == whole
    assert len(found) <= len(whole) + 1
    assert caught.value.place is not None
    assert caught.value.place.file == "c.json"


@patched
@given(st.dictionaries(st.text(max_size=4), values, max_size=4), st.lists(values, max_size=4), st.integers(1, 64), st.data())
def test_an_array_inside_a_root_object(root: dict[str, Any], array: list[Any], window_bytes: int, draws: st.DataObject) -> None:
    members = [*root.items()]
    members = [member for member in members if member[0] != "here"]
    members.insert(draws.draw(st.integers(0, len(members))), ("here", array))
    data = json.dumps(dict(members), indent=draws.draw(st.sampled_from([None, 2]))).encode()
    for cutter in CUTTERS:
        found = cut(data, window_bytes, cutter, at="here")
        assert [json.loads(element.data) for element in found] == array
        assert all(data[e.offset : e.offset + len(e.data)] == e.data for e in found)
    pairs = list(iter_members(io.BytesIO(data), arrays=frozenset(["here"])))
    assert all(data[e.offset : e.offset + len(e.data)] == e.data for _, e in pairs if e)
    assert [(name, json.loads(e.data) if e else "begins") for name, e in pairs] == [
        pair
        for name, value in members
        for pair in ([("here", "begins"), *(("here", item) for item in value)] if name == "here" else [(name, value)])
    ]


def test_a_root_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(MalformedInput, match="twice"):
        list(iter_members(io.BytesIO(b'{"memories":[1],"memories":[]}'), arrays=frozenset(["memories"])))


def test_msgspec_still_tells_where_a_value_ends() -> None:
    """The text that cutting relies on (engineering.md 1a): N is one past the byte that follows, space before it counted."""
    assert arrays._msgspec_tells_ends()
    assert arrays._cut is arrays._cut_with_msgspec
    for text, at in ((b'{"a":[1]} ,2', 11), (b"[]]", 3), (b"12,", 3), (b'"a"\n}', 5)):
        with pytest.raises(msgspec.DecodeError, match=re.escape(f"trailing characters (byte {at})")):
            msgspec.json.decode(text, type=msgspec.Raw)


@pytest.mark.parametrize("cutter", CUTTERS)
@pytest.mark.parametrize("window_bytes", [1, 7, 4096])
@pytest.mark.parametrize(
    ("data", "element", "offset"),
    [
        (b"[1,2,]", 2, 5),
        (b"[1 2]", 0, 3),
        (b"[1,,2]", 1, 3),
        (b'[1,{"a":1', 1, 9),
        (b"[1,2", 1, 4),
        (b"[1,2,", 2, 5),
        (b"[1]]", None, 3),
        (b"[1] 2", None, 4),
    ],
)
def test_what_is_malformed_is_named_by_file_element_and_byte(
    data: bytes, element: int | None, offset: int, cutter: Callable[..., Any], window_bytes: int
) -> None:
    with pytest.raises(MalformedInput) as caught:
        cut(data, window_bytes, cutter, file="x.json")
    place = caught.value.place
    assert place is not None
    assert (place.file, place.element) == ("x.json", element)
    assert place.offset is not None
    # Parsers name the byte at fault, or the one behind it.
    assert place.offset - offset in (0, 1)


@pytest.mark.parametrize("data", [b"", b" ", b"{}", b'"a"', b"1", b"\xff", b"\xef\xbb\xbf"])
def test_what_is_no_array(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        list(iter_array(io.BytesIO(data)))


@pytest.mark.parametrize(
    "data",
    [b"[]", b"{}", b'{"a":1}', b'{"a":{"here":[]}}', b'{"a":1,}', b'{"a" 1}', b"{a:1}", b'{"here":[1]', b'{"\\ud800":1}'],
)
def test_what_has_no_such_array(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        list(iter_array(io.BytesIO(data), at="here"))


@pytest.mark.parametrize("cutter", CUTTERS)
@pytest.mark.parametrize("window_bytes", [1, 2, 5, 4096])
@pytest.mark.parametrize("text", [rb'"\ud800"', rb'{"a":"x\udfff y","b":1}', rb'["\ud83d\n"]', rb'"\uD800A"', rb'"\\\ud800"'])
def test_a_lone_surrogate_does_not_cost_the_elements_behind_it(
    text: bytes, cutter: Callable[..., Any], window_bytes: int
) -> None:
    assert [element.data for element in cut(b"[1, " + text + b", 2]", window_bytes, cutter)] == [b"1", text, b"2"]


def test_an_element_may_be_as_large_as_the_limit_and_no_larger() -> None:
    limits = Limits(element_bytes=1000)
    exact = b'"' + b"a" * 998 + b'"'
    for cutter in CUTTERS:
        for window_bytes in (64, 5000):
            assert [e.data for e in cut(b"[" + exact + b",1]", window_bytes, cutter, limits=limits)] == [exact, b"1"]
            over = cut(b'["a' + exact[1:] + b",1]", window_bytes, cutter, limits=limits)
            assert [(e.data, e.fault is not None) for e in over] == [(b"", True), (b"1", False)]


def test_an_element_that_never_ends_is_not_read_past_the_limit() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1, /) -> bytes:
            head = b'["' if not self.given else b""
            self.given += size
            return head + b"a" * (size - len(head))

    stream = Endless()
    with pytest.raises(LimitExceeded):
        list(iter_array(stream, limits=Limits(element_bytes=1 << 20)))  # type: ignore[arg-type]
    assert stream.given <= 64 << 20


def test_elements_are_counted() -> None:
    limits = Limits(array_elements=3)
    assert len(list(iter_array(io.BytesIO(b"[1,2,3]"), limits=limits))) == 3
    with pytest.raises(LimitExceeded) as caught:
        list(iter_array(io.BytesIO(b"[1,2,3,4]"), limits=limits))
    assert caught.value.place is not None
    assert caught.value.place.element == 3


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_nesting_that_no_parser_stands_is_a_limit_not_a_crash(opening: bytes) -> None:
    with pytest.raises(InputError):
        list(iter_array(io.BytesIO(b"[1," + opening * 50_000)))


@pytest.mark.parametrize("window_bytes", [1, 7, 4096])
@pytest.mark.parametrize(
    ("broken", "offset"),
    [
        (b'{"a":x}', 14),
        (b"NaN", 9),
        (b"nul", 12),
        (b"-Infinity", 9),
        (b'"a\x01"', 11),
        (b"[1}", 11),
        (b'{"a":[1,]}', 17),
        (b'{"a" 1}', 14),
        (b"[" * 3000 + b"]" * 3000, None),
    ],
)
def test_a_broken_element_costs_itself_alone(
    broken: bytes, offset: int | None, window_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """providers.md 0.4: what was read, what was not and why is itemised."""
    monkeypatch.setattr(arrays, "WINDOW_BYTES", window_bytes)
    found = list(arrays.iter_array(io.BytesIO(b'[{"a":1},' + broken + b',{"b":2}]'), file="f.json"))
    assert [element.data for element in found] == [b'{"a":1}', broken, b'{"b":2}']
    place = Place("f.json", found[1].index, found[1].offset)
    with pytest.raises(InputError) as caught:
        json_values.decode(found[1].data, place=place)
    assert caught.value.place is not None
    assert caught.value.place.element == 1
    if offset is not None:
        assert abs((caught.value.place.offset or 0) - offset) <= 1


@pytest.mark.parametrize("window_bytes", [1, 16, 4096])
def test_an_element_over_the_limit_comes_without_bytes_and_the_rest_arrives(
    window_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "WINDOW_BYTES", window_bytes)
    limits = Limits(element_bytes=40)
    large = b'{"text":"' + rb"brackets ]} and \" quotes \\" * 20 + b'","more":[[1],{}]}'
    text = b"[1," + large + b',"' + b"y" * 100 + b'",{"b":2}]'
    found = list(arrays.iter_array(io.BytesIO(text), file="f.json", limits=limits))
    assert [element.data for element in found] == [b"1", b"", b"", b'{"b":2}']
    assert [element.fault is not None for element in found] == [False, True, True, False]
    assert found[1].fault is not None
    assert "f.json, element 1, byte 3" in str(found[1].fault)


# ---- runs

objects = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "},{"]), st.one_of(values, st.lists(st.just({"x": 1}), max_size=3)), max_size=3),
    max_size=8,
)


class Half(msgspec.Struct, forbid_unknown_fields=True):
    """Takes some of those objects."""

    a: str | int | None = None


PARSERS: list[Callable[[str], arrays.Parser]] = [
    lambda _: msgspec.json.Decoder(list[Any]),
    lambda _: msgspec.json.Decoder(list[dict[str, Any]]),
    lambda _: msgspec.json.Decoder(list[Half]),
]
whole = PARSERS[0]


def told(
    data: bytes, *, runs: Callable[[str], arrays.Parser] | None, limits: Limits
) -> tuple[list[tuple[str, Element | None]], str]:
    """All members, runs taken apart, and the error at the end if there was one."""
    found: list[tuple[str, Element | None]] = []
    try:
        stream, names = io.BytesIO(data), frozenset({"m", "n"})
        parts = (
            iter_members(stream, arrays=names, limits=limits, runs=runs)
            if runs
            else iter_members(stream, arrays=names, limits=limits)
        )
        for name, part in parts:
            if isinstance(part, Run):
                elements = [element.data for element in part.elements()]
                assert len(elements) == part.count
                try:
                    expected = runs(name).decode(b"[%b]" % b",".join(elements)) if runs else None
                except msgspec.ValidationError:
                    expected = None
                assert part.values == expected
                found += [(name, element) for element in part.elements()]
            else:
                found.append((name, part))
    except InputError as error:
        return found, str(error)
    return found, ""


@patched
@given(
    objects,
    objects,
    st.sampled_from([None, 1]),
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(1, 9),
    st.sampled_from([b"", b"x", b"}", b"]", b'"', b",", b"\xff"]),
    st.sampled_from(PARSERS),
    st.data(),
)
def test_runs_taken_apart_are_the_same_elements_and_end_in_the_same_error(
    first: Any,
    second: Any,
    indent: int | None,
    window: int,
    run: int,
    most: int,
    damage: bytes,
    parser: Any,
    draws: st.DataObject,
) -> None:
    data = json.dumps({"k": {"m": []}, "m": first, "n": second, "z": 1}, indent=indent).encode()
    if damage:
        at = draws.draw(st.integers(0, len(data) - 1))
        data = data[:at] + damage + data[at + 1 :]
    limits = Limits(array_elements=most)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "WINDOW_BYTES", window)
        patch.setattr(arrays, "RUN_BYTES", run)
        assert told(data, runs=parser, limits=limits) == told(data, runs=None, limits=limits)


def test_most_elements_come_in_runs() -> None:
    data = json.dumps({"m": [{"a": "},{", "b": [{}, {}], "at": at} for at in range(5000)], "n": [{}] * 3000}, indent=2).encode()
    parts = list(iter_members(io.BytesIO(data), arrays=frozenset({"m", "n"}), runs=whole))
    counts = {name: sum(part.count for at, part in parts if at == name and isinstance(part, Run)) for name in ("m", "n")}
    assert counts["m"] >= 4900
    assert counts["n"] >= 2900
    assert max(len(part.data) for _, part in parts if isinstance(part, Run)) <= arrays.RUN_BYTES


def test_what_is_no_object_comes_one_by_one() -> None:
    parts = list(iter_members(io.BytesIO(b'{"m":[[1],{"a":1},{"b":1},2]}'), arrays=frozenset({"m"}), runs=whole))
    flat = [part.values or [] if isinstance(part, Run) else [json.loads(part.data)] for _, part in parts if part]
    assert [value for values in flat for value in values] == [[1], {"a": 1}, {"b": 1}, 2]
    assert all(type(value) is dict for _, part in parts if isinstance(part, Run) for value in part.values or [])


def test_a_limit_on_elements_smaller_than_a_window_is_held() -> None:
    data = json.dumps({"m": [{"a": "x" * 50}] * 5}).encode()
    parts = list(iter_members(io.BytesIO(data), arrays=frozenset({"m"}), runs=whole, limits=Limits(element_bytes=20)))
    assert all(isinstance(part, Element) and part.fault for _, part in parts if part)
