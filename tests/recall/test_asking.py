"""What a question asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.recall.asking import MAX_WORDS, question
from satchel.recall.dates import Span, spans
from tests.recall.made import NOW


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("on 2023-05-07?", "2023-05-07", "2023-05-08"),
        ("the 7th of May, 2023", "2023-05-07", "2023-05-08"),
        ("May 7, 2023", "2023-05-07", "2023-05-08"),
        ("in May 2023", "2023-05-01", "2023-06-01"),
        ("in December", "2025-12-01", "2026-01-01"),
        ("last March", "2026-03-01", "2026-04-01"),
        ("during 2021", "2021-01-01", "2022-01-01"),
        ("yesterday", "2026-11-21", "2026-11-22"),
        ("last week", "2026-11-09", "2026-11-16"),
        ("last weekend", "2026-11-14", "2026-11-16"),
        ("this month", "2026-11-01", "2026-12-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("last Friday", "2026-11-20", "2026-11-21"),
        ("last Sunday", "2026-11-15", "2026-11-16"),
        ("two weeks ago", "2026-11-02", "2026-11-09"),
        ("13 months ago", "2025-10-01", "2025-11-01"),
        ("3 days ago", "2026-11-19", "2026-11-20"),
    ],
)
def test_times_that_a_question_names(text: str, begin: str, end: str) -> None:
    """2026-11-22 is a Sunday."""
    assert spans(f"What did I say {text}", NOW) == (Span(day(begin), day(end)),)


@pytest.mark.parametrize(
    "text", ["5/7/2023", "on 31 February 2023", "may I ask", "the march of time", "room 2023", "9999 years ago"]
)
def test_what_names_no_time(text: str) -> None:
    assert spans(text, NOW) == ()


@given(text=st.text())
def test_any_text_is_a_question(text: str) -> None:
    asked = question(text, NOW)
    assert len(asked.words) <= MAX_WORDS and len(set(asked.words)) == len(asked.words)
    assert all(word.text for word in asked.words)


def test_endings_go_and_silent_words_too() -> None:
    asked = question("When did she go painting the Paintings?", NOW)
    assert [(word.text, word.is_stem) for word in asked.words] == [("go", False), ("paint", True)]
    assert [word.text for word in question("what is it", NOW).words] == ["what", "is", "it"]
