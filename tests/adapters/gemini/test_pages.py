"""Gems, scheduled actions, Gemini in Workspace, and the text for Gemini's own import (providers.md 3.3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.adapters.gemini.harness import Outcome, answer, cell, entry, page, run

GEMS = (
    "<div><b>Name:</b> Chef<br><b>Instructions:</b> Cook &lt;well&gt;.<br>Always.<br><br>"
    "<b>Name:</b> Coach<br><b>Instructions:</b> Run.<br></div>"
)
WORKSPACE = {
    "title": "Plan",
    "creation_time": "2026-08-15T23:41:00+00:00",
    "last_modification_time": "2026-08-16T00:00:00+00:00",
    "conversation_turns": [
        {"user_turn": {"prompt": "q", "turn_index": 0, "turn_last_modified": "2026-08-15T23:41:12.049807+00:00"}},
        {
            "system_turn": {
                "text": [{"data": "a"}, {"cards": [{"content": "card"}]}],
                "images": ["conversation_1_turn_1_images_0"],
                "model_thoughts": [{"headline": "H", "description": "D"}],
                "turn_index": 1,
            }
        },
        {"user_turn": {"prompt": "again", "turn_index": 0, "turn_deleted_time": "2026-08-16T00:00:00+00:00"}},
        {"other": 1},
    ],
}
IMPORT = """## Demographics
* The user lives in Lyon.
    * Evidence: User said "I live in Lyon". Date: [2025-11-03].
## Interests & Preferences
* The user likes tea.
    * Evidence: User said "tea please". Date: [unknown].
## Instructions
* The user wants short answers.
    * Evidence: User said "be short". Date: [2025-02-30].

