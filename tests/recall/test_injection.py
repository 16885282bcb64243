"""Where a context goes (dossier Portable Agent Memory 6.10): never with the system's authority."""

from __future__ import annotations

import json

import pytest

from satchel.recall.injection import TARGETS, inject, style_of


@pytest.mark.parametrize("target", TARGETS)
def test_the_text_is_there_once_and_no_system_message(target: str) -> None:
    text = "the framed memory"
    placed = inject(text, target)  # type: ignore[arg-type]
    said = json.dumps(placed.message)
    assert placed.place and '"system"' not in said and '"developer"' not in said
    if target == "plain":
        assert placed.message is None
    else:
        assert said.count(text) == 1


def test_each_family_has_its_shape() -> None:
    shapes = {target: inject("x", target).message for target in TARGETS}
    assert shapes["gpt"] == shapes["llama"] == {"role": "user", "content": "x"}
    assert shapes["claude"] == {"role": "user", "content": [{"type": "text", "text": "x"}]}
    assert shapes["gemini"] == {"role": "user", "parts": [{"text": "x"}]}
    assert shapes["tool"] == {"content": [{"type": "text", "text": "x"}]}
    assert {target for target in TARGETS if style_of(target) == "tags"} == {"claude"}
