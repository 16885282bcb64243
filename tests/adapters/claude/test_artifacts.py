"""Artifacts and files written by tool calls, replayed (providers.md 3.2, "Artifacts")."""

from __future__ import annotations

from typing import Any

from satchel.model.ids import make_uid, provider_uid
from tests.adapters.claude.harness import ACCOUNT, Outcome, messages, run


def calls(*inputs: tuple[str, dict[str, Any]], failed: int | None = None) -> Outcome:
    """A conversation in which each call stands in a message of its own."""
    items = []
    for i, (name, data) in enumerate(inputs):
        content: list[dict[str, Any]] = [{"type": "tool_use", "id": f"t{i}", "name": name, "input": data}]
        content.append({"type": "tool_result", "tool_use_id": f"t{i}", "content": "OK", "is_error": i == failed})
        items.append({"uuid": f"m{i}", "sender": "assistant", "content": content, "created_at": f"2026-01-0{i + 1}T00:00:00Z"})
    return run({"c.json": messages(*items)})


CREATE = ("artifacts", {"command": "create", "id": "a", "type": "text/markdown", "title": "T", "content": "one two two"})


def test_create_update_rewrite() -> None:
    update = ("artifacts", {"command": "update", "id": "a", "old_str": "two", "new_str": "2"})
    outcome = calls(CREATE, update)
    (document,) = outcome.of("document")
    assert (document.body.name, document.body.media_type, document.body.text) == ("T", "text/markdown", "one 2 two")
    assert document.uid == make_uid(outcome.of("conversation")[0].uid, "artifact", "a")
    assert document.linked("part_of") == outcome.of("conversation")[0].uid
    assert document.linked("derived_from") == outcome.of("message")[1].uid
    assert (document.times.created, document.times.updated) == tuple(r.times.created for r in outcome.of("message"))
    rewritten = calls(CREATE, update, ("artifacts", {"command": "rewrite", "id": "a", "content": "new"}))
    assert [(d.name, d.text) for d in rewritten.bodies("document")] == [("T", "new")]
    assert [part.type for part in rewritten.parts()] == ["tool_call", "tool_result"] * 3


def test_files_by_path() -> None:
    outcome = calls(
        ("create_file", {"path": "/home/a.py", "file_text": "x = 1\n"}),
        ("str_replace", {"path": "/home/a.py", "old_str": "1", "new_str": "2"}),
        ("create_file", {"path": "/home/b.py", "file_text": ""}),
    )
    assert [(d.name, d.text) for d in outcome.bodies("document")] == [("/home/a.py", "x = 2\n"), ("/home/b.py", "")]


def test_a_patch_that_does_not_fit_is_told() -> None:
    outcome = calls(
        CREATE,
        ("artifacts", {"command": "update", "id": "a", "old_str": "absent", "new_str": "y"}),
        ("artifacts", {"command": "update", "id": "b", "old_str": "x", "new_str": "y"}),
        ("str_replace", {"path": "/never.made", "old_str": "x", "new_str": "y"}),
        ("artifacts", {"command": "update", "id": "a", "old_str": "", "new_str": "y"}),
    )
    assert [d.text for d in outcome.bodies("document")] == ["one two two"]
    assert outcome.codes() == {"artifact-patch": 4}


def test_a_failed_call_changed_nothing() -> None:
    outcome = calls(CREATE, ("artifacts", {"command": "rewrite", "id": "a", "content": "bad"}), failed=1)
    assert [d.text for d in outcome.bodies("document")] == ["one two two"]


def test_a_published_artifact_is_linked() -> None:
    artifact = "33333333-3333-4333-8333-333333333333"
    result = {"type": "tool_result", "tool_use_id": "t", "content": "done", "structured_content": {"artifact_id": artifact}}
    outcome = run({"c.json": messages({"uuid": "m", "sender": "assistant", "content": [result]})})
    assert outcome.of("message")[0].linked("related_to") == provider_uid("claude", ACCOUNT, "artifact", artifact)


def test_endless_edits_end() -> None:
    text = "x" * 1_000_000
    edit = {"type": "tool_use", "name": "str_replace", "input": {"path": "p", "old_str": "x", "new_str": "x"}}
    create = {"type": "tool_use", "name": "create_file", "input": {"path": "p", "file_text": text}}
    outcome = run({"c.json": messages({"uuid": "m", "sender": "assistant", "content": [create] + [edit] * 3000})})
    assert outcome.bodies("document")[0].text == text
    assert outcome.codes()["artifact-patch"] > 1000
