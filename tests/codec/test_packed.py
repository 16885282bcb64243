"""What is written in runs is what is written at once: Python's json, cbor2 and canonical JSON are the judges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec import cbor, packed, pam_json
from satchel.codec.packed import Packed, is_large, parts, unpacked
from satchel.formats.portable_agent_memory.hashing import digest

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts
trees = st.recursive(
    scalars, lambda child: st.lists(child, max_size=6) | st.dictionaries(texts, child, max_size=4), max_leaves=25
)


@pytest.fixture(autouse=True, scope="module")
def _short_runs() -> Iterator[None]:
    """Runs so short that small values have several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "RUN", 2)
        patch.setattr(packed, "TEXT_RUN", 3)
        yield


def repacked(value: Any) -> Any:
    """``value`` with what may be packed packed: arrays in objects."""
    if type(value) is dict:
        return {name: repacked(item) for name, item in value.items()}
    return Packed(value, lambda item: item, run=2) if type(value) is list else value


@settings(max_examples=400, deadline=None)
@given(trees, st.booleans(), st.booleans())
def test_json_in_its_order(value: Any, ascii: bool, pretty: bool) -> None:
    wanted = json.dumps(
        value, ensure_ascii=ascii, indent=2 if pretty else None, separators=None if pretty else (",", ":")
    ).encode()
    for each in (value, repacked(value)):
        assert b"".join(pam_json.pieces_in_order(each, ascii=ascii, pretty=pretty)) == wanted


@settings(max_examples=300, deadline=None)
@given(trees, st.booleans())
def test_canonical_json_that_is_hashed(value: Any, ascii: bool) -> None:
    wanted = blake3(json.dumps(value, sort_keys=True, ensure_ascii=ascii, separators=(",", ":")).encode()).hexdigest()
    for each in (value, repacked(value)):
        assert digest(each, "pam-ascii" if ascii else "pam-utf8") == wanted


@settings(max_examples=300, deadline=None)
@given(trees, st.booleans())
def test_cbor(value: Any, deterministic: bool) -> None:
    for each in (value, repacked(value)):
        assert cbor.encode(each, deterministic=deterministic) == cbor2.dumps(value, canonical=deterministic)


@pytest.mark.parametrize("count", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_the_heads_of_cbor_arrays_and_maps(count: int) -> None:
    value = {"a": Packed(range(count), lambda number: number)}
    assert cbor.encode(value) == cbor2.dumps({"a": list(range(count))})
    many = {str(number): [1, 2, 3] for number in range(min(count, 300))}
    assert cbor.encode(many, deterministic=True) == cbor2.dumps(many, canonical=True)


@given(trees)
def test_parts_hold_all_of_it(value: Any) -> None:
    def strings(found: Any) -> list[str]:
        if type(found) is dict:
            return sorted(each for name, item in found.items() for each in (name, *strings(item)))
        if type(found) is list or type(found) is Packed:
            return sorted(each for item in found for each in strings(item))
        return list(found) if type(found) is str else []

    characters = sorted("".join(strings(value)))
    for each in (value, repacked(value)):
        assert sorted("".join(text for part in parts(each) for text in strings(part))) == characters
    assert unpacked(repacked(value)) == value or not is_large(repacked(value))


def test_a_packed_list_reads_anew_and_in_order() -> None:
    made = Packed(["1", "2", "3"], lambda text: {"is": int(text)})
    assert len(made) == 3 and made[1] == {"is": 2} and made[-1] == {"is": 3}
    assert made[1:] == [{"is": 2}, {"is": 3}] and list(made.in_order([2, 0])) == [{"is": 3}, {"is": 1}]
    made[0]["is"] = 9
    assert made[0] == {"is": 1}
