"""The YAML subset, rule by rule (dossier 9.5, "YAML subset reader")."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.adapters.engram.scalars import typed
from satchel.adapters.engram.yaml import MAX_DEPTH, read_yaml


def value(text: str) -> Any:
    return read_yaml(text).value


def test_line_ends_are_made_line_feeds() -> None:
    assert value("a: |\r\n  b\r\n  c\rd: e\r\n") == {"a": "b\nc\n", "d": "e"}


def test_one_document_is_its_value_and_several_are_a_list() -> None:
    assert value("---\na: 1\n") == {"a": 1}
    assert value("a\n---\nb\n...\nc") == ["a", "b", "c"]
    assert value("a\n...\n---\nb") == ["a", "b"]


def test_text_behind_a_document_mark_is_kept() -> None:
    assert value("--- a\n--- {b: 1}\n--- |\n  c\n") == ["a", {"b": 1}, "c\n"]
    assert value("---a") == "---a"


def test_directives_before_the_first_document_are_skipped() -> None:
    assert value("%YAML 1.2\n# c\n%TAG x\n---\na: 1\n%x: 2") == {"a": 1, "%x": 2}


def test_null_documents_at_the_edges_are_trimmed() -> None:
    assert value("---\n---\na\n---\n~\n---\nb\n---\nnull\n...\n") == ["a", None, "b"]
    assert value("# only\n\n") is None
    assert value("") is None


def test_comments_begin_at_the_start_or_behind_a_blank_outside_quotes() -> None:
    assert value("# a\nb: c#d # e\nf: \"g # h\" # i\nj: 'k # l'\nm:# n\n") == {"b": "c#d", "f": "g # h", "j": "k # l"}
    assert value("a: won't # b") == {"a": "won't"}
    assert value("a: say 'b # c' # d") == {"a": "say 'b # c'"}
    assert value("- [a, 'b # c'] # d") == [["a", "b # c"]]


def test_items_with_inline_mappings_go_on_at_their_column() -> None:
    assert value("- a: 1\n  b: 2\n-   c: 3\n    d: 4\n") == [{"a": 1, "b": 2}, {"c": 3, "d": 4}]
    assert value("-\n  a: 1\n-\n- - b\n  - c\n- d") == [{"a": 1}, None, ["b", "c"], "d"]
    assert value("-1\n") == -1
    assert value("-x") == "-x"


def test_a_sequence_may_sit_at_its_keys_indent() -> None:
    assert value("a:\n- 1\n- b: 2\n  c:\n  - 3\nd:\n  - 4\n") == {"a": [1, {"b": 2, "c": [3]}], "d": [4]}


def test_deeper_stray_lines_are_ignored_and_counted() -> None:
    read = read_yaml("a: 'b'\n    stray: x\nc:\n    d: 1\n  e: 2\nf: 3\n")
    assert (read.value, read.ignored_lines) == ({"a": "b", "c": {"d": 1}, "f": 3}, 2)
    read = read_yaml("- a\nb: c\n- d\n")
    assert (read.value, read.ignored_lines) == (["a", "d"], 1)


def test_a_key_ends_at_the_first_colon_before_a_blank_or_the_end() -> None:
    assert value("a:b: c\nd e :f: g:\nh:\ti\n") == {"a:b": "c", "d e :f": "g:", "h": "i"}
    assert value("\"a: b\" : 1\n'it''s': 2\n1: 3\nnull: 4\n") == {"a: b": 1, "it's": 2, "1": 3, "null": 4}


def test_a_line_that_begins_a_flow_is_never_a_key() -> None:
    assert value("[a]: b") == ["a"]
    assert value("{a: 1}: b") == {"a": 1}


def test_of_two_entries_of_a_key_the_last_wins() -> None:
    assert value("a: 1\na: 2\n") == {"a": 2}
    assert value("{a: 1, a: 2}") == {"a": 2}


@pytest.mark.parametrize(
    ("header", "text"),
    [("|", "x\n\ny\n"), ("|-", "x\n\ny"), ("|+", "x\n\ny\n\n\n"), (">", "x\ny\n"), (">-", "x\ny"), (">+", "x\ny\n\n\n")],
)
def test_block_scalars_strip_clip_or_keep(header: str, text: str) -> None:
    assert value(f"a: {header} # c\n  x\n\n  y\n\n\nb: 1\n") == {"a": text, "b": 1}
    assert value(f"- {header}\n  x\n\n  y\n\n\n") == [text]


def test_an_explicit_indent_is_relative_to_the_parent() -> None:
    assert value("a: |2\n    x\n   y\n") == {"a": "  x\n y\n"}
    assert value("- a: |-1\n    x\n") == [{"a": " x"}]
    assert value("- |2-\n   x\n") == [" x"]


def test_block_scalars_keep_comments_quotes_and_inner_indent() -> None:
    assert value("a: |\n\n  # x\n    'y'\n  - z: 1 \n# no\nb: 2") == {"a": "\n# x\n  'y'\n- z: 1 \n", "b": 2}


def test_folding_joins_lines_by_a_blank_and_breaks_at_empty_ones() -> None:
    assert value("a: >-\n  b\n  c\n\n  d\n\n\n  e\n    f\n") == {"a": "b c\nd\n\ne   f"}


def test_clip_adds_its_line_feed_only_to_text() -> None:
    assert value("a: |\n\n\nb: >\nc: |+\n\n\nd: |-\n") == {"a": "", "b": "", "c": "\n\n", "d": ""}


def test_plain_scalars_go_on_over_deeper_lines() -> None:
    assert value("a: b\n  c # d\n\n   e\nf:\n  g\n  h\n- i\n") == {"a": "b c e", "f": "g h"}
    assert value("a: b\n  c: d\n  - e\n") == {"a": "b"}
    assert value("- 1\n  2\n- 3") == ["1 2", 3]


def test_quoted_scalars_are_on_one_line() -> None:
    assert value("a: \"b\n  c\"\nd: 'e'\n") == {"a": '"b c"', "d": "e"}


def test_flow_collections_may_span_lines() -> None:
    assert value("a: [b, # c\n  {d: 1,\n   e: [f\n   g]},\n]\nh: 2") == {"a": ["b", {"d": 1, "e": ["f g"]}], "h": 2}
    assert value('{"a":1,"b": [ ],c: {}, d, e: }') == {"a": 1, "b": [], "c": {}, "d": None, "e": None}
    assert value("[2026-01-31T10:00:00Z, a:b, 'c, d', say \"e, f\", 1.5, ~]") == [
        "2026-01-31T10:00:00Z", "a:b", "c, d", 'say "e, f"', 1.5, None,
    ]  # fmt: skip


def test_missing_closers_are_tolerated() -> None:
    assert value("a: [b, {c: d\ne: f\n") == {"a": ["b", {"c": "d"}], "e": "f"}
    assert value("- {a: [1\n- 2") == [{"a": [1]}, 2]
    assert value("[a}") == ["a"]


def test_escapes_in_double_quotes() -> None:
    assert value(r'"\n\t\r\b\f\0\u00e9\"\\\/\q"') == '\n\t\r\b\f\0é"\\/q'
    assert value(r'"\u12"') == "u12"


def test_surrogates_are_not_joined() -> None:
    assert value(r'"\ud83d\ude00 \ud800"') == "\ufffd\ufffd \ufffd"


def test_single_quotes_know_one_escape() -> None:
    assert value(r"'it''s \n'") == r"it's \n"


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_nulls(text: str) -> None:
    assert typed(text) is None
    assert value(f"a: {text}\nb: 1") == {"a": None, "b": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("0", 0), ("-0", 0), ("+5", 5), ("007", 7), ("-9223372036854775808", -(2**63)), ("18446744073709551615", 2**64 - 1),
        ("1.0", 1.0), ("-1.5e3", -1500.0), ("1e5", 100000.0), ("+2E-3", 0.002), ("1.5E+3", 1500.0),
    ],
)  # fmt: skip
def test_numbers_and_truth_values(text: str, expected: Any) -> None:
    assert typed(text) == expected
    assert type(typed(text)) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "-9223372036854775809", "18446744073709551616", "9" * 5000, "1.", ".5", "1.e5", "0x1F", "1_000", "yes", "No", "tRUE",
        "nUll", "2026-01-31", "10:00", ".inf", "nan", "+", "-", "--1", "1 2", "１２", "1e999",
    ],
)  # fmt: skip
def test_everything_else_is_text(text: str) -> None:
    assert typed(text) == text


def test_past_the_deepest_collection_the_rest_is_text() -> None:
    def depth(item: Any) -> int:
        levels = 0
        while isinstance(item, list | dict):
            levels, item = levels + 1, next(iter(item.values() if isinstance(item, dict) else item))
        assert isinstance(item, str)
        return levels

    assert depth(value("- " * 200 + "a")) == MAX_DEPTH
    assert depth(value("[" * 200 + "a")) == MAX_DEPTH
    assert depth(value("".join(" " * at + "a:\n" for at in range(200)))) == MAX_DEPTH
    assert depth(value("- " * 63 + "k: [[b]]")) == MAX_DEPTH
    assert value("[" * 64 + "[a, [b]], c" + "]" * 64) == value("[" * 64 + '"[a, [b]]", c' + "]" * 64)
    assert value("- a:\n" + "".join("  " * at + "- a:\n" for at in range(1, 80)) + "- b")[1] == "b"
