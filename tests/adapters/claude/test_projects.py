"""Projects (providers.md 3.2, "projects")."""

from __future__ import annotations

from typing import Any

from satchel.model.ids import provider_uid
from tests.adapters.claude.harness import ACCOUNT, run

PROJECT: dict[str, Any] = {
    "uuid": "44444444-4444-4444-8444-444444444444",
    "name": "Ledger",
    "description": "Replacing the ledger.",
    "is_private": True,
    "is_starter_project": False,
    "prompt_template": "Answer in British English.\n",
    "created_at": "2026-02-01T10:00:00Z",
    "updated_at": "2026-03-01T10:00:00Z",
    "archived_at": "2026-04-01T10:00:00Z",
    "creator": {"uuid": ACCOUNT, "full_name": "Sam"},
    "docs": [
        {"uuid": "d1", "filename": "a.md", "content": "# A\r\n", "created_at": "2026-02-02T10:00:00Z"},
        {"filename": "b.md"},
        {"filename": "b.md"},
        None,
    ],
}


def test_a_project_is_a_scope_an_instruction_and_documents() -> None:
    outcome = run({"projects.json": [PROJECT]})
    scope, instruction, first, second, third = outcome.records
    assert scope.uid == outcome.originals[0].uid == provider_uid("claude", "", "project", PROJECT["uuid"])
    assert (scope.body.name, scope.body.type, scope.body.text, scope.body.is_archived) == (  # type: ignore[union-attr]
        "Ledger", "project", "Replacing the ledger.", True,
    )  # fmt: skip
    assert instruction.body.text == "Answer in British English.\n"  # type: ignore[union-attr]
    assert (instruction.body.about, instruction.scope) == ("project", scope.uid)  # type: ignore[union-attr]
    assert (first.body.name, first.body.text, first.scope) == ("a.md", "# A\r\n", scope.uid)  # type: ignore[union-attr]
    assert (second.body.name, second.body.text) == ("b.md", "")  # type: ignore[union-attr]
    assert len({first.uid, second.uid, third.uid}) == 3
    assert outcome.codes() == {"document-without-text": 2, "malformed-document": 1}


def test_one_file_each_gives_the_same() -> None:
    assert run({"projects/x.json": PROJECT}).records == run({"projects.json": [PROJECT]}).records


def test_unnamed_and_unprompted_projects_are_kept() -> None:
    bare = {"uuid": "p", "name": "", "prompt_template": "", "docs": []}
    outcome = run({"projects.json": [bare, {**bare, "uuid": "q", "prompt_template": None, "docs": None}]})
    assert [body.name for body in outcome.bodies("scope")] == ["", ""]
    assert outcome.of("instruction") == []


def test_starter_projects_are_told_and_left_out() -> None:
    outcome = run({"projects.json": [{**PROJECT, "is_starter_project": True}, PROJECT]})
    assert len(outcome.of("scope")) == 1
    assert [(f.code, f.severity, f.outcome, f.place.element) for f in outcome.findings if f.code == "starter-project"] == [
        ("starter-project", "info", "skipped", 0)
    ]


def test_malformed_projects() -> None:
    outcome = run({"projects.json": [PROJECT, None, {"uuid": 7, "prompt_template": 5, "docs": "x"}]})
    assert outcome.codes()["unknown-shape"] == 1
    assert outcome.codes()["malformed-prompt"] == 1
    assert len(outcome.of("scope")) == 2
