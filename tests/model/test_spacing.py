"""A space round every character that is a word of its own."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from satchel.model import spacing
from satchel.model.spacing import spaced

#: The same set as a pattern over text, as a judge of the bytes.
RANGES = "".join(f"{chr(low)}-{chr(high)}" for low, high in spacing._SOLITARY)
SOLITARY = re.compile(f"([{RANGES}])[\U0001f3fb-\U0001f3ff]?")


def said(text: str) -> str:
    return spaced(text.encode()).decode()


def test_every_character_alone() -> None:
    wrong = []
    for code in range(0x110000):
        if not 0xD800 <= code < 0xE000:
            character = chr(code)
            expected = f" {character} " if SOLITARY.match(character) else character.replace("\0", " ")
            if said(character) != expected:
                wrong.append(code)
    assert wrong == []


@given(st.text(st.sampled_from("ab é漢字かな🎉🏽한ก\0\n—→✓ü") | st.characters(exclude_categories=("Cs",))))
@example("“quoted” — plain… €5 ™")
@example("a\n漢\nb\n")
@example("🏽 alone")
def test_spacing_parts_solitary_characters_and_changes_nothing_else(text: str) -> None:
    text = text.replace("\0", " ")
    assert said(text) == " ".join(SOLITARY.split(text))


@given(st.binary())
def test_bytes_that_are_no_utf8_are_no_error(data: bytes) -> None:
    assert set(spaced(data)) <= {*data, ord(" ")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("北京 2026", ["北", "京", "2026"]),
        ("한국어", ["한", "국", "어"]),
        ("ภาษาไทย", list("ภาษาไทย")),
        ("👩🏽‍💻 codes", ["👩", "\u200d", "💻", "codes"]),
        ("हिन्दी नमस्ते", ["हिन्दी", "नमस्ते"]),
        ("naïve — “café”", ["naïve", "—", "“café”"]),
        ("a😀b", ["a", "😀", "b"]),
    ],
)
def test_words_of_real_scripts(text: str, words: list[str]) -> None:
    assert said(text).split() == words
