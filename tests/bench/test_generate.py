"""The generator: same arguments, same bytes; the wanted size; the shapes that an importer has to cope with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"
SIZE = 1_500_000


def generate(provider: str, folder: Path, size: int = SIZE, seed: int = 1) -> bytes:
    command = [sys.executable, str(BENCH / "generate.py"), provider, "--size", str(size), "--seed", str(seed)]
    subprocess.run([*command, str(folder)], check=True, capture_output=True)
    return (folder / "conversations.json").read_bytes()


@pytest.fixture(scope="module")
def chatgpt(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return generate("chatgpt", tmp_path_factory.mktemp("chatgpt"))


@pytest.fixture(scope="module")
def claude(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return generate("claude", tmp_path_factory.mktemp("claude"))


@pytest.mark.parametrize("provider", ["chatgpt", "claude"])
def test_same_arguments_same_bytes(provider: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    first: bytes = request.getfixturevalue(provider)
    assert generate(provider, tmp_path / "again") == first
    assert generate(provider, tmp_path / "other", seed=2)[:2000] != first[:2000]
    smaller = generate(provider, tmp_path / "smaller", size=100_000)
    assert first.startswith(smaller[:-1])


@pytest.mark.parametrize("provider", ["chatgpt", "claude"])
def test_size(provider: str, request: pytest.FixtureRequest) -> None:
    data: bytes = request.getfixturevalue(provider)
    last = len(json.dumps(json.loads(data)[-1], ensure_ascii=False).encode()) * 2
    assert SIZE <= len(data) < SIZE + last


def test_chatgpt_shapes(chatgpt: bytes) -> None:
    assert chatgpt.isascii() and b"\\ue200cite\\ue202" in chatgpt
    talks: list[dict[str, Any]] = json.loads(chatgpt)
    kinds = set()
    for talk in talks:
        mapping = talk["mapping"]
        assert mapping[talk["current_node"]]["children"] == []
        for name, node in mapping.items():
            assert all(mapping[child]["parent"] == name for child in node["children"])
            if node["message"]:
                content = node["message"]["content"]
                kinds.add(content["content_type"])
                for reference in node["message"]["metadata"].get("content_references", ()):
                    cut = content["parts"][0][reference["start_idx"] : reference["end_idx"]]
                    assert cut == reference["matched_text"]
    assert kinds >= {"text", "code", "execution_output", "thoughts", "reasoning_recap", "multimodal_text"}
    assert any(len(node["children"]) > 1 for talk in talks for node in talk["mapping"].values())
    assert len({talk["id"] for talk in talks}) == len(talks)


def test_claude_shapes(claude: bytes) -> None:
    talks: list[dict[str, Any]] = json.loads(claude)
    kinds, with_parents = set(), 0
    for talk in talks:
        known = {"00000000-0000-4000-8000-000000000000"}
        for message in talk["chat_messages"]:
            assert message.get("parent_message_uuid") in {*known, None}
            with_parents += "parent_message_uuid" in message
            known.add(message["uuid"])
            kinds |= {block["type"] for block in message["content"]}
    assert kinds == {"text", "thinking", "tool_use", "tool_result"}
    assert with_parents
    assert any(message["attachments"] for talk in talks for message in talk["chat_messages"])
    assert any("\u3040" <= char <= "\u9fff" for char in claude.decode())
