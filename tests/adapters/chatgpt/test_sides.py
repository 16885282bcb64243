"""Side files (providers.md 3.1: the ZIP layouts, codex.json, memory, account data, the manifest, chat.html)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.limits import DEFAULT
from satchel.model.bodies import Document, Foreign, Memory, Setting
from satchel.model.ids import make_uid, provider_uid
from tests.adapters.chatgpt.exports import message, take, talk


def test_account_data_is_not_kept_and_not_repeated() -> None:
    user = {"id": "user-77", "email": "a@b.example", "phone_number": "+1555", "birth_year": 1987, "chatgpt_plus_user": True}
    made = take({"user.json": user})
    assert made.originals == []
    (finding,) = made.findings
    assert (finding.code, finding.outcome, finding.severity) == ("account-data", "skipped", "info")
    for value in ("user-77", "a@b", "1555", "1987"):
        assert value not in str(finding)


def test_memory_json() -> None:
    made = take({"memory.json": {"content": "Likes tea", "enabled": False, "created_at": "2025-05-02T00:00:00Z"}})
    (record,) = made.of("memory")
    assert record.body == Memory(text="Likes tea")
    assert record.status == "archived"
    assert record.times.created == datetime(2025, 5, 2, tzinfo=UTC)


def test_the_backends_memories() -> None:
    items = [
        {"id": "m1", "content": "Likes tea", "created_at": "2025-05-02T00:00:00Z", "updated_at": None, "type": "x"},
        {"id": "m2", "content": "Has a cat", "created_at": 1700000000, "type": "x"},
        {"id": "m3", "content": None, "created_at": 1},
    ]
    made = take({"memories.json": {"memories": items}}, account="me")
    assert [record.uid for record in made.of("memory")] == [
        provider_uid("chatgpt", "me", "memory", "m1"),
        provider_uid("chatgpt", "me", "memory", "m2"),
    ]
    assert made.of("memory")[1].native.pointer == "/memories/1"
    assert "unexpected-shape" in made.codes


def test_codex_tasks() -> None:
    task = {
        "id": "task_e_1",
        "title": "Fix it",
        "archived": True,
        "turns": [
            {
                "id": "task_e_1~usertrn_1",
                "role": "user",
                "custom_instructions": "Be careful",
                "input_items": [
                    {"type": "message", "role": "user", "content": [{"content_type": "text", "text": "Please fix"}]},
                    {"type": "pull_request_info", "title": "PR", "body": "Body text"},
                ],
            },
            {
                "id": "task_e_1~assttrn_1",
                "previous_turn_id": "task_e_1~usertrn_1",
                "turn_status": "TaskTurnStatusEnum.COMPLETED",
                "external_pull_request_id": "None",
                "output_items": [
                    {
                        "type": "message",
                        "content": [
                            {"content_type": "text", "text": "Done"},
                            {"content_type": "repo_file_citation", "path": "a.py", "line_range_start": 1, "line_range_end": 2},
                        ],
                    }
                ],
            },
            {"id": "task_e_1~usertrn_2", "input_items": [], "turn_status": "TaskTurnStatusEnum.FAILED"},
        ],
    }
    made = take({"codex.json": [task, None]})
    assert [(each.role, each.state) for each in made.messages] == [("user", ""), ("assistant", ""), ("user", "failed")]
    assert [part.text for part in made.parts if part.type == "text"] == ["Please fix", "Done"]
    assert made.parts[2].data["body"] == "Body text"
    records = made.of("message")
    assert made.messages[1].parent == records[0].uid
    assert all(record.times.created is None for record in records)
    assert made.of("conversation")[0].body.is_archived  # type: ignore[union-attr]
    assert made.of("instruction")[0].body.text == "Be careful"  # type: ignore[union-attr]
    assert "wrong-type" in made.codes


def test_canvas_documents() -> None:
    document = {
        "id": "67a0",
        "version": 3,
        "title": "Plan",
        "textdoc_type": "document",
        "content": "# Plan",
        "comments": [{"id": "c", "content": "Shorter!"}],
    }
    made = take({"textdocs/67a0.json": document, "textdocs/bare.json": {"content": "x = 1", "kind": "y"}})
    first, second = (record.body for record in made.of("document"))
    assert first == Document(name="Plan", text="# Plan\nShorter!", media_type="text/markdown")
    assert isinstance(second, Document)
    assert (second.name, second.text) == ("bare", "x = 1")


def test_foreign_side_files() -> None:
    made = take(
        {
            "message_feedback.json": [
                {"id": "f1", "message_id": "m", "conversation_id": "c", "rating": "thumbs_up", "content": "well put"}
            ],
            "shared_conversations.json": [{"id": "s", "conversation_id": "c", "title": "Shared", "is_anonymous": True}],
            "model_comparisons.json": [
                {"id": "x", "user_id": "u", "input": {"text": "in"}, "output": {"text": "out"}, "metadata": {}}
            ],
            "group_chats.json": {"chats": [{"id": "g", "title": "Group"}]},
            "shopping.json": [],
            "sora.json": {"videos": [{"prompt": "a wave"}]},
            "tool_messages.json": [{"id": "t", "content": "said"}],
            "user_settings.json": {"user_id": "u", "settings": {"training_allowed": False}},
        }
    )
    foreign = {record.body.type: record.body for record in made.of("foreign") if isinstance(record.body, Foreign)}
    assert set(foreign) == {
        f"chatgpt.{stem}"
        for stem in ("message_feedback", "shared_conversations", "model_comparisons", "group_chats", "sora", "tool_messages")
    }
    feedback = next(record for record in made.of("foreign") if record.origin.kind == "chatgpt.message_feedback")
    conversation = provider_uid("chatgpt", "", "conversation", "c")
    assert {link.to for link in feedback.links} == {conversation, make_uid(conversation, "message", "m")}
    assert "well put" in foreign["chatgpt.message_feedback"].text
    assert foreign["chatgpt.shared_conversations"].title == "Shared"
    assert isinstance(made.of("setting")[0].body, Setting)
    assert [finding.place.file for finding in made.findings if finding.code == "empty"] == ["shopping.json"]
    assert len(made.originals) == 7


def test_the_manifest() -> None:
    listed = [
        {"path": "conversations-000.json", "size_bytes": 1},
        {"path": "conversations-001.json", "size_bytes": 5},
        {"path": "a.dat", "size_bytes": 3},
        None,
        {"path": 7},
    ]
    files: dict[str, Any] = {
        "export_manifest.json": {"version": 1, "export_files": listed},
        "conversations-000.json": [talk(message())],
        "a.dat": b"\0\0\0",
    }
    for folder in ("", "export/"):
        made = take({folder + path: value for path, value in files.items()})
        assert [(finding.code, finding.place.file) for finding in made.findings] == [
            ("size-differs", "conversations-000.json"),
            ("missing-file", "conversations-001.json"),
        ]
        assert len(made.originals) == 1


PAGE = b"""<html><head><title>ChatGPT Data Export</title></head><body><script>
var jsonData = %s;
var assetsJson = {"file-service://file-AbCdEfGhIjKlMnOpQrStUv": "holiday.png", // one
 /* two */ "sediment://file_2": "b.png",};
</script></body></html>"""


def test_chat_html_alone_is_read_and_said() -> None:
    made = take({"chat.html": PAGE % msgspec.json.encode([talk(message('</script> "[{'))])})
    assert [part.text for part in made.parts] == ['</script> "[{']
    assert made.codes == ["html-only"]


def test_chat_html_names_files() -> None:
    made = take({"chat.html": PAGE % b"[]", "file-AbCdEfGhIjKlMnOpQrStUv.dat": b"\x89PNG\0"})
    assert made.assets[0].record.body.name == "holiday.png"  # type: ignore[union-attr]


def test_chat_html_beside_json_is_skipped() -> None:
    made = take({"chat.html": PAGE % b"[]", "conversations.json": [talk(message())]})
    assert [(finding.code, finding.outcome) for finding in made.findings] == [("duplicate-file", "skipped")]
    assert len(made.originals) == 1


def test_a_page_over_the_limit_says_so() -> None:
    limits = msgspec.structs.replace(DEFAULT, document_bytes=100)
    made = take({"chat.html": PAGE % b"[]"}, limits=limits)
    assert made.codes == ["limit"]


def test_empty_conversations() -> None:
    assert take({"conversations.json": []}).codes == ["empty"]