Imported from: ChatGPT
"""


def test_gems_are_assistants_with_instructions() -> None:
    outcome = run({"Takeout/Gemini/gemini_gems_data.html": GEMS})
    assert [(body.name, body.type) for body in outcome.bodies("scope")] == [("Chef", "assistant"), ("Coach", "assistant")]
    assert [body.text for body in outcome.bodies("instruction")] == ["Cook <well>.\nAlways.", "Run."]
    assert [record.scope for record in outcome.of("instruction")] == [record.uid for record in outcome.of("scope")]
    assert outcome.originals[0].native == GEMS.encode()


def test_gems_in_another_language_and_of_one_name() -> None:
    labels = GEMS.replace("Name:", "Nom :").replace("Instructions:", "Consignes :").replace("Coach", "Chef")
    outcome = run({"gemini_gems_data.html": labels})
    assert [(body.title, body.text) for body in outcome.bodies("instruction")] == [
        ("Chef", "Cook <well>.\nAlways."),
        ("Chef", "Run."),
    ]


@pytest.mark.parametrize(
    ("name", "code"), [("gemini_gems_data.html", "no-gems"), ("gemini_scheduled_actions_data.html", "no-actions")]
)
def test_an_empty_page_is_said(name: str, code: str) -> None:
    outcome = run({f"Takeout/Gemini/{name}": "<div></div>"})
    assert outcome.records == [] and outcome.codes() == {code: 1}


def test_scheduled_actions_are_tasks() -> None:
    data = "<div><b>Name:</b> News<br><b>Schedule:</b> Daily at 8<br><b>State:</b> Active<br></div>"
    body = run({"gemini_scheduled_actions_data.html": data}).bodies("task")[0]
    assert (body.title, body.text, body.state) == ("News", "Schedule: Daily at 8", "Active")


def test_workspace() -> None:
    files = {
        "Takeout/Gemini in Workspace/Conversation History/conversation_1.txt": WORKSPACE,
        "Takeout/Gemini in Workspace/Conversation History/conversation_1_turn_1_images_0.png": b"\x89PNG",
    }
    outcome = run(files)
    assert outcome.said() == [("user", "q"), ("assistant", "H\n\nDacard"), ("user", "again")]
    assert [part.type for part in outcome.parts()] == ["text", "reasoning_summary", "text", "text", "image", "text"]
    head = outcome.of("conversation")[0]
    assert head.body.title == "Plan" and head.times.created == datetime(2026, 8, 15, 23, 41, tzinfo=UTC)  # type: ignore[union-attr]
    # When a turn was changed last is not when it was made.
    assert outcome.of("message")[0].times.created is None and outcome.of("message")[0].times.updated is not None
    assert [record.status for record in outcome.of("message")] == ["active", "active", "retracted"]
    assert outcome.codes() == {"malformed-message": 1}
    assert len({record.uid for record in outcome.records}) == len(outcome.records)


def test_import_text() -> None:
    outcome = run({"memories.md": IMPORT}, account="me")
    assert [(body.text, body.type) for body in outcome.bodies("memory")] == [
        ("The user lives in Lyon.", "identity"),
        ("The user likes tea.", "preference"),
        ("The user wants short answers.", "instruction"),
    ]
    assert [record.times.observed for record in outcome.of("memory")] == [datetime(2025, 11, 3, tzinfo=UTC), None, None]
    assert {record.provenance.extractor for record in outcome.of("memory")} == {"ChatGPT"}
    assert outcome.of("memory")[0].residue == {"gemini": {"evidence": 'User said "I live in Lyon".'}}
    assert outcome.codes()["no-date"] == 2


def test_an_ordinary_text_is_none() -> None:
    for text in ("* The user likes tea.\n", "Imported from: a shop\n", "<div>hello</div>", "- Evidence: none, really\n"):
        assert run({"notes.txt": text}).roles == {}


def test_a_page_in_another_form_is_said_and_kept() -> None:
    outcome = run({"gemini_gems_data.html": "<div><h1>Chef</h1></div>"})
    assert outcome.codes() == {"unknown-shape": 1} and outcome.originals[0].native == b"<div><h1>Chef</h1></div>"


# ---- which Gem a talk was with

ACTIVITY = "Takeout/My Activity/Gemini Apps/MyActivity"
GEMS_PAGE = "https://gemini.google.com/gems/view"


def used(note: str, url: str = GEMS_PAGE, at: str = "10:00", **members: object) -> dict[str, object]:
    time = f"2026-01-01T{at}:00.000Z"
    return entry("Prompted hi", time, subtitles=[{"name": note, "url": url}], **answer("<p>yes</p>"), **members)


def gem_of(outcome: Outcome) -> list[str]:
    """The name of each talk's Gem, "?" for one that did not come along."""
    names = {record.uid: record.body.name for record in outcome.of("scope")}  # type: ignore[union-attr]
    return [names.get(record.scope, "?") if record.scope else "" for record in outcome.of("conversation")]


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("Chef was used in this chat. Manage your Gems.", "Chef"),
        ("Chef wurde in diesem Chat verwendet. Gems verwalten.", "Chef"),
        ("Se usó Pastry Chef en este chat.", "Pastry Chef"),
        ("Chefs were praised.", ""),
        ("Chef and Coach", ""),
        ("Somebody was used in this chat. Manage your Gems.", "?"),
    ],
)
def test_a_talk_is_the_gems_that_it_was_with(note: str, name: str) -> None:
    gems = GEMS.replace("</div>", "<br><b>Name:</b> Pastry Chef<br><b>Instructions:</b> Bake.<br></div>")
    pages = {"Takeout/Gemini/gemini_gems_data.html": gems}
    assert gem_of(run({f"{ACTIVITY}.json": [used(note)], **pages})) == [name]
    html = f'Prompted\xa0hi<br><a href="{GEMS_PAGE}">{note}</a><br>Jan 1, 2026, 10:00:00 AM UTC<br><p>yes</p>'
    outcome = run({f"{ACTIVITY}.html": page(cell(html)), **pages})
    assert gem_of(outcome) == [name]
    assert outcome.said()[0] == ("user", "hi")


def test_a_gem_is_the_same_whether_its_page_comes_along_or_not() -> None:
    note = "Chef was used in this chat. Manage your Gems."
    (alone,) = run({f"{ACTIVITY}.json": [used(note)]}).of("conversation")
    (chef, _) = run({"Takeout/Gemini/gemini_gems_data.html": GEMS}).of("scope")
    assert alone.scope == chef.uid


def test_only_the_page_of_gems_tells_of_one() -> None:
    for url in ("", "https://example.org/gems", "https://gemini.google.com/app/0f1e2d", "https://gemini.google.com/gemstones"):
        assert gem_of(run({f"{ACTIVITY}.json": [used("Chef was used in this chat.", url)]})) == [""]


def test_talks_that_stand_too_near_to_be_told_apart_have_no_gem() -> None:
    both = [used("Coach was used in this chat.", at="10:05"), used("Chef was used in this chat.")]
    assert gem_of(run({f"{ACTIVITY}.json": both})) == [""]
    apart = [{**each, "titleUrl": f"https://gemini.google.com/app/{at}"} for at, each in enumerate(both)]
    assert sorted(gem_of(run({f"{ACTIVITY}.json": apart, "gemini_gems_data.html": GEMS}))) == ["Chef", "Coach"]
