"""What counts as a quotation, and what is left of a text without it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.quotations import LEAST_LETTERS, MARK, aside, passages, quoted, scrubbed, scrubbed_value, sought

SAID = "Anna Müller keeps twelve brass lanterns in the loft."


@pytest.mark.parametrize(
    "quoting",
    [
        SAID,
        f"Known before: {SAID} Ask first.",
        SAID.upper(),
        SAID.replace(" ", "\n  "),
        unicodedata.normalize("NFD", SAID),
        "“Anna Müller keeps twelve—brass—lanterns in the loft”, she said",
    ],
)
def test_the_same_words_are_a_quotation(quoting: str) -> None:
    after = scrubbed(quoting, sought(passages(SAID)))
    assert MARK in after and "brass" not in after.lower()


@pytest.mark.parametrize("other", ["Anna Müller keeps brass lanterns.", "twelve brass lanterns in the loft", "Anna", ""])
def test_other_words_are_none(other: str) -> None:
    assert list(quoted(other, sought(passages(SAID)))) == []
    assert scrubbed(other, sought(passages(SAID))) == other


def test_one_sentence_of_many_is_a_quotation() -> None:
    whole = f"Good morning. {SAID} It rained all day in the harbour, and then some."
    assert scrubbed(f"He told: {SAID}", sought(passages(whole))) == f"He told: {MARK}"


def test_what_everybody_says_is_none() -> None:
    assert passages("ok", "Thank you very much!", "a" * (LEAST_LETTERS - 1)) == set()
    assert passages("a" * LEAST_LETTERS)


def test_scripts_without_spaces() -> None:
    said = "昨日わたしは青い自転車を駅前の店で四万円で買いました"
    assert scrubbed(f"彼は「{said}」と言った。", sought(passages(said))) == f"彼は「{MARK}」と言った。"


def test_members_of_a_value_and_not_their_names() -> None:
    value = {SAID: [SAID, 1, {"x": f"so: {SAID}"}], "n": None}
    assert scrubbed_value(value, sought(passages(SAID))) == {SAID: [MARK, 1, {"x": f"so: {MARK}"}], "n": None}


@given(before=st.text(), after=st.text())
def test_what_is_around_stays(before: str, after: str) -> None:
    text = f"{before} | {SAID} | {after}"
    found = scrubbed(text, sought(passages(SAID)))
    if MARK not in before + after and SAID.lower() not in (before + after).lower():
        assert found == f"{before} | {MARK} | {after}"


def test_aside_is_what_the_record_does_not_say() -> None:
    said = "it says this and that at some length"
    assert aside([said, "short one", "an-id-that-is-long-0123456789"[:24], "more than it says, in other words"], said) == (
        "more than it says, in other words"
    )
