"""Normal forms of long texts are those of short ones, and no long run of marks is put in order by insertion."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model import normal_forms
from satchel.model.normal_forms import marks_in, nfc, nfkc

#: Marks of several classes, one that is made of two, one of class 0 that is, and a half-width one that is one in NFKC alone.
_PIECES = [
    "a",
    "Å",
    "가",
    "\u1100",
    "\u1161",
    "\u0301",
    "\u0323",
    "\u0308\u0301",
    "\u0344",
    "\u0f73",
    "\uff9e",
    "\u3099",
    "ﬁ",
    " ",
]
_TEXTS = st.lists(st.tuples(st.sampled_from(_PIECES) | st.text(max_size=3), st.integers(1, 40)), max_size=12).map(
    lambda runs: "".join(piece * times for piece, times in runs)
)


@given(_TEXTS)
def test_long_texts_have_the_forms_that_unicode_says(text: str) -> None:
    for each in (text, text + "x" * normal_forms.SHORT):
        assert nfc(each) == unicodedata.normalize("NFC", each)
        assert nfkc(each) == unicodedata.normalize("NFKC", each)


def test_what_is_made_of_marks_alone_is_one() -> None:
    assert marks_in("aé\u0301\u0f73\uff9e") == "\u0301\u0f73"
    assert marks_in("aé\u0301\u0f73\uff9e", "NFKC") == "\u0301\u0f73\uff9e"


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\u0344\u0323", "\u0301" * 2_000 + "\u0323"])
def test_no_long_run_is_out_of_order_when_it_is_normalised(marks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair out of order is a step of the insertion: 10^10 of them in such a text."""
    steps = 0

    def watched(form: str, text: str) -> str:
        nonlocal steps
        # One character at a time: each has few marks of its own.
        classes = [unicodedata.combining(part) for each in text for part in normalize("NFKD", each)]
        steps += sum(before > after > 0 for before, after in itertools.pairwise(classes))
        return normalize(form, text)

    normalize = unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", watched)
    nfc("a" + marks * (400_000 // len(marks)))
    nfkc("a" + marks * (400_000 // len(marks)))
    assert steps < 100
