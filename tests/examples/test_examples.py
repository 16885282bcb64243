"""The examples are valid JSON, hold together, and hold each feature that their README promises."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
CHATGPT = EXAMPLES / "chatgpt"
CLAUDE = EXAMPLES / "claude"
ROOT = "00000000-0000-4000-8000-000000000000"


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def chats() -> list[dict[str, Any]]:
    return [chat for path in sorted(CHATGPT.glob("conversations-*.json")) for chat in load(path)]


@pytest.fixture(scope="module")
def talks() -> list[dict[str, Any]]:
    talks: list[dict[str, Any]] = load(CLAUDE / "conversations.json")
    return talks


def messages(chats: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for chat in chats:
        for node in chat["mapping"].values():
            if node["message"] is not None:
                yield node["message"]


def of_type(chats: list[dict[str, Any]], content_type: str) -> list[dict[str, Any]]:
    return [message for message in messages(chats) if message["content"]["content_type"] == content_type]


def pointers(chats: list[dict[str, Any]], content_type: str) -> list[dict[str, Any]]:
    return [
        part
        for message in of_type(chats, "multimodal_text")
        for part in message["content"]["parts"]
        if isinstance(part, dict) and part["content_type"] == content_type
    ]


def blocks(talks: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [
        block for talk in talks for message in talk["chat_messages"] for block in message["content"] if block["type"] == kind
    ]


def test_small_and_readable() -> None:
    files = [path for path in EXAMPLES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 80_000
    for path in EXAMPLES.rglob("*.json"):
        assert "\n  " in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("folder", [CHATGPT, CLAUDE])
def test_scripts_and_emoji(folder: Path) -> None:
    text = "".join(json.dumps(load(path), ensure_ascii=False) for path in sorted(folder.glob("conv*.json")))
    assert any("\u3040" <= char <= "\u30ff" for char in text), "kana"
    assert any("\u4e00" <= char <= "\u9fff" for char in text), "han"
    assert "\u200d" in text, "a ZWJ sequence"
    assert "\U0001f1ef\U0001f1f5" in text, "a flag"


class TestChatGPT:
    def test_files(self) -> None:
        manifest = load(CHATGPT / "export_manifest.json")
        assert manifest["version"] == 1
        listed = {entry["path"]: entry["size_bytes"] for entry in manifest["export_files"]}
        present = {path.name: path.stat().st_size for path in CHATGPT.iterdir() if path.name != "export_manifest.json"}
        assert listed == present
        assert len(list(CHATGPT.glob("conversations-*.json"))) == 2
        assert load(CHATGPT / "user.json")["email"].endswith(".example")

    def test_assets(self, chats: list[dict[str, Any]]) -> None:
        names = load(CHATGPT / "conversation_asset_file_names.json")
        assert set(names) == {path.name for path in CHATGPT.glob("*.dat")}
        ids = {chat["id"]: chat["mapping"] for chat in chats}
        for entry in load(CHATGPT / "library_files.json"):
            data = (CHATGPT / f"{entry['file_id']}.dat").read_bytes()
            assert names[f"{entry['file_id']}.dat"] == entry["file_name"]
            assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["file_size_bytes"], entry["sha256_digest"])
            assert entry["origination_message_id"] in ids[entry["origination_thread_id"]]

    def test_picture(self, chats: list[dict[str, Any]]) -> None:
        (pointer,) = pointers(chats, "image_asset_pointer")
        data = (CHATGPT / (pointer["asset_pointer"].removeprefix("sediment://") + ".dat")).read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", data[16:24]) == (pointer["width"], pointer["height"])
        at = data.index(b"IDAT")
        (length,) = struct.unpack(">I", data[at - 4 : at])
        pixels = zlib.decompress(data[at + 4 : at + 4 + length])
        assert len(pixels) == pointer["height"] * (pointer["width"] + 1)

    def test_graph(self, chats: list[dict[str, Any]]) -> None:
        for chat in chats:
            mapping = chat["mapping"]
            assert chat["id"] == chat["conversation_id"]
            assert mapping[chat["current_node"]]["children"] == []
            for name, node in mapping.items():
                assert node["id"] == name
                assert node["parent"] is None or name in mapping[node["parent"]]["children"]
                assert all(mapping[child]["parent"] == name for child in node["children"])
        assert any(chat["title"] is None for chat in chats)
        assert any((chat["gizmo_id"] or "").startswith("g-p-") for chat in chats)

    def test_branches(self, chats: list[dict[str, Any]]) -> None:
        forks = Counter(
            tuple(sorted({chat["mapping"][child]["message"]["author"]["role"] for child in node["children"]}))
            for chat in chats
            for node in chat["mapping"].values()
            if len(node["children"]) > 1
        )
        assert forks[("user",)] >= 1, "an edited prompt"
        assert forks[("assistant",)] >= 1, "a regenerated answer"

    def test_tools(self, chats: list[dict[str, Any]]) -> None:
        calls = {message["recipient"] for message in of_type(chats, "code")}
        assert {"python", "web.run"} <= calls
        (output,) = of_type(chats, "execution_output")
        assert output["author"] == {"role": "tool", "name": "python", "metadata": {}}
        (memory,) = [message for message in messages(chats) if message["recipient"] == "bio"]
        assert "peanuts" in memory["content"]["parts"][0]
        (done,) = [message for message in messages(chats) if message["author"]["name"] == "bio"]
        assert done["content"]["parts"] == ["Model set context updated."]

    def test_citations(self, chats: list[dict[str, Any]]) -> None:
        (cited,) = [message for message in messages(chats) if message["metadata"].get("content_references")]
        text = cited["content"]["parts"][0]
        for reference in cited["metadata"]["content_references"]:
            mark = reference["matched_text"]
            assert mark[0] == "\ue200" and mark[-1] == "\ue201" and "\ue202turn0search" in mark
            assert text[reference["start_idx"] : reference["end_idx"]] == mark
            assert reference["items"]
        assert any(message["metadata"].get("search_result_groups") for message in messages(chats))

    def test_reasoning(self, chats: list[dict[str, Any]]) -> None:
        (thoughts,) = of_type(chats, "thoughts")
        assert len(thoughts["content"]["thoughts"]) == 2
        assert of_type(chats, "reasoning_recap")[0]["content"]["content"]

    def test_hidden_instructions(self, chats: list[dict[str, Any]]) -> None:
        for message in of_type(chats, "user_editable_context"):
            assert message["metadata"]["is_visually_hidden_from_conversation"] is True
            assert "Harrowmere" in message["content"]["user_profile"]
            assert message["content"]["user_instructions"]
            assert message["create_time"] is None

    def test_voice_and_attachment(self, chats: list[dict[str, Any]]) -> None:
        assert {part["direction"] for part in pointers(chats, "audio_transcription")} == {"in", "out"}
        assert pointers(chats, "audio_asset_pointer")
        names = {item["name"] for message in messages(chats) for item in message["metadata"].get("attachments", ())}
        assert names == {"winter-stock.csv", "bent-hanger.png"}


class TestClaude:
    def test_graph(self, talks: list[dict[str, Any]]) -> None:
        parents: Counter[tuple[str, str, str]] = Counter()
        for talk in talks:
            known = {ROOT}
            for message in talk["chat_messages"]:
                assert message["parent_message_uuid"] in known
                known.add(message["uuid"])
                parents[talk["uuid"], message["parent_message_uuid"], message["sender"]] += 1
        assert any(count > 1 and parent == ROOT for (_, parent, _), count in parents.items()), "an edited first prompt"
        assert any(count > 1 and sender == "assistant" for (_, _, sender), count in parents.items()), "regenerated"
        assert any(talk["name"] == "" for talk in talks)

    def test_tools_pair_up(self, talks: list[dict[str, Any]]) -> None:
        calls = {block["id"]: block["name"] for block in blocks(talks, "tool_use")}
        results = {block["tool_use_id"]: block["name"] for block in blocks(talks, "tool_result")}
        assert calls == results
        assert {"artifacts", "web_search", "create_file"} <= set(calls.values())
        assert any(block["is_error"] for block in blocks(talks, "tool_result"))

    def test_artifact_replays(self, talks: list[dict[str, Any]]) -> None:
        content = ""
        failed = {block["tool_use_id"] for block in blocks(talks, "tool_result") if block["is_error"]}
        for block in blocks(talks, "tool_use"):
            change = block["input"]
            if block["name"] != "artifacts":
                continue
            if change["command"] == "create":
                content = change["content"]
            else:
                assert (change["old_str"] in content) == (block["id"] not in failed)
                content = content.replace(change["old_str"], change["new_str"])
        assert content.count("| Wheel, trued | 270 |") == 1
        assert "15 % off labour" in content

    def test_citations_count_code_points(self, talks: list[dict[str, Any]]) -> None:
        ((block, citation),) = [(block, c) for block in blocks(talks, "text") for c in block["citations"]]
        assert "🚲" in block["text"][: citation["start_index"]]
        passage = block["text"][citation["start_index"] : citation["end_index"]]
        assert passage == "they take bicycles for a small fee"
        assert citation["details"]["url"].startswith("https://ferries.example.net/")

    def test_thinking_prompt_block_and_files(self, talks: list[dict[str, Any]]) -> None:
        assert blocks(talks, "thinking")[0]["summaries"]
        assert blocks(talks, "injected_prompt_block")
        every = [message for talk in talks for message in talk["chat_messages"]]
        (attachment,) = [item for message in every for item in message["attachments"]]
        assert attachment["extracted_content"].startswith("Repairs")
        assert [item["file_name"] for message in every for item in message["files"]] == ["ferry-board.jpg"]

    def test_projects(self) -> None:
        course, starter = load(CLAUDE / "projects.json")
        assert course["prompt_template"] and course["docs"][0]["content"]
        assert starter["is_starter_project"] is True

    def test_memories(self) -> None:
        course = load(CLAUDE / "projects.json")[0]["uuid"]
        (memory,) = load(CLAUDE / "memories.json")
        (user,) = load(CLAUDE / "users.json")
        assert memory["account_uuid"] == user["uuid"]
        assert "**Work context**" in memory["conversations_memory"]
        assert list(memory["project_memories"]) == [course]
        paths = [file["path"] for file in memory["memory_files"]]
        assert "/profile.md" in paths and f"/projects/{course}/overview.md" in paths
        for file in memory["memory_files"]:
            assert file["content"].startswith("---\nname: ")
            assert "- [stated] " in file["content"]
        assert any("[[Profile|Mina]]" in file["content"] for file in memory["memory_files"])
