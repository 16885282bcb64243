"""A marker that stands in no text, and can be taken out again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satchel.recall.marking import directive, marked, new_marker, unmarked


@given(st.lists(st.text(st.characters() | st.characters(min_codepoint=0xE000, max_codepoint=0xF8FF)), max_size=4))
def test_what_was_marked_comes_back(texts: list[str]) -> None:
    marker = new_marker(texts)
    assert not any(marker in text for text in texts)
    for text in texts:
        assert " " not in marked(text, marker) and unmarked(marked(text, marker), marker) == text


def test_texts_that_hold_every_private_character() -> None:
    every = "".join(map(chr, range(0xE000, 0xF900)))
    assert new_marker([every]) not in every


def test_the_reader_is_told() -> None:
    assert "U+E123" in directive("\ue123") and "\ue123" in directive("\ue123") and directive("") == ""
    assert "\n" not in directive("\ue123")


def test_markers_differ() -> None:
    assert len({new_marker([]) for _ in range(40)}) > 30
