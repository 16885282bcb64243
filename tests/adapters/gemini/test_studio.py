"""AI Studio's prompts (providers.md 3.3)."""

from __future__ import annotations

import base64
from typing import Any

from satchel.adapters.gemini import ADAPTER
from tests.adapters.gemini.harness import run

PNG = base64.b64encode(b"\x89PNG\r\n").decode()


def prompt(*chunks: Any, **members: Any) -> dict[str, Any]:
    return {
        "runSettings": {"model": "models/gemini-3-pro", "temperature": 1.0},
        "chunkedPrompt": {"chunks": list(chunks)},
        **members,
    }


def user(text: str = "q", **members: Any) -> dict[str, Any]:
    return {"role": "user", "text": text, **members}


def model(text: str = "a", **members: Any) -> dict[str, Any]:
    return {"role": "model", "text": text, **members}


def test_thoughts_are_no_answer() -> None:
    parts = [{"text": "hm", "thought": True}, {"text": "m", "thought": True}]
    outcome = run({"My prompt": prompt(user(), model("hmm", isThought=True, parts=parts), model("a", finishReason="STOP"))})
    assert [(part.type, part.text) for part in outcome.parts()] == [("text", "q"), ("reasoning", "hmm"), ("text", "a")]
    body = outcome.bodies("message")[2]
    assert (body.role, body.model, body.state) == ("assistant", "gemini-3-pro", "STOP")
    head = outcome.bodies("conversation")[0]
    assert (head.title, head.model, head.current) == ("My prompt", "gemini-3-pro", outcome.of("message")[2].uid)


def test_the_system_instruction_is_an_instruction() -> None:
    for value in ({"text": "Be brief"}, {"parts": [{"text": "Be "}, {"text": "brief"}]}, "Be brief"):
        outcome = run({"p": prompt(user(), systemInstruction=value)})
        assert outcome.said()[0] == ("system", "Be brief")
        assert [body.text for body in outcome.bodies("instruction")] == ["Be brief"]
        assert outcome.of("instruction")[0].linked("derived_from") == outcome.of("message")[0].uid
    assert run({"p": prompt(user(), systemInstruction={})}).of("instruction") == []


def test_programs_and_tools() -> None:
    outcome = run(
        {
            "p": prompt(
                model("", executableCode={"language": "PYTHON", "code": "print(1)", "id": "c"}),
                model("", codeExecutionResult={"outcome": "OUTCOME_OK", "output": "1\n", "id": "c"}),
                model("", codeExecutionResult={"outcome": "OUTCOME_FAILED", "output": "boom"}),
                model("", parts=[{"functionCall": {"name": "f", "args": {"x": 1}}}]),
                user("", parts=[{"functionResponse": {"name": "f", "response": {"y": 2}}}]),
                model("", errorMessage="Failed to generate"),
            )
        }
    )
    assert [(part.type, part.text, part.name, part.data, part.is_error) for part in outcome.parts()] == [
        ("code", "print(1)", "", None, False),
        ("tool_result", "1\n", "code_execution", None, False),
        ("tool_result", "boom", "code_execution", None, True),
        ("tool_call", "", "f", {"x": 1}, False),
        ("tool_result", "", "f", {"y": 2}, False),
        ("error", "Failed to generate", "", None, True),
    ]
    assert [record.trust for record in outcome.of("message")] == [
        "imported",
        "untrusted",
        "untrusted",
        "imported",
        "untrusted",
        "imported",
    ]
    assert [body.role for body in outcome.bodies("message")] == ["assistant", "tool", "tool", "assistant", "tool", "assistant"]


def test_files_inside_and_in_drive() -> None:
    drive = "1AbCdEfGhIjKlMnOpQrSt"
    outcome = run(
        {
            "Google AI Studio/p": prompt(
                user("", driveDocument={"id": drive}),
                user("", inlineImage={"mimeType": "image/png", "data": PNG}),
                user("", parts=[{"inlineData": {"mimeType": "image/png", "data": PNG}}]),
                user("", inlineFile={"mimeType": "text/plain", "data": "no base64!"}),
                user("", youtubeVideo={"id": "abc"}),
                user("", parts=[{"fileData": {"mimeType": "application/pdf", "fileUri": "https://a.example/f"}}]),
            ),
            f"Google AI Studio/notes-{drive}.pdf": b"%PDF",
        }
    )
    assert [(part.type, part.ref, part.url) for part in outcome.parts()] == [
        ("file", drive, ""), ("image", "", ""), ("image", "", ""), ("file", "", ""),
        ("video", "abc", "https://www.youtube.com/watch?v=abc"), ("file", "", "https://a.example/f"),
    ]  # fmt: skip
    held = {asset.record.uid: asset.open().read() for asset in outcome.assets}
    assert sorted(held.values()) == [b"%PDF", b"\x89PNG\r\n"]
    assert [part.asset in held for part in outcome.parts()] == [True, True, True, False, False, False]
    assert outcome.codes()["bad-base64"] == 1


