"""The transfer text, step by step (portable-memory.md 9.4)."""

from __future__ import annotations

import hashlib

import pytest

from satchel.adapters.transfer_text.dates import date_of, hashed_day
from satchel.adapters.transfer_text.statements import Statement, parse


def said(text: str) -> list[str]:
    return [statement.text for statement in parse(text).statements]


def only(text: str) -> Statement:
    (statement,) = parse(text).statements
    return statement


def test_line_ends_of_all_kinds_are_one() -> None:
    assert said("- a\r\n- b\r- c\n- d") == ["a", "b", "c", "d"]


def test_only_lf_splits_lines() -> None:
    assert said("- a\u2028b\u0085c\x0bd") == ["a\u2028b\u0085c\x0bd"]


def test_only_fenced_lines_count_when_there_is_a_fence() -> None:
    parsed = parse("intro\n  ```text\n- a\n```\nbetween\n```\n- b\n")
    assert [(statement.text, statement.line) for statement in parsed.statements] == [("a", 1), ("b", 2)]
    assert parsed.outside == 2


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert said("x\n```\n- a\n- b") == ["a", "b"]


@pytest.mark.parametrize("bullet", ["- ", "* ", "\u2022 ", "\u2013 ", "\u2014 ", "1. ", "12) ", "(123) ", "(7. ", "-   "])
def test_a_bullet_is_taken_off_once(bullet: str) -> None:
    assert said(f"{bullet}- x") == ["- x"]


@pytest.mark.parametrize("text", ["-x", "1234. x", "+ x", "1 x", "\u0661. x"])
def test_what_is_no_bullet_stays(text: str) -> None:
    assert said(f"- a\n{text}") == ["a", text]


@pytest.mark.parametrize(
    "text",
    ["2026-02-02 - x", "2026-02-02 \u2013 x", "2026-02-02 \u2014 x", "2026-02-02: x", "2026-02-02- x", "- 2026-02-02 : x"],
)
def test_a_bare_date_needs_a_separator(text: str) -> None:
    assert (only(text).raw_date, only(text).text) == ("2026-02-02", "x")
    assert only("2026-02-02 x").raw_date == ""


def test_a_bare_date_ends_at_the_first_space() -> None:
    assert only("2026-02-02T10:11:12Z - x").raw_date == "2026-02-02T10:11:12Z"


@pytest.mark.parametrize(
    ("header", "section"),
    [
        ("## Work", "Work"),
        ("### # Work", "# Work"),
        ("**Work**", "Work"),
        ("**Work:**", "Work"),
        ("**Work**:", "Work"),
        ("Where I work:", "Where I work"),
        ("INSTRUCTIONS", "INSTRUCTIONS"),
        ("A1 B2 C3", "A1 B2 C3"),
    ],
)
def test_a_header_sets_the_section_of_what_follows(header: str, section: str) -> None:
    parsed = parse(f"- a\n{header}\n- b\n\n- c")
    assert [(statement.text, statement.section) for statement in parsed.statements] == [
        ("a", ""),
        ("b", section),
        ("c", section),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "#",
        "****",
        "**a** b:",
        "one two three four five six seven eight nine:",
        "A - B:",
        "A \u2014 B",
        "AB",
        "ONE TWO SIX TEN NINE FOUR FIVE",
        "NASA and",
    ],
)
def test_what_is_no_header_is_a_statement(text: str) -> None:
    assert said(f"- a\n{text}") == ["a", text]


def test_a_bulleted_or_bracketed_line_is_no_header() -> None:
    assert said("- NASA\n- Tone:\n[NASA]") == ["NASA", "Tone:"]


def test_without_markers_paragraphs_are_statements() -> None:
    parsed = parse("Likes tea.\n  And rye bread.\n\n \nLives in Split.\n")
    assert [(statement.text, statement.line) for statement in parsed.statements] == [
        ("Likes tea.\nAnd rye bread.", 1),
        ("Lives in Split.", 5),
    ]


