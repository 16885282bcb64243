"""Names, as far as spelling shows them."""

from __future__ import annotations

import pytest

from satchel.move.semantic.names import names_of, seen_inside


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("We met Quux in Oslo.", "en", ["Quux", "Oslo"]),
        ("Quux owns it.", "en", ["Quux"]),
        ("Alice came and saw Bob's cat.", "en", ["Alice", "Bob"]),
        ("Always use it. Tests matter.", "en", []),
        ("I think I'm NOT sure.", "en", []),
        ("Ask NASA about it.", "en", ["NASA"]),
        ("Der Hund und die Katze schlafen im Haus.", "de", []),
        ("Gestern kam Anna mit Frau Meier.", "de", ["Anna", "Meier"]),
        ("Nous avons vu Amélie à Lyon.", "fr", ["Amélie", "Lyon"]),
        ("Мы видели Ивана в Москве.", "ru", ["Ивана", "Москве"]),
        ("田中さんはコーヒーが好きです。", "ja", ["田中", "コーヒー"]),
        ("王女士住在北京。", "zh", ["王"]),
        ("אנחנו בירושלים", "", []),
    ],
)
def test_names(text: str, language: str, names: list[str]) -> None:
    assert [each.value for each in names_of(text, language, frozenset())] == names


def test_a_name_inside_either_text_is_one_at_the_beginning_too() -> None:
    known = seen_inside(["It is Quux again."])
    assert [each.value for each in names_of("Quux then.", "en", known)] == ["Quux"]
    assert names_of("Quux then.", "en", frozenset()) == []
