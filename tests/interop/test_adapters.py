"""The public SDK's adapters beside ours, all the way: the shared samples through a vault into a bundle (dossier 9).

Each episode of the SDK is a row of ours, equal but for what its table here names. What the tables name is tested by itself in
tests/adapters, and so are inputs made at random.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from portable_memory import to_wire
from portable_memory.adapters import claude, mem0, openai, transfer

from satchel.formats.portable_memory.lens import CARRIED
from satchel.formats.portable_memory.validation import validate
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault

TIMES = ("eventTime", "mentionTime", "ingestionTime")


def theirs(found: list[Any], started: str) -> list[dict[str, Any]]:
    """The SDK's rows; a time that is the clock's is taken out, for ours is never."""
    rows = [to_wire(item) for item in found]
    for row in rows:
        for name in TIMES:
            if row[name] >= started:
                del row[name]
    return rows


def ours(paths: list[Path], target: Path, *, adapter: str = "", account: str = "") -> list[dict[str, Any]]:
    """The episodes of the bundle that an export of the import writes."""
    with trial_vault() as store:
        import_paths(store, paths, adapter=adapter, account=account)
        export(store, target, format="portable-memory")
    assert [finding for finding in validate(target) if finding.severity == "error"] == []
    lines = (target / "items" / "episode.jsonl").read_bytes().split(b"\n")[:-1]
    rows = [json.loads(line) for line in lines]
    for row in rows:
        del row[CARRIED]
    return rows


def compared(found: list[dict[str, Any]], expected: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> None:
    """Every row of theirs is one of ours; ours may say more in its metadata, and have a time where theirs is the clock's."""
    by_key = {key(row): row for row in found}
    assert expected
    for their in expected:
        own = dict(by_key[key(their)])
        assert own["metadata"].items() >= their["metadata"].items()
        for name in TIMES:
            if name not in their:
                own.pop(name)
        assert {**own, "id": "", "metadata": {}} == {**their, "id": "", "metadata": {}}


@pytest.fixture
def started() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_memory_files_of_claude_code(shared: Path, tmp_path: Path, started: str) -> None:
    folder = shared / "fixtures" / "claude-code-memory" / "luciferforge"
    files = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.md"))}
    expected = theirs(claude.parse_episodes(files), started)
    found = ours([folder], tmp_path / "named.mem", adapter="claude_memory")
    assert len(found) == len(expected) == 7
    compared(found, expected, lambda row: row["sourceID"])
    assert {row["id"] for row in found} == set(files)
    # Unasked, the instructions that a person wrote are not taken for what Claude remembers.
    assert {row["id"] for row in ours([folder], tmp_path / "unasked.mem")} == {name for name in files if "CLAUDE" not in name}


def test_the_sdk_reads_no_memory_of_an_account_export(shared: Path, tmp_path: Path) -> None:
    path = shared / "fixtures" / "claude" / "polylogue-memories" / "memories.json"
    assert claude.parse_episodes(json.loads(path.read_bytes())) == []
    assert len(ours([path], tmp_path / "out.mem")) == 3


@pytest.mark.parametrize("name", ["cognee-mem0-export/mem0_export.json", "cognee-plain-list/export.json"])
def test_memories_of_mem0(shared: Path, tmp_path: Path, started: str, name: str) -> None:
    path = shared / "fixtures" / "mem0" / name
    expected = theirs(mem0.parse_episodes(path.read_bytes()), started)
    found = ours([path], tmp_path / "out.mem")
    assert len(found) == len(expected)
    compared(found, expected, lambda row: row["id"])
    assert {row["id"] for row in found} == {row["id"] for row in expected}


@pytest.mark.parametrize("name", ["memory-passport-chatgpt/memories.txt", "portable-memory-transfer/sample-export.txt"])
def test_texts_of_memories(shared: Path, tmp_path: Path, started: str, name: str) -> None:
    path = shared / "fixtures" / "memory-text" / name
    once = {item.id: item for item in transfer.parse_episodes(path.read_text(), source="chatgpt")}
    expected = theirs(list(once.values()), started)
    found = ours([path], tmp_path / "out.mem", adapter="transfer_text", account="chatgpt")
    assert len(found) == len(expected)
    compared(found, expected, lambda row: row["id"])
    assert {row["id"] for row in found} == set(once)


@pytest.mark.parametrize(
    "name", ["chatlectify/chatgpt_export.json", "owi-real-2025/gpt_example.json", "ucw/chatgpt_export.json"]
)
def test_conversations_of_chatgpt(shared: Path, tmp_path: Path, started: str, name: str) -> None:
    """All of the shared conversations are compared in tests/adapters/chatgpt."""
    path = shared / "fixtures" / "chatgpt" / name
    expected = theirs(openai.parse_episodes(path.read_bytes()), started)
    found = ours([path], tmp_path / "out.mem")
    assert len(found) >= len(expected)
    ids = {row["sourceID"] for row in expected if "sourceID" in row}
    for row in found:
        if row.get("sourceID") not in ids:
            # Without an id of the message theirs is drawn by lot; ours is that of its node.
            row.pop("sourceID", None)
    compared(found, expected, lambda row: row.get("sourceID") or row["details"])


def test_saved_memories_of_chatgpt(tmp_path: Path, started: str) -> None:
    items = ["Likes tea.", {"id": "a", "content": "Lives in Split.", "created_at": "2025-01-01T00:00:00Z"}, {"memory": "Rows."}]
    path = tmp_path / "memories.json"
    path.write_text(json.dumps(items))
    expected = theirs(openai.parse_episodes(items), started)
    found = ours([path], tmp_path / "out.mem", adapter="chatgpt")
    compared(found, expected, lambda row: row["details"])
    assert {row["id"]: row["eventTime"] for row in found}["a"] == "2025-01-01T00:00:00Z"


def test_a_second_journey_is_the_same(shared: Path, tmp_path: Path) -> None:
    """What the SDK draws by lot or takes from the clock, ours does not."""
    folder = shared / "fixtures" / "claude-code-memory" / "luciferforge"
    path = tmp_path / "memories.json"
    path.write_text('["Likes tea.", {"memory": "Rows."}]')
    for paths, adapter in (([folder], "claude_memory"), ([path], "chatgpt")):
        ids = [{row["id"] for row in ours(paths, tmp_path / f"{adapter}{at}.mem", adapter=adapter)} for at in range(2)]
        assert ids[0] == ids[1]