def test_with_a_marker_each_line_is_a_statement() -> None:
    assert said("Likes tea.\nLives in Split.\n- x") == ["Likes tea.", "Lives in Split.", "x"]


def test_indented_lines_go_on_until_a_blank_one() -> None:
    assert said("- a\n  - b\n\tc  \n\n  d") == ["a\n- b\nc", "d"]


def test_a_header_closes_the_statement_before_it() -> None:
    assert said("- a\n# H\n  b") == ["a", "b"]


@pytest.mark.parametrize("text", ["[x] - y", "[ x ]: y", "[x]\u2013y", "[x] \u2014 y", "[x] y", "[x]y"])
def test_a_bracket_holds_the_date(text: str) -> None:
    assert (only(text).raw_date, only(text).text) == ("x", "y")


def test_one_separator_behind_a_bracket_is_taken_off() -> None:
    assert only("[x] -- y").text == "- y"
    assert only("[2025-05-02]. The user").text == ". The user"


def test_an_empty_bracket_and_an_open_one() -> None:
    assert (only("[] - x").raw_date, only("[] - x").text) == ("", "x")
    assert only("[2025 - x").text == "[2025 - x"


def test_a_link_is_read_as_a_date() -> None:
    assert (only("[a](http://x)").raw_date, only("[a](http://x)").text) == ("a", "(http://x)")


def test_a_line_without_content_closes() -> None:
    parsed = parse("- a\n[x]\n  b")
    assert [statement.text for statement in parsed.statements] == ["a", "b"]
    assert parsed.empty == 1


@pytest.mark.parametrize("text", ["NASA", "Note:"])
def test_a_document_that_is_one_header_yields_nothing(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2025-11-03", "2025-11-03T00:00:00"),
        ("2025-11-03 about noon", "2025-11-03T00:00:00"),
        ("2025-11-03T10:11:12Z", "2025-11-03T10:11:12"),
        ("2025-11-03T10:11:12", "2025-11-03T00:00:00"),
        ("2025-11-03T10:11:12+02:00", "2025-11-03T00:00:00"),
        ("2025-11-03T25:11:12Z", "2025-11-03T00:00:00"),
        ("2025-11", "2025-11-01T00:00:00"),
        ("2025", "2025-01-01T00:00:00"),
        ("Jan 2026", "2026-01-01T00:00:00"),
        ("SEPTEMBER, 2026", "2026-09-01T00:00:00"),
        ("Sept 5th, 2024", "2024-09-05T00:00:00"),
        ("March 3 2024", "2024-03-03T00:00:00"),
        ("5 mar 2024", "2024-03-05T00:00:00"),
        ("1st May 2024", "2024-05-01T00:00:00"),
    ],
)
def test_dates(raw: str, day: str) -> None:
    moment = date_of(raw)
    assert moment is not None
    assert moment.strftime("%Y-%m-%dT%H:%M:%S") == day


@pytest.mark.parametrize(
    "raw",
    [
        "date unknown",
        "",
        "2025-02-30",
        "2025-13",
        "0000",
        "31 feb 2024",
        "2024 May",
        "Mai 2024",
        "5 5 2024",
        "٢٠٢٤",
        "２０２４-01-01",
    ],
)
def test_what_is_no_date_is_undated(raw: str) -> None:
    assert date_of(raw) is None


def test_the_id_is_a_hash_of_day_and_words() -> None:
    def expected(hashed: str) -> str:
        return "tx_" + hashlib.sha256(hashed.encode()).hexdigest()[:24]

    assert only("- x").id == expected("\nx")
    assert only("[2025-11-03T10:11:12Z] - x").id == only("[3 Nov 2025] x").id == expected("2025-11-03\nx")


def test_years_before_1000_hash_as_they_always_did() -> None:
    assert hashed_day(date_of("0999-12-31")) == "999-12-31T"
    assert hashed_day(date_of("0099-12-31T23:00:00Z")) == "99-12-31T2"
