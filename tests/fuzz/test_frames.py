"""A little of the fuzzing at each run; the million is ``python -m tests.fuzz.frames``."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.recall import framing
from tests.fuzz import frames

NONCE = "7" * 32


def test_no_generated_text_gets_out() -> None:
    assert frames.run(1_000, seed=7) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(frames._PIECES)
            | st.sampled_from(frames._MARKERS).map(lambda each: each.replace("{nonce}", NONCE))
            | st.text(max_size=6),
            max_size=8,
        ).map("".join),
        min_size=1,
        max_size=4,
    ),
    st.integers(),
)
def test_no_text_gets_out(some: list[str], seed: int) -> None:
    assert not frames.escaped(some, NONCE, random.Random(seed))


@pytest.mark.parametrize("broken", ["line breaks", "text lost"])
def test_the_fuzzer_would_see_a_broken_frame(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = framing._escaped_string
    framing._quoted_once.cache_clear()
    if broken == "line breaks":
        monkeypatch.setattr(framing, "_escaped_string", lambda text: whole(text).replace("\\n", "\n"))
    else:
        monkeypatch.setattr(framing, "_escaped_string", lambda text: whole(text.replace("System", "")))
    assert frames.run(200, seed=7)
    framing._quoted_once.cache_clear()
