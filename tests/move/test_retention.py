"""Retention: every character of text, code, tool output and reasoning in an export is in the vault and in the written store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from satchel.model.text import part_text
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.move import said

EXAMPLES = ROOT / "examples"


def kept(store: SqliteStore) -> list[str]:
    """All texts of all messages in the vault."""
    return [part_text(part) for message in store.records("message") for part in message.body.parts]  # type: ignore[union-attr]


def written(folder: Path) -> list[str]:
    """All strings in the written conversations."""
    found: list[str] = []
    for path in sorted((folder / "conversations").glob("*.json")):
        found += said.strings(json.loads(path.read_bytes()))
    return found


def missing(source: said.Said, holders: list[str]) -> dict[str, int]:
    """Characters, by kind of content, of the source's texts that no holder has. A text counts as often as it is said."""
    whole = Counter(holders)
    lost: Counter[str] = Counter()
    for kind, texts in source.items():
        for text, times in Counter(texts).items():
            if whole[text] >= times:
                continue
            if sum(holder.count(text) for holder in holders if len(holder) >= len(text)) < times:
                lost[kind] += len(text)
    return dict(lost)


def check(store: SqliteStore, source: said.Said, tmp_path: Path) -> None:
    assert sum(map(len, source.values())), "the samples say something"
    assert missing(source, kept(store)) == {}
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert missing(source, written(tmp_path / "out")) == {}


def generated(provider: str, folder: Path) -> Path:
    subprocess.run(
        [sys.executable, str(ROOT / "bench" / "generate.py"), provider, "--size", "2MB", "--seed", "7", str(folder)],
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    return folder / "conversations.json"


@pytest.mark.parametrize("provider", ["chatgpt", "claude"])
def test_nothing_of_a_generated_export_is_lost(store: SqliteStore, provider: str, tmp_path: Path) -> None:
    path = generated(provider, tmp_path / "in")
    import_paths(store, [path])
    check(store, said.in_files(path, reader=getattr(said, provider)), tmp_path)


def test_nothing_of_the_examples_is_lost(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES])
    source = said.in_files(*sorted((EXAMPLES / "chatgpt").glob("conversations-*.json")), reader=said.chatgpt)
    for kind, texts in said.in_files(EXAMPLES / "claude" / "conversations.json", reader=said.claude).items():
        source[kind] = source.get(kind, []) + texts
    assert set(source) >= {"text", "code", "reasoning", "tool output", "tool input", "transcript", "attachment", "instructions"}
    check(store, source, tmp_path)


def samples(shared: Path, provider: str) -> list[Path]:
    """Sample files that hold conversations of the usual shape."""
    found = []
    for path in sorted((shared / "fixtures" / provider).glob("*/*.json")):
        value: Any = json.loads(path.read_bytes())
        items = value if isinstance(value, list) else value.get("conversations", [value])
        member = "mapping" if provider == "chatgpt" else "chat_messages"
        if any(isinstance(item, dict) and isinstance(item.get(member), (dict, list)) for item in items):
            found.append(path)
    return found


@pytest.mark.parametrize("provider", ["chatgpt", "claude"])
def test_nothing_of_the_shared_samples_is_lost(store: SqliteStore, shared: Path, provider: str, tmp_path: Path) -> None:
    # What is generated from a schema has nonsense types, whose text is kept by the members it stands in.
    paths = [path for path in samples(shared, provider) if "schema-fuzz" not in str(path)]
    assert len(paths) >= 10
    for path in paths:
        import_paths(store, [path])
    source = said.in_files(*paths, reader=getattr(said, provider))
    # The same sample conversation lies in more than one folder: once is enough.
    once = {kind: list(dict.fromkeys(texts)) for kind, texts in source.items()}
    assert missing(once, kept(store)) == {}
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert missing(once, written(tmp_path / "out")) == {}
