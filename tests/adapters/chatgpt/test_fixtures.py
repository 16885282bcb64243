"""Samples that nobody here wrote: each conversation is accounted for, and every string of its content is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.model.text import leaves
from tests.adapters.chatgpt.exports import SHARED, shared, take

SAMPLES = sorted(path.name for path in (SHARED / "fixtures" / "chatgpt").glob("*"))


def conversations(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    return [value] if "mapping" in value else [{"mapping": value}]


def texts(content: Any) -> list[str]:
    """The strings of a content that are text of the talk: its parts, text, result, thoughts and their like."""
    members = ("parts", "text", "result", "content", "summary", "thoughts", "user_profile", "user_instructions")
    found = [text for name in members for text in leaves(content.get(name)) if text]
    # What kind of thing a part is, is no text.
    return [text for text in found if not text.endswith("_asset_pointer")]


def load(name: str) -> dict[str, bytes]:
    folder = shared("fixtures", "chatgpt", name)
    return {str(Path(path).relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.json"))}


@pytest.mark.parametrize("name", SAMPLES or ["none"])
def test_sample(name: str) -> None:
    files = load(name)
    made = take(files)
    assert all(made.roles.values())
    if name == "polylogue-library-files":
        assert len(made.of("document")) == 2
        return
    for data in files.values():
        expected = conversations(json.loads(data))
        assert len(made.of("conversation")) + len(made.findings) >= len(expected)
        kept = [text for part in made.parts for text in (part.text, *leaves(part.data), part.name, part.ref)]
        for conversation in expected:
            for node in (conversation.get("mapping") or {}).values():
                content = (node.get("message") or {}).get("content")
                for text in texts(content) if content else ():
                    assert text in kept
    assert take(files).records == made.records


def test_the_real_export() -> None:
    made = take(load("owi-real-2025"))
    assert [each.role for each in made.messages] == ["user"] + ["user", "assistant"] * 5
    assert made.messages[0].is_hidden
    assert len(made.of("instruction")) == 1
    assert made.of("conversation")[0].body.current == made.of("message")[-1].uid  # type: ignore[union-attr]


def test_broken_elements_of_a_sample_are_told_of() -> None:
    made = take(load("chatlore-branches"))
    assert len(made.of("conversation")) == 4
    assert made.codes.count("no-messages") == 2
