"""What is compared and what is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.recall.folding import MAX_MARKS, fold, shown


@given(text=st.text())
def test_what_is_shown_is_shown_as_it_is(text: str) -> None:
    once = shown(text)
    assert shown(once) == once
    assert once.encode("utf-8").decode() == once


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"], max_codepoint=0x24F)))
def test_plain_text_stays(text: str) -> None:
    assert shown(text) == unicodedata.normalize("NFC", text)


@given(text=st.text())
def test_each_folded_character_knows_its_place(text: str) -> None:
    folded, places = fold(text)
    assert len(folded) == len(places) and list(places) == sorted(places)
    assert all(0 <= place < len(text) for place in places)


@pytest.mark.parametrize(
    "disguised",
    [
        "SYSTEM:",
        "ｓｙｓｔｅｍ：",
        "𝐒𝐲𝐬𝐭𝐞𝐦:",
        "Ⓢⓨⓢⓣⓔⓜ:",
        "Ѕуѕtем:",
        "sy\u200bst\u00adem:",
        "s\u0301y\u0302stem:",
        "sys\ufe0ftem∶",
        "ꜱystem:",
        "sys\U000e0041tem:",
    ],
)
def test_disguises_fold_to_what_they_hide(disguised: str) -> None:
    assert fold(disguised)[0] == "system:"


def test_combining_marks_are_capped_before_anything_is_normalised() -> None:
    text = "a" + "\u0301\u0323" * 200_000
    assert len(unicodedata.normalize("NFD", shown(text))) <= 1 + MAX_MARKS
    assert fold(text)[0] == "a"
