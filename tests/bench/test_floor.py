"""The floor passes over every message once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def floor(source: Path, target: Path) -> tuple[str, list[str]]:
    command = [sys.executable, str(ROOT / "bench" / "floor.py"), str(source), str(target)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return said, target.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("example", "talks"), [("chatgpt/conversations-000.json", 2), ("claude/conversations.json", 3)])
def test_every_message_is_a_line(example: str, talks: int, tmp_path: Path) -> None:
    source = ROOT / "examples" / example
    said, lines = floor(source, tmp_path / "out.jsonl")
    assert said.startswith(f"{talks} conversations, {len(lines)} messages, sha256 ")
    expected: list[dict[str, Any]] = []
    for talk in json.loads(source.read_text(encoding="utf-8")):
        nodes = talk["mapping"].values() if "mapping" in talk else ()
        expected += [node["message"] for node in nodes if node["message"]] or talk.get("chat_messages", [])
    assert [json.loads(line) for line in lines] == expected


def test_hash_is_over_the_conversations_bytes(tmp_path: Path) -> None:
    first, second = b'{"chat_messages": [{"text":"\xc3\xa9"}]}', b'{"chat_messages":[]}'
    source = tmp_path / "conversations.json"
    source.write_bytes(b"[" + first + b" , " + second + b"]\n")
    said, _ = floor(source, tmp_path / "out.jsonl")
    assert said.split()[-1] == hashlib.sha256(first + second).hexdigest()
