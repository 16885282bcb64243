"""Probes: a file's form and the prefix of its value, from however little of it there is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec.probe import close_prefix, probe, probe_bytes
from satchel.codec.sources import BytesMember, open_source

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=6),
        st.sampled_from(['"', "\\", "],", '{"a":', "é😀", "\\\\"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=10,
)
roots = st.one_of(st.lists(values, max_size=4), st.dictionaries(st.text(max_size=4), values, max_size=4))


def is_prefix(part: Any, whole: Any) -> bool:
    """Whether ``part`` is what a reader has met of ``whole`` after some of its bytes."""
    if type(part) is list:
        return (
            type(whole) is list
            and len(part) <= len(whole)
            and part[:-1] == whole[: len(part) - 1 if part else 0]
            and (not part or is_prefix(part[-1], whole[len(part) - 1]))
        )
    if type(part) is dict:
        names = list(part)
        return (
            type(whole) is dict
            and names == list(whole)[: len(names)]
            and all(part[name] == whole[name] for name in names[:-1])
            and (not names or is_prefix(part[names[-1]], whole[names[-1]]))
        )
    return bool(part == whole)


@settings(max_examples=150, deadline=None)
@given(roots, st.booleans(), st.sampled_from([None, 1]))
def test_every_cut_of_a_document_closes_to_a_prefix_of_its_value(root: Any, ascii_only: bool, indent: int | None) -> None:
    data = json.dumps(root, ensure_ascii=ascii_only, indent=indent).encode()
    before = 0
    for cut in range(1, len(data) + 1):
        closed = close_prefix(data[:cut])
        assert closed is not None
        assert is_prefix(json.loads(closed), root)
        # More of the document never tells less.
        assert len(closed.rstrip(b"]}")) >= before
        before = len(closed.rstrip(b"]}"))
        found = probe_bytes(data[:cut], whole=cut == len(data))
        assert found.form == "json"
        assert type(found.value) is type(root)
    assert close_prefix(data) == data
    assert probe_bytes(data, whole=True).value == root


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"", "empty"), (b" \n\t", "empty"), (b"\xef\xbb\xbf", "empty"), (b"[]", "json"), (b"\xef\xbb\xbf {}", "json"),
        (b"12", "json"), (b'"text"', "json"), (b"null", "json"), (b'{"a":1}\n{"a":2}\n', "jsonl"),
        (b'{"a":1}\r\n{"a":', "jsonl"), (b"<!DOCTYPE HTML><p>", "html"), (b"\n <html lang='de'>", "html"),
        (b"<?xml version='1.0'?><html xmlns=''>", "html"), (b"window.__x = [1]", "script"), (b"PK\x03\x04....", "zip"),
        (b"PK\x05\x06....", "zip"), (b"SQLite format 3\x00....", "sqlite"), (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        (b"\x80\x81\x82\x83" * 9, "binary"), (b"a,b\n1,2\n", "csv"), (b"just words", "text"), (b"note, with comma", "text"),
        (b"true story", "text"), (b"# Heading\ntext", "text"), (b"[see] this", "text"),
    ],
)  # fmt: skip
def test_forms(data: bytes, form: str) -> None:
    assert probe_bytes(data, whole=True).form == form


def test_a_head_with_lone_or_halved_surrogates_is_still_read() -> None:
    assert probe_bytes(rb'{"title":"cut \ud83d","b":1}', whole=True).names == {"title", "b"}
    assert probe_bytes(rb'{"a":"x","b":"\ud83d\ud', whole=False).names == {"a"}


def test_invalid_utf8_does_not_hide_the_structure() -> None:
    assert probe_bytes(b'{"a":"\xff","b":1}', whole=True).names == {"a", "b"}


def test_a_file_that_breaks_early_shows_its_prefix() -> None:
    found = probe_bytes(b'{"a":1,"b":[1,2,nonsense}}', whole=True)
    assert found.form == "json"
    assert "a" in found.names
    assert not found.whole


def test_a_table_that_begins_with_a_quote_is_no_json_however_long_it_is() -> None:
    head = b'"Conversation","Time"\n' + b'"a{","2026-01-01"\n' * 100
    assert [probe_bytes(head, whole=whole).form for whole in (True, False)] == ["csv", "csv"]
    assert probe_bytes(head, whole=True).shape == "a table (CSV)"


def test_names_elements_and_shape() -> None:
    assert probe_bytes(b'{"b":1,"a":2}', whole=True).shape == "object with a, b"
    assert probe_bytes(b"{}", whole=True).shape == "object with no members"
    assert probe_bytes(b'[{"id":1},2]', whole=True).shape == "array of objects with id"
    assert probe_bytes(b"[1]", whole=True).shape == "array"
    assert probe_bytes(b"1", whole=True).shape == "a single value"
    assert probe_bytes(b"", whole=True).shape == "empty"
    assert probe_bytes(b'[{"id":1},2]', whole=True).elements == [{"id": 1}, 2]
    assert probe_bytes(b'{"a":1}', whole=True).elements == []
    assert probe_bytes(b"[1]", whole=True).names == frozenset()


def test_a_member_is_whole_when_its_head_is_all_of_it() -> None:
    member = BytesMember("a.json", b"[1,2,3]")
    assert probe(member, head_bytes=7).whole
    assert probe(member, head_bytes=8).whole
    assert not probe(member, head_bytes=6).whole
    assert probe(member, head_bytes=6).elements == [1, 2]


def test_what_cannot_be_read_is_binary(tmp_path: Path) -> None:
    packed = gzip.compress(b"[1,2,3]" * 1000)
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])
    with open_source([tmp_path / "a.gz"]) as source:
        assert probe(source.members[0]).form == "binary"


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:\\u019 ntf\n<hml>', max_size=40).map(str.encode), st.booleans())
def test_nothing_is_raised(data: bytes, whole: bool) -> None:
    probe_bytes(data, whole)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"{[", b"]"])
def test_depth_is_no_crash(opening: bytes) -> None:
    probe_bytes(opening * 10_000, whole=False)
    probe_bytes(opening * 10_000, whole=True)
