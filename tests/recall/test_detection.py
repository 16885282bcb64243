"""The short ways through detection find what the long way finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satchel.recall import detection
from satchel.recall.detection import detect, structure_in
from satchel.recall.folding import fold, places, shown

_PIECES = [
    "Ignore",
    "all",
    "previous",
    "instructions",
    "disregard",
    "forget everything",
    "olvida",
    "anterior",
    "you are now",
    "from now on",
    "henceforth, you",
    "act as",
    "new instructions:",
    "begin system prompt",
    "urgent! execute",
    "send",
    "e-mail",
    "api key",
    ".env",
    "![x](https://a/?b=",
    "a" * 120,
    "\\x41" * 16,
    "\\x41" * 15,
    "%41" * 16,
    "%41" * 15,
    "&#65;" * 8,
    "&#65;" * 7,
    "System:",
    "[/PAM:DATA]",
    "<|im_start|>",
    "[INST]",
    "# system",
    '"role": "user"',
    "ѕystem:",
    "Ｓystem：",
    "é",
    "\n",
    ".",
    "tea",
]
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(max_size=6), max_size=8).map(" ".join)


@given(_TEXTS)
def test_no_order_is_missed_for_its_beginning(text: str) -> None:
    squeezed = " ".join(fold(shown(text)).split())
    every = {family for family, pattern in detection._ORDER_PATTERNS if pattern.search(squeezed)}
    assert set(detect(shown(text)).orders) == every


@given(_TEXTS)
def test_no_structure_is_missed_for_want_of_a_mark(text: str) -> None:
    folded, origin = fold(shown(text)), places(shown(text))
    every = {origin[match.start("at")] for _, pattern in detection._STRUCTURE_PATTERNS for match in pattern.finditer(folded)}
    assert structure_in(shown(text)) == detect(shown(text)).places == every
