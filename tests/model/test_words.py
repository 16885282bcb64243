"""The words of a text, the short way for ASCII and the long way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satchel.model.words import words_of


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_has_the_words_that_it_has_beside_other_text(text: str) -> None:
    assert [*words_of(text), "é"] == words_of(text + " é")


def test_words() -> None:
    assert words_of("Don't e-mail_me: 3.5 km^2!") == ["Don", "t", "e", "mail", "me", "3", "5", "km", "2"]
