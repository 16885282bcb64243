"""What is taken out of bytes, and that everything else stays: values under the same pointers, text at the same places."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.codec import excise
from satchel.codec.pointers import escape

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=4), below, max_size=4),
    max_leaves=20,
)
_GAP = json.loads(excise.GAP)


def places(value: Any, pointer: str = "") -> list[str]:
    """The pointers of all values below."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for name, item in below:
        at = f"{pointer}/{escape(str(name))}"
        found += [at, *places(item, at)]
    return found


def put(value: Any, pointer: str) -> Any:
    """The value with a gap at this place, by another way than the code's."""
    if not pointer:
        return _GAP
    first, slash, rest = pointer[1:].partition("/")
    name = first.replace("~1", "/").replace("~0", "~")
    if isinstance(value, list):
        return [put(item, slash + rest) if str(at) == name else item for at, item in enumerate(value)]
    return {key: put(item, slash + rest) if key == name else item for key, item in value.items()}


@given(
    value=st.dictionaries(st.text(max_size=4), _VALUES, min_size=1, max_size=5),
    data=st.data(),
    indent=st.sampled_from([None, 1]),
)
def test_only_the_named_value_changes(value: dict[str, Any], data: st.DataObject, indent: int | None) -> None:
    pointer = data.draw(st.sampled_from(places(value)))
    before = json.dumps(value, indent=indent, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    after = excise.without_values(before, [pointer])
    assert after is not None
    assert json.loads(after) == put(value, pointer)
    # Byte for byte: what stood before and behind the value still does.
    head, _, tail = after.partition(excise.GAP)
    assert before.startswith(head) and before.endswith(tail)


def test_two_at_once_and_one_inside_another() -> None:
    before = b'{"a": [1, {"b": "x"}, 3],\n "c" : "y"}'
    assert excise.without_values(before, ["/a/1", "/c"]) == b'{"a": [1, %b, 3],\n "c" : %b}' % (excise.GAP, excise.GAP)
    assert excise.without_values(before, ["/a/1/b", "/a/1"]) == b'{"a": [1, %b, 3],\n "c" : "y"}' % excise.GAP


def test_json_inside_a_string() -> None:
    before = json.dumps({"outer": json.dumps({"said": "secret", "kept": 1})}).encode()
    after = excise.without_values(before, ["/outer/said"])
    assert after is not None and b"secret" not in after
    assert json.loads(json.loads(after)["outer"]) == {"said": _GAP, "kept": 1}


@pytest.mark.parametrize(
    ("data", "pointer"),
    [(b"no json", "/a"), (b'{"a":1,"a":2}', "/a"), (b'{"a":1', "/a"), (b'{"a":1}', ""), (b"\xff", "/a")],
)
def test_what_cannot_be_told(data: bytes, pointer: str) -> None:
    assert excise.without_values(data, [pointer]) is None


@pytest.mark.parametrize("pointer", ["/b", "/a/7", "/a/x", "/a/0/y"])
def test_what_is_not_there_is_passed_over(pointer: str) -> None:
    assert excise.without_values(b'{"a": [1]}', [pointer]) == b'{"a": [1]}'


def test_text_goes_in_every_spelling_and_keeps_the_places() -> None:
    text = 'Grüße, "Öl"\n'
    for before in (json.dumps([text, "rest"]), json.dumps([text, "rest"], ensure_ascii=False), f"x {text} rest"):
        after = excise.without_text(before.encode(), text)
        assert len(after) == len(before.encode()) and b"rest" in after
        assert not excise.has_text(after, text) and b"ld" not in after and "ü".encode() not in after


def test_text_is_not_taken_for_members() -> None:
    assert excise.without_text(b'{"a":1}', '{"a":1}') == b'{"a":1}'
