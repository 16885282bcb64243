"""What has changed places, and what only stands elsewhere."""

from __future__ import annotations

import pytest

from satchel.move.semantic import judge


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("Nora pays Theo.", "Theo pays Nora.", "names-swapped"),
        ("Nora pays Theo.", "Theo is paid by Nora.", ""),
        ("Nora, Theo and Ida paint it.", "Ida, Nora and Theo paint it.", ""),
        ("The cat costs 5 and the dog costs 7.", "The cat costs 7 and the dog costs 5.", "values-swapped"),
        ("The cat costs 5 and the dog costs 7.", "The dog costs 7 and the cat costs 5.", ""),
        ("The dog chases the cat.", "The cat chases the dog.", "words-swapped"),
        ("In spring the cat sleeps on the sofa.", "The cat sleeps on the sofa in spring.", ""),
        ("She buys eggs, milk and bread.", "She buys bread, eggs and milk.", ""),
        ("She often sings at home.", "She sings at home often.", ""),
        ("She is allergic to peanuts.", "She is allergic to walnuts.", "word-replaced"),
        ("She walks to the lake.", "He walks to the lake.", "word-replaced"),
        ("She walks to the lake.", "She walks to a lake.", ""),
        ("She walks to the lake.", "She walked to the lake.", ""),
        ("我住在北京。", "我住在上海。", "word-replaced"),
        ("Den Mann beißt der Hund in dem Park.", "Der Hund beißt den Mann in dem Park.", ""),
    ],
)
def test_places_and_replacements(before: str, after: str, code: str) -> None:
    found = judge(before, after)
    assert [each.code for each in found.differences if each.severity != "info"] == ([code] if code else [])
