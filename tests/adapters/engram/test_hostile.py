"""Inputs made to hurt: only our own errors and findings come of them, and soon."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters.engram import ADAPTER
from satchel.adapters.engram.collect import collect, read_text
from satchel.adapters.engram.yaml import read_yaml
from satchel.codec.probe import probe_bytes
from satchel.codec.sources import BytesMember
from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import Limits
from tests.adapters.engram.harness import run

MARKS = [
    "\n", "\n  ", "\n- ", "\n  - ", "- ", ": ", "key:", "[", "]", "{", "}", ",", "#", " #", '"', "'", "|", ">-", "|+2", "\\",
    "\\ud800", "\t", "\r", "\0", "---\n", "...\n", "%", "~", "1e9", "statement: x", "summary: y\n", "engrams:", "\u2028",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(MARKS), max_size=40).map("".join) | st.text(max_size=60)


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
def test_any_text_is_read(text: str) -> None:
    read = read_yaml(text)
    collect(read.value)
    assert read.ignored_lines <= text.count("\n") + text.count("\r") + 1


@settings(max_examples=500, deadline=None)
@given(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=60))
def test_any_bytes_are_claimed_or_not_and_read_or_told(data: bytes) -> None:
    ADAPTER.claim(BytesMember("x", data), probe_bytes(data, whole=True))
    with contextlib.suppress(MalformedInput, LimitExceeded):
        read_text(data, place=Place())
    run(data)


LONG = 10_000_000


@pytest.mark.parametrize(
    "text",
    [
        "- " * (LONG // 2),
        "- statement: " + "x" * LONG,
        "- statement: '" + "x" * LONG,
        "- statement: " + "b#" * (LONG // 2),
        "- statement: " + " 'b#" * (LONG // 4),
        "\t" * LONG + "a: b",
        "a" + " " * LONG + ": b",
        "a" + ":" * LONG,
        "-" + "0" * LONG,
        "[" + " '\"" * (LONG // 3),
    ],
    ids=lambda text: text[:16],
)
def test_a_line_of_ten_megabytes_takes_a_linear_time(text: str) -> None:
    started = time.process_time()
    read_yaml(text)
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    "line", ["a: [\n", "a: [\n b\n", "a: |\n\n", "a: >\n b\n\n", "-\n", "---\n", "- - a\n", "a: b\n  c\n", "'a\n", "a: {b: \n"]
)
def test_many_lines_take_a_linear_time(line: str) -> None:
    started = time.process_time()
    read_yaml(line * 200_000)
    assert time.process_time() - started < 15


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "- a: ", "[{", '[{"a":'])
def test_deep_nesting_ends_as_text_or_as_a_limit(opener: str) -> None:
    started = time.process_time()
    outcome = run("- {id: E, statement: a}\n- x: " + opener * 100_000)
    assert outcome.texts() == ["a"]
    assert run(opener * 100_000).records == []
    assert time.process_time() - started < 15


def test_steps_of_indent_without_end() -> None:
    assert run("- id: E\n  statement: a\n" + "".join(" " * at + "b:\n" for at in range(2, 3000))).texts() == ["a"]


def test_tabs_are_no_indent() -> None:
    assert read_yaml("a:\n\tb: 1\n\tc: 2\n").value == {"a": None, "b": 1, "c": 2}
    assert read_yaml("-\ta:\tb\n").value == [{"a": "b"}]


def test_nul_is_a_character_like_any_other() -> None:
    assert run("- id: E\n  statement: a\0b\n  x\0: 1\n").texts() == ["a\0b"]


def test_lone_surrogate_escapes_are_replaced() -> None:
    outcome = run(r'[{"id": "E", "statement": "a\ud800"}]', r'- {id: F, statement: "a\ud800"}')
    assert outcome.texts() == ["a\ufffd", "a\ufffd"]
    assert outcome.codes() == {"repaired-text": 1}
    assert [record.native.pointer for record in outcome.records] == ["", ""]


def test_invalid_utf_8_is_replaced_and_told() -> None:
    outcome = run(b"- {id: E, statement: a\xffb}", b'[{"id": "F", "statement": "a\xffb"}]', "- {id: G, statement: a\ufffdb}")
    assert outcome.texts() == ["a\ufffdb"] * 3
    assert outcome.codes() == {"repaired-text": 2}
    assert outcome.originals[0].native == b"- {id: E, statement: a\xffb}"


def test_limits_are_kept() -> None:
    assert run("- statement: " + "x" * 100, limits=Limits(document_bytes=50)).codes() == {"limit": 1}
    nested = '[{"id": "E", "statement": "a", "x": ' + "[" * 200 + "]" * 200 + "}]"
    assert run(nested).codes() == {"limit": 1}
    assert run(nested, limits=Limits(json_depth=300)).texts() == ["a"]
    assert run('[{"id": "E", "statement": ' + "9" * 5000 + "}]").codes() == {"limit": 1}


def test_members_of_every_wrong_type() -> None:
    names = ["id", "statement", "summary", "activation", "temporal", "episodic", "relations", "associations", "tags", "scope",
             "status", "pinned", "created_at", "updated_at", "derived_from", "visibility"]  # fmt: skip
    for junk in ("null", "5", "-1.5", "1e308", "true", '""', "[]", "[null, 1, {}]", "{}", '{"a": {}}', "9" * 400):
        members = ", ".join(f'"{name}": {junk}' for name in names)
        outcome = run(f'[{{{members}}}, {{"id": "E", "statement": "a"}}]')
        assert outcome.texts()[-1] == "a"
        assert not {"unreadable-memory"} & outcome.codes().keys()


def test_many_alike_ids_and_findings_stay_small() -> None:
    started = time.process_time()
    outcome = run("- {id: E, statement: a, created_at: x}\n" * 50_000)
    assert (outcome.texts(), outcome.codes()) == (["a"], {"duplicate-id": 49_999, "bad-time": 1})
    assert len(outcome.findings) == 2
    assert time.process_time() - started < 20
