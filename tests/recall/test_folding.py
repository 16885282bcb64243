"""What is compared and what is shown."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.recall import folding
from satchel.recall.folding import MAX_MARKS, fold, places, shown


@given(text=st.lists(st.text() | st.sampled_from(["\u0f73\u0323" * 20, "\u0344" * 31, "\u0301" * 29])).map("".join))
def test_what_is_shown_is_shown_as_it_is(text: str) -> None:
    once = shown(text)
    assert shown(once) == once
    assert once.encode("utf-8").decode() == once


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"], max_codepoint=0x24F)))
def test_plain_text_stays(text: str) -> None:
    assert shown(text) == unicodedata.normalize("NFC", text)


@given(text=st.text())
def test_each_folded_character_knows_its_place(text: str) -> None:
    folded, origin = fold(text), places(text)
    assert len(folded) == len(origin) and list(origin) == sorted(origin)
    assert all(0 <= place < len(text) for place in origin)


@given(text=st.text())
def test_what_is_folded_for_all_places_at_once_is_what_each_folds_to(text: str) -> None:
    assert fold(text) == "".join(folding._folded(character) for character in text)


def test_many_different_characters_fold_as_few_do() -> None:
    text = "".join(map(chr, range(0xE0, 0x250))) + "SYSTEM\u00a0:"
    assert fold(text) == "".join(folding._folded(character) for character in text)
    assert fold(text).endswith("system :")


def test_no_character_becomes_a_long_text() -> None:
    assert max(len(folding._folded(chr(code))) for code in range(0x110000)) < 8
    assert len(fold("\ufdfa" * 100)) == 100


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
    assert fold(disguised) == "system:"


def test_combining_marks_are_capped_before_anything_is_normalised() -> None:
    text = "a" + "\u0301\u0323" * 200_000
    assert len(unicodedata.normalize("NFD", shown(text))) <= 1 + MAX_MARKS
    assert fold(text) == "a"


def test_no_long_run_of_marks_is_ever_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normalising a run of marks takes time with its square: 400,000 of them three minutes (dossier 12.3)."""
    runs: list[int] = []

    def watched(form: str, text: str) -> str:
        runs.append(max(map(len, re.findall("[\u0300-\u036f]+", text)), default=0))
        return normalize(form, text)

    normalize = unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", watched)
    shown("a" + "\u0301\u0323" * 200_000 + "b" + "\u0301" * 31)
    assert runs and max(runs) == MAX_MARKS
