"""The other parts of an export: manifest, account data, published artifacts, feedback, design chats, loose files."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from satchel.model.ids import make_uid, provider_uid
from tests.adapters.claude.harness import ACCOUNT, Outcome, messages, run, texts

SECRET = "https://storage.example/signed?token=s3cr3t"


def everything_said(outcome: Outcome) -> bytes:
    said = [msgspec.json.encode(item) for item in (*outcome.records, *outcome.findings, *(a.record for a in outcome.assets))]
    said += [original.native + repr(original.place).encode() for original in outcome.originals]
    return b"\n".join(said)


def manifest(*files: tuple[str, int, str]) -> dict[str, Any]:
    items = [
        {"batch_index": 0, "category": category, "part": part, "filename": name, "export_url": SECRET}
        for category, part, name in files
    ]
    return {"instructions": "x", "created_at": "2026-08-30", "version": "1.0", "total_files": len(items), "data_files": items}


def test_a_manifest_alone_tells_what_to_download_and_no_link() -> None:
    listed = manifest(
        ("conversations", 0, "conversations-000.zip"),
        ("conversations", 1, "conversations-001.zip"),
        ("memories", 0, "memories-000.zip"),
        (SECRET, 0, SECRET),
    )
    outcome = run({"manifest.json": listed})
    assert outcome.codes() == {"multi-part-manifest": 4, "missing-part": 4}
    assert "part 001 of conversations" in " ".join(finding.text for finding in outcome.findings)
    assert (outcome.originals, outcome.records) == ([], [])
    assert b"http" not in everything_said(outcome)
    assert b"s3cr3t" not in everything_said(outcome)


def test_parts_that_are_there_are_not_missed() -> None:
    listed = manifest(
        ("conversations", 0, "conversations-000.zip"),
        ("conversations", 1, "conversations-001.zip"),
        ("conversations", 2, "conversations-002.zip"),
        ("memories", 0, "memories-000.zip"),
        ("projects", 0, "projects-000.zip"),
    )
    outcome = run(
        {
            "manifest.json": listed,
            "conversations-000(1).zip/conversations.json": messages({"uuid": "m", "sender": "human", "text": "x"}),
            "conversations-001/readme.bin": b"\0\1",
            "somewhere/x.json": {"account_uuid": ACCOUNT, "conversations_memory": "P"},
        }
    )
    missing = [finding.text for finding in outcome.findings if finding.code == "missing-part"]
    assert [text.split(" is ")[0] for text in missing] == ["part 002 of conversations", "part 000 of projects"]
    assert b"s3cr3t" not in everything_said(outcome)


def test_account_data_is_told_and_not_kept() -> None:
    outcome = run(
        {
            "users.json": [{"uuid": "u", "full_name": "Sam Okafor", "email_address": "sam@example.com"}],
            "login_history.json": [{"ip_address": "192.0.2.7", "created_at": "2026-01-01T00:00:00Z"}],
        }
    )
    assert [(f.code, f.severity, f.outcome) for f in outcome.findings] == [("account-data", "info", "skipped")] * 2
    assert (outcome.originals, outcome.assets) == ([], [])
    for secret in (b"Okafor", b"sam@example.com", b"192.0.2.7"):
        assert secret not in everything_said(outcome)


ARTIFACT = {
    "id": "55555555-5555-4555-8555-555555555555",
    "kind": "html",
    "visibility": "private",
    "owner_account": ACCOUNT,
    "updated_at": "2026-09-02T00:00:00Z",
    "active_version": "v2",
    "versions": [
        {"id": "v1", "title": "Old", "description": "d1", "created_at": "2026-09-01T00:00:00Z"},
        {"id": "v2", "title": "New", "description": "d2", "created_at": "2026-09-02T00:00:00Z"},
        {"id": "v3", "title": "Lost"},
    ],
}


def test_a_published_artifact_and_its_versions() -> None:
    outcome = run(
        {
            "frames/artifacts/a/artifact.json": ARTIFACT,
            "frames/artifacts/a/versions/v1.html": b"<html>one</html>",
            "frames/artifacts/a/versions/v2.html": b"<html>two</html>",
            "frames/artifacts/b/versions/v1.html": b"<html>other's</html>",
        }
    )
    uid = provider_uid("claude", ACCOUNT, "artifact", str(ARTIFACT["id"]))
    head, lost = outcome.of("document")
    assert (head.uid, head.body.name, head.body.text, head.body.media_type) == (uid, "New", "<html>two</html>", "text/html")
    assert (lost.body.name, lost.body.text, lost.linked("part_of")) == ("Lost", "", uid)
    versions = [asset.record for asset in outcome.assets]
    assert [(v.body.name, v.body.text) for v in versions] == [  # type: ignore[union-attr]
        ("Old", "<html>one</html>"), ("New", "<html>two</html>"),
    ]  # fmt: skip
    assert [v.uid for v in versions] == [make_uid(uid, "version", "v1"), make_uid(uid, "version", "v2")]
    assert [asset.open().read() for asset in outcome.assets] == [b"<html>one</html>", b"<html>two</html>"]
    assert outcome.codes() == {"version-without-file": 1}


def test_numbered_version_folders() -> None:
    artifact = {**ARTIFACT, "versions": ARTIFACT["versions"][:2]}  # type: ignore[index]
    outcome = run(
        {
            "artifacts/a/artifact.json": artifact,
            "artifacts/a/versions/2/index.md": b"# two",
            "artifacts/a/versions/1/index.md": b"# one",
        }
    )
    assert outcome.bodies("document")[0].text == "# two"
    assert {asset.record.body.name: asset.record.body.text for asset in outcome.assets} == {  # type: ignore[union-attr]
        "Old": "# one", "New": "# two",
    }  # fmt: skip


def test_comments_are_foreign_and_others_words_untrusted() -> None:
    comment = {"text": "Nice", "author_role": "viewer", "author_is_artifact_owner": False, "created_at": "2026-09-03T00:00:00Z"}
    threads = [{"created_at": "x", "resolved": False, "comments": [comment, {**comment, "author_is_artifact_owner": True}, 5]}]
    outcome = run({"artifacts/a/artifact.json": ARTIFACT, "artifacts/a/artifact_comments.json": {"threads": threads}})
    first, second = outcome.of("foreign")
    assert (first.body.type, first.body.text, first.trust, second.trust) == (
        "claude.artifact_comment", "Nice", "untrusted", "imported",
    )  # fmt: skip
    assert first.linked("part_of") == outcome.of("document")[0].uid
    assert first.uid != second.uid


def test_reflections_are_kept_whole() -> None:
    outcome = run({f"reflections/{ACCOUNT}.json": {"reflections": [{"id": "r", "body": "Good", "tags": ["a"]}, "bare"]}})
    assert [body.text for body in outcome.bodies("foreign")] == ["Good\na", "bare"]


CHAT: dict[str, Any] = {
    "uuid": "66666666-6666-4666-8666-666666666666",
    "title": "Landing page",
    "created_at": "2026-07-01T00:00:00Z",
    "updated_at": "2026-07-02T00:00:00Z",
    "project": {"uuid": "77777777-7777-4777-8777-777777777777", "name": "Site"},
    "messages": [
        {
            "uuid": "r1",
            "role": "user",
            "created_at": "2026-07-01T00:00:00Z",
            "content": {
                "role": "user",
                "id": "c1",
                "content": "Make it blue",
                "authorName": "Sam",
                "attachments": [
                    {"id": "s", "name": "brand", "type": "skill", "content": "---\ndescription: The brand\n---\nUse blue."},
                    {"id": "f", "name": "a.txt", "type": "text", "content": "file text", "path": "/up/a.txt"},
                ],
            },
        },
        {"uuid": "r2", "role": "user", "content": {"role": "user", "id": "c1", "content": "Make it blue"}},
        {
            "uuid": "r3",
            "role": "assistant",
            "content": {
                "role": "assistant",
                "id": "c2",
                "content": "Done",
                "timestamp": 1782864000000,
                "contentBlocks": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "Done"},
                    {
                        "type": "tool_call",
                        "toolCall": {"id": "t", "type": "x", "name": "write", "input": {"path": "i.html"}, "output": "ok"},
                    },
                    {"type": "error", "message": "boom"},
                    {"type": "user_interjection", "message": {"content": "wait"}},
                ],
                "questionRecord": {"question": "Which blue?"},
            },
        },
    ],
}


def test_a_design_chat() -> None:
    outcome = run({"design_chats/x.json": CHAT})
    (head,), (first, second), (skill,) = outcome.of("conversation"), outcome.of("message"), outcome.of("skill")
    scope = provider_uid("claude", "", "project", CHAT["project"]["uuid"])
    assert (head.body.title, head.scope, head.linked("part_of")) == ("Landing page", scope, scope)
    assert texts(first.body.parts) == [("text", "Make it blue"), ("file", ""), ("file", "file text")]
    assert (first.body.role, first.body.author, first.linked("related_to")) == ("user", "Sam", skill.uid)
    assert (skill.body.name, skill.body.description) == ("brand", "The brand")
    assert skill.body.text.endswith("Use blue.")
    assert texts(second.body.parts) == [
        ("reasoning", "hm"), ("text", "Done"), ("tool_call", ""), ("tool_result", "ok"), ("error", "boom"), ("text", "wait"),
        ("context", ""),
    ]  # fmt: skip
    assert second.body.parts[2].data == {"path": "i.html"}
    assert second.body.parts[-1].data == {"question": "Which blue?"}
    assert (second.body.parent, head.body.current) == (first.uid, second.uid)
    assert second.times.created is not None
    assert outcome.codes() == {"duplicate-message": 1}


def test_a_row_stored_twice_keeps_the_fuller_one() -> None:
    rows = [CHAT["messages"][1], CHAT["messages"][0]]
    outcome = run({"x.json": {**CHAT, "messages": rows}})
    assert [len(body.parts) for body in outcome.bodies("message")] == [3]
    other = {**CHAT["messages"][1], "content": {"id": "c1", "role": "user", "content": "Something else"}}
    assert len(run({"x.json": {**CHAT, "messages": [rows[0], other]}}).of("message")) == 2


def test_loose_files_named_by_a_file_id_are_assets() -> None:
    file_id = "88888888-8888-4888-8888-888888888888"
    item = {"uuid": "m", "sender": "human", "text": "x", "files": [{"file_uuid": file_id, "file_name": "p.png"}]}
    for content in (item, {**item, "files": None, "content": json.dumps([{"type": "image", "file_uuid": file_id}])}):
        outcome = run({"c.json": messages(content), f"files/{file_id}.png": b"\x89PNG", "files/other.png": b"\x89PNG"})
        (asset,) = outcome.assets
        (image,) = [part for part in outcome.parts() if part.type == "image"]
        assert asset.record.uid == image.asset == provider_uid("claude", ACCOUNT, "file", file_id)
        assert (asset.record.linked("part_of"), asset.record.body.media_type) == (  # type: ignore[union-attr]
            outcome.of("conversation")[0].uid, "image/png",
        )  # fmt: skip
        assert asset.open().read() == b"\x89PNG"
