"""What is claimed and what is not: by structure alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from satchel.adapters.engram import ADAPTER
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from tests.adapters.engram.harness import FIXTURES

ENGRAM = "- id: E1\n  status: active\n  type: procedural\n  scope: global\n  statement: Do it.\n"


def role(text: str | bytes, name: str = "x") -> str | None:
    member = BytesMember(name, text if isinstance(text, bytes) else text.encode())
    return ADAPTER.claim(member, probe(member))


@pytest.mark.parametrize(
    "text",
    [
        ENGRAM,
        "\ufeff# a comment, with a comma\n---\n" + ENGRAM,
        "name: pack\nengrams:\n  - statement: Do it.\n",
        "name: pack\n---\n" + ENGRAM,
        "- statement: Do it.\n  activation: {frequency: 1}\n",
        '[{"statement": "Do it.", "polarity": "do"}]',
        "[{statement: Do it., polarity: do}]",
        '{"engrams": [{"statement": "Do it."}]}',
        "- id: P\n  timestamp: 2026-02-01\n  summary: Did it.\n  agent: a\n",
        "episodes:\n- timestamp: 2026-02-01\n  summary: Did it.\n  session_id: s\n",
        ENGRAM + "\n".join(f"- id: E{i}\n  statement: '{'x' * 200}'" for i in range(1000)),
    ],
)
def test_engram_files_are_claimed_whatever_their_name(text: str) -> None:
    assert role(text) == "memories"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "engrams: []\n",
        "episodes:\n  - summary: a show\n    title: b\n",
        "statement: x\n",
        "# Notes\n\nThe statement: it is so.\nThe summary: all is well.\n",
        "---\ntitle: Post\nsummary: A post\ntags: [a]\n---\n# Post\n\n- statement: x\n",
        "- statement: SELECT 1\n  name: q\n",
        '[{"statement": "x", "id": 1}]',
        '[{"summary": "x", "timestamp": 1, "agent": "a", "messages": []}]',
        '[{"uuid": "u", "name": "n", "summary": "s", "chat_messages": []}]',
        '{"memories": [{"id": "m", "memory": "x", "user_id": "u", "created_at": "2026-01-01"}]}',
        '{"schema": "portable-ai-memory", "memories": [{"id": "m", "content": "x", "type": "fact", "status": "active"}]}',
        "version: 2\nservices:\n  web:\n    image: x\n",
        "summary,statement:\na,b\n",
        "[" * 3000,
        '{"a":' * 900 + "1" + "}" * 900,
    ],
)
def test_other_files_are_not(text: str) -> None:
    assert role(text) is None


def test_no_sample_of_another_platform_is_claimed(shared: Path) -> None:
    for folder in (shared / "fixtures", shared / "conformance"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.parent != FIXTURES:
                assert role(path.read_bytes()[: 1 << 20], path.name) is None, path.relative_to(shared)


def test_bytes_that_are_no_text_are_not() -> None:
    assert role(b"statement: \xff\xfe\xfd" * 50) is None
    assert role(b"- statement: a\0b\n  polarity: do\n") is None
