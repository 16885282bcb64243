"""The rows of the checklist that speak of Gemini's import (portable-ai-memory.md 10.9), each a test that names its row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from satchel.adapters.gemini import ADAPTER
from satchel.model.times import to_rfc3339
from tests.adapters.gemini.harness import SHARED, Outcome, answer, entry, folder, run

PROBES = SHARED / "conformance" / "portable-ai-memory" / "derived" / "provider-probes"
INPUTS = SHARED / "conformance" / "portable-ai-memory" / "upstream" / "sdk-test-inputs"


def probe(shared: Path, name: str) -> Outcome:
    assert shared
    return run(dict(folder(PROBES / name / "input")))


def test_pam_193_roles_are_of_the_four() -> None:
    value = [
        entry(details=[{"name": "Request", "value": "a"}, {"name": "Response", "value": "b"}, {"name": "Frage", "value": "c"}])
    ]
    assert run({"a.json": value}).said() == [("user", "a"), ("assistant", "b"), ("user", "c")]


def test_pam_195_a_linear_talk_is_a_chain() -> None:
    value = [entry(f"Prompted {at}", f"2026-01-01T10:0{at}:00Z", **answer(f"<p>{at}</p>")) for at in range(3)]
    records = sorted(run({"a.json": value}).of("message"), key=lambda record: record.body.position)  # type: ignore[union-attr]
    assert [record.body.parent for record in records] == ["", *(record.uid for record in records[:-1])]  # type: ignore[union-attr]


def test_pam_196_a_message_with_a_file_has_parts() -> None:
    outcome = run({"a.json": [entry(attachedFiles=["a.png"])]})
    assert [part.type for part in outcome.bodies("message")[0].parts] == ["text", "image"]


def test_pam_199_unmapped_members_are_verbatim() -> None:
    value = entry(activityControls=["x"], zzz={"deep": [1, None]})
    outcome = run({"a.json": [value]})
    carried = ADAPTER.unmapped(outcome.of("message")[0], value)
    assert carried["zzz"] == value["zzz"] and carried["activityControls"] == ["x"]


def test_pam_200_the_importer_is_versioned() -> None:
    outcome = run({"a.json": [entry()]})
    assert {original.reader for original in outcome.originals} == {f"gemini/{ADAPTER.info.version}"}


def test_pam_201_the_form_is_found_without_being_told() -> None:
    forms: dict[str, Any] = {
        "one": [entry(details=[{"name": "Request", "value": "a"}])],
        "two": [entry(userInteractions=[{"userInteraction": {"request": "a"}}])],
        "three": [entry("Prompted a")],
        "four": {"chunkedPrompt": {"chunks": [{"role": "user", "text": "a"}]}},
    }
    assert all(("user", "a") in run({name: value}).said() for name, value in forms.items())


def test_pam_202_203_times_are_iso_and_the_source_is_known() -> None:
    outcome = run({"x/MyActivity.json": [entry(time="2026-01-01T10:00:00.123+02:00")]})
    assert to_rfc3339(outcome.times()[0]) == "2026-01-01T08:00:00.123000Z"
    assert outcome.originals[0].place.file == "x/MyActivity.json"


def test_pam_230_group_by_the_links_id_and_sort_by_time(shared: Path) -> None:
    outcome = probe(shared, "g_a")
    assert outcome.talks() == [["Q0", "A0", "Q1", "A1"]]
    assert outcome.of("conversation")[0].origin.id == "abc123"
    # ``/app/<id>`` too, which the reference SDK takes for two talks.
    assert probe(shared, "g_appurl").talks() == [["Q", "Q2"]]
    # A null link crashes it.
    assert probe(shared, "g_urlnull").talks() == [["Q"]]


def test_pam_231_each_entry_has_its_own_form(shared: Path) -> None:
    assert shared
    outcome = run(dict(folder(INPUTS / "gemini")))
    assert outcome.said() == [
        ("user", "Hello Gemini"),
        ("assistant", "Hi!"),
        ("user", "What is AI?"),
        ("assistant", "AI is..."),
    ]
    # Today's form among the older two; empty details are none.
    mixed = [
        entry(details=[], userInteractions=[{"userInteraction": {"request": "a", "response": "b"}}]),
        entry("Prompted c", "2026-01-01T10:01:00Z", details=None, **answer("<p>d</p>")),
    ]
    assert [text for _, text in run({"a.json": mixed}).said()] == ["a", "b", "c", "d"]


def test_pam_232_json_in_strings_is_parsed(shared: Path) -> None:
    assert probe(shared, "g_b").said() == [("user", "RQ"), ("assistant", "RS")]
    for request, said in (
        ('{"parts": [{"text": "a"}, {"text": "b"}]}', "a\n\nb"),
        ('["a", ["b"]]', "a\n\nb"),
        ("[not json", "[not json"),
        ("[1, 2]", "[1, 2]"),
        ([{"text": "a"}], "a"),
    ):
        value = [entry(userInteractions=[{"userInteraction": {"request": request, "endpoint": 2}}])]
        assert run({"a.json": value}).said() == [("user", said)]


def test_pam_232_the_rest_of_an_interaction_is_unmapped() -> None:
    value = entry(
        userInteractions=[{"userInteraction": {"request": "a", "response": "b", "endpoint": 2, "latencySeconds": 0.5}}]
    )
    user, reply = run({"a.json": [value]}).of("message")
    assert ADAPTER.unmapped(user, value)["userInteractions"] == [{"endpoint": 2, "latencySeconds": 0.5}]
    assert ADAPTER.unmapped(reply, value["userInteractions"][0]) == {"endpoint": 2, "latencySeconds": 0.5}


def test_pam_233_the_title_is_the_first_prompt_or_none() -> None:
    value = [
        entry("Prompted second", "2026-01-01T10:05:00Z"),
        entry("Prompted first\nof all " + "x" * 200, "2026-01-01T10:00:00Z"),
    ]
    title = run({"a.json": value}).bodies("conversation")[0].title
    assert title.startswith("first of all xxx") and len(title) == 100
    nothing = run({"a.json": [entry("Used Gemini Apps", **answer("<p>a</p>"))]})
    assert [body.title for body in nothing.bodies("conversation")] == [""]


def test_todays_form_is_not_zero_conversations(shared: Path) -> None:
    """The reference SDK converts today's JSON to none, with exit 0."""
    assert probe(shared, "g_real").said() == [("user", "What is PAM?"), ("assistant", "It is a format")]
    assert probe(shared, "g_bard").said() == [("user", "q")]


def test_the_probes_are_json_that_we_did_not_change(shared: Path) -> None:
    for path in sorted(PROBES.glob("g_*/input/*.json")):
        outcome = run({path.name: path.read_bytes()})
        assert [json.loads(original.native) for original in outcome.originals] == json.loads(path.read_bytes()), shared
