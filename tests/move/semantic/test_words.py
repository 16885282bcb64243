"""Words and languages."""

from __future__ import annotations

import pytest

from satchel.move.semantic.words import all_words, content, languages_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("She lives in a small house by the river.", "en"),
        ("Sie wohnt in einem kleinen Haus am Fluss.", "de"),
        ("Elle habite dans une petite maison près de la rivière.", "fr"),
        ("Ella vive en una casa pequeña cerca del río.", "es"),
        ("Lei abita in una piccola casa vicino al fiume con i suoi.", "it"),
        ("Ela mora em uma casa pequena perto do rio.", "pt"),
        ("Zij woont in een klein huis aan de rivier.", "nl"),
        ("Ona nie lubi kawy i jest to dla niej ważne.", "pl"),
        ("Она живёт в маленьком доме и не пьёт кофе.", "ru"),
        ("她住在河边的小房子里。", "zh"),
        ("彼女は川のそばの小さな家に住んでいます。", "ja"),
        ("Jag bor i ett litet hus och har inte en hund.", "sv"),
        ("Kami tidak akan pergi ke sana dengan mereka.", "id"),
    ],
)
def test_the_likeliest_language(text: str, language: str) -> None:
    assert languages_of(text)[0] == language


@pytest.mark.parametrize("text", ["", "12 + 4", "אני גר בבית", "أعيش في بيت", "Τον είδα χθες", "Zug Blau Kran"])
def test_a_language_that_cannot_be_told(text: str) -> None:
    assert languages_of(text) == ()


def test_a_tag_decides_where_the_text_does_not() -> None:
    assert languages_of("Zug Blau Kran", "de-AT") == ("de",)
    assert languages_of("She lives in a small house.", "de")[0] == "en"


def test_words_and_stems() -> None:
    assert all_words("It's 3 cats, 住んで") == ["it's", "3", "cats", "住", "ん", "で"]
    assert content("The tests were running, and he tested a run") == ["test", "run", "test", "run"]
