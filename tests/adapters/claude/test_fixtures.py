"""The shared samples: each conversation accounted for, each message's words kept, read twice the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.model.text import part_text
from tests.adapters.claude.harness import SHARED, folder, run

CLAUDE = SHARED / "fixtures" / "claude"
PROBES = SHARED / "conformance" / "portable-ai-memory" / "derived" / "provider-probes"
FOLDERS = sorted(CLAUDE.glob("*")) + sorted(path / "input" for path in PROBES.glob("k_*"))
NEGATIVE = {"nexus-public", "osteele-invalid"}

pytestmark = pytest.mark.skipif(not CLAUDE.exists(), reason="the shared samples are not beside this checkout")


def conversations(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        value = value.get("conversations", [value])
    return [item for item in value if "chat_messages" in item or "messages" in item]


def words(message: dict[str, Any]) -> list[str]:
    found = [message.get("text") or ""]
    content = message.get("content") or []
    for block in content if isinstance(content, list) else [{"text": content}]:
        found += [block.get("text") or "", block.get("thinking") or ""]
        found += [item.get("text") or "" for item in block.get("content") or []]
        found += [value for value in (block.get("input") or {}).values() if isinstance(value, str)]
    return found + [item.get("extracted_content") or "" for item in message.get("attachments") or []]


@pytest.mark.parametrize("path", FOLDERS, ids=[str(path.relative_to(SHARED)).replace("/", ".") for path in FOLDERS])
def test_sample(path: Path) -> None:
    files = folder(path)
    outcome = run(dict(files))
    if path.name in NEGATIVE:
        assert (outcome.roles, outcome.records) == ({}, [])
        return
    assert len(outcome.roles) == len(files)
    again = run(dict(files))
    assert (outcome.records, outcome.findings) == (again.records, again.findings)
    found = [item for data in files.values() for item in conversations(json.loads(data))]
    assert len(outcome.of("conversation")) == len(found)
    assert len({record.uid for record in outcome.records}) == len(outcome.records)
    kept = "\n".join(part_text(part) for part in outcome.parts())
    for message in [message for item in found for message in item.get("chat_messages") or item.get("messages") or []]:
        for text in words(message):
            # Line by line: a message's text may repeat several blocks.
            for line in text.split("\n"):
                assert line.strip() in kept


def test_other_platforms_samples_are_not_claimed() -> None:
    for path in sorted((SHARED / "fixtures").iterdir()):
        if path.is_dir() and path.name != "claude":
            assert run(dict(folder(path))).roles == {}


def test_counts_of_the_real_export() -> None:
    outcome = run(dict(folder(CLAUDE / "owi-real-large")))
    assert len(outcome.of("conversation")) == 85
    assert len(outcome.of("message")) + outcome.codes()["empty-message"] == 557


def test_bakery() -> None:
    """A real conversation of 2024 with a named leaf, a model and an image."""
    outcome = run(dict(folder(CLAUDE / "osteele-bakery")))
    head = outcome.of("conversation")[0].body
    assert head.model == "claude-3-5-sonnet-20240620"  # type: ignore[union-attr]
    assert head.current == outcome.of("message")[-1].uid  # type: ignore[union-attr]
    assert [(part.type, part.name) for part in outcome.parts() if part.type != "text"] == [("image", "image")]


def test_reference_sdk_loses_and_we_do_not() -> None:
    """portable-ai-memory.md 11.8: the answer beside an empty text, thoughts, prompts, parents, flagged answers."""
    outcome = run(dict(folder(PROBES / "k_rich" / "input")))
    said = [(part.type, part.text) for part in outcome.parts()]
    for pair in (
        ("reasoning", "SECRET THOUGHT"), ("text", "VISIBLE ANSWER"), ("reasoning", "THOUGHT 2"), ("text", "VISIBLE 2"),
        ("text", "ONLY IN CONTENT"), ("file", "abc"), ("tool_result", "plain"),
    ):  # fmt: skip
        assert said.count(pair) == 1
    assert outcome.bodies("instruction")[0].text == "Be nice"
    assert outcome.bodies("scope")[0].text == "d"
    assert {body.text for body in outcome.bodies("memory")} == {"Alice likes dark mode.\n\nWorks at X.", "P1", "P2"}
    assert outcome.of("message")[1].body.parent == outcome.of("message")[0].uid  # type: ignore[union-attr]