def test_sources_once_each_without_the_redirect() -> None:
    redirect = "https://www.google.com/url?sa=E&q=https%3A%2F%2Fa.example%2Fx"
    grounding = {
        "corroborationSegments": [
            {"index": 5, "uri": redirect, "footnoteNumber": 1}, {"index": 9, "uri": redirect, "footnoteNumber": 1},
        ],
        "groundingSources": [{"referenceNumber": 1, "uri": redirect, "title": "A"}],
        "webSearchQueries": ["q"],
    }  # fmt: skip
    outcome = run({"p": prompt(model("answer", grounding=grounding, citations=[{"uri": "https://b.example/"}]))})
    assert [(citation.url, citation.title) for citation in outcome.parts()[0].citations] == [
        ("https://a.example/x", "A"),
        ("https://b.example/", ""),
    ]


def test_what_is_typed_and_not_sent() -> None:
    outcome = run({"p": prompt(user(), pendingInputs=[{"role": "user", "text": "draft"}, {"role": "user", "text": ""}])})
    assert [(body.state, body.parts[0].text) for body in outcome.bodies("message")] == [("", "q"), ("pending", "draft")]


def test_times_only_where_a_chunk_has_one() -> None:
    outcome = run({"p": prompt(user(createTime="2025-03-01T11:00:00.123456789Z"), model(createTime="soon"), model())})
    assert [time is None for time in outcome.times()] == [False, True, True]
    assert outcome.codes()["bad-time"] == 1


def test_a_prompt_keeps_its_uid_as_it_grows() -> None:
    before = run({"a": prompt(user(), model())})
    after = run({"renamed": prompt(user(), model("a"), user("more"))})
    assert before.of("conversation")[0].uid == after.of("conversation")[0].uid
    assert {record.uid for record in before.of("message")} < {record.uid for record in after.of("message")}
    named = [run({"p": {"name": "prompts/1x", **prompt(user())}}), run({"p": {"id": "1x", **prompt(user("other"))}})]
    assert named[0].of("conversation")[0].uid == named[1].of("conversation")[0].uid


def test_prompts_that_begin_alike_are_two() -> None:
    outcome = run({"a": prompt(user()), "b": prompt(user())})
    assert len(outcome.of("conversation")) == 2


def test_other_wrappings() -> None:
    forms = [
        {"prompt": prompt(user(), model())},
        {"chunks": [user(), model()]},
        {"contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]},
    ]
    for form in forms:
        assert run({"p": form}).said() == [("user", "q"), ("assistant", "a")]
    for other in ({"chunks": [{"text": "a"}]}, {"chunks": []}, {"contents": ["x"]}, {"chunkedPrompt": None}, {}):
        assert run({"p": other}).roles == {}


def test_pointers_and_what_is_unmapped() -> None:
    value = prompt(user(tokenCount=3), model(safetyRatings=[1]), systemInstruction={"text": "s"})
    outcome = run({"p": value})
    native: dict[str, Any] = {
        "/chunkedPrompt/chunks/0": user(tokenCount=3),
        "/chunkedPrompt/chunks/1": model(safetyRatings=[1]),
    }
    found = {record.native.pointer: record for record in outcome.of("message")}
    assert {pointer: dict(ADAPTER.unmapped(found[pointer], value)) for pointer, value in native.items()} == {
        "/chunkedPrompt/chunks/0": {"tokenCount": 3},
        "/chunkedPrompt/chunks/1": {"safetyRatings": [1]},
    }
    assert ADAPTER.unmapped(outcome.of("conversation")[0], value) == {"runSettings": value["runSettings"]}
