"""Memories and custom instructions that a conversation tells (providers.md 3.1, "Memory vs the rest")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from satchel.model.bodies import Instruction, Memory
from tests.adapters.chatgpt.exports import message, read_one, take, talk

WRAPPED = "The user provided the additional info about how they would like you to respond:\n```Be brief.```"


def context(profile: Any, instructions: Any, **metadata: Any) -> dict[str, Any]:
    content = {"content_type": "user_editable_context", "user_profile": profile, "user_instructions": instructions}
    return message(content, metadata={"is_visually_hidden_from_conversation": True} | metadata)


def test_each_line_to_bio_is_a_memory() -> None:
    made = read_one(
        message("- Likes tea\nHas a cat\n\n- - dashes\n- Likes tea", "assistant", recipient="bio"),
        message("Model set context updated.", "tool", name="bio"),
    )
    memories = made.of("memory")
    assert [record.body for record in memories] == [Memory(text="Likes tea"), Memory(text="Has a cat"), Memory(text="- dashes")]
    told = made.of("message")[0]
    for record in memories:
        assert record.linked("derived_from") == told.uid == record.provenance.message
        assert record.provenance.method == "llm_inference"
        assert record.times.created == told.times.created
        assert record.trust == "imported"
    assert len({record.uid for record in memories}) == 3


def test_speech_about_bio_is_no_memory() -> None:
    assert read_one(message("- a", "user", recipient="bio"), message("- b", "assistant")).of("memory") == []


def test_injected_memory() -> None:
    text = "1. [2025-05-02]. The user likes tea.\nA lot.\n\n2. [2025-06-01]. Has a cat."
    made = read_one(message({"content_type": "model_editable_context", "model_set_context": text}, "assistant"))
    memories = made.of("memory")
    assert [record.body for record in memories] == [Memory(text="The user likes tea.\nA lot."), Memory(text="Has a cat.")]
    assert [record.times.observed for record in memories] == [
        datetime(2025, 5, 2, tzinfo=UTC),
        datetime(2025, 6, 1, tzinfo=UTC),
    ]


def test_other_spellings_of_injected_memory() -> None:
    for text in ("[2025-05-02] - Likes tea", "- Likes tea", "Likes tea", "Preferences\n- Likes tea"):
        made = read_one(message({"content_type": "model_editable_context", "model_set_context": text}, "assistant"))
        assert [record.body for record in made.of("memory")] == [Memory(text="Likes tea")]


def test_bullets_inside_a_numbered_entry_belong_to_it() -> None:
    text = "1. [2025-05-02]. Projects:\n- one\n- two\n2. Has a cat."
    made = read_one(message({"content_type": "model_editable_context", "model_set_context": text}, "assistant"))
    assert [record.body for record in made.of("memory")] == [
        Memory(text="Projects:\n- one\n- two"),
        Memory(text="Has a cat."),
    ]


def test_custom_instructions() -> None:
    made = read_one(context("", WRAPPED, user_context_message_data={"about_model_message": "Be brief."}))
    assert [record.body for record in made.of("instruction")] == [Instruction(text="Be brief.", about="assistant")]
    # The wrapper is what was said, and stays.
    assert [part.text for part in made.parts] == [WRAPPED]
    assert made.messages[0].is_hidden


def test_custom_instructions_without_metadata() -> None:
    made = read_one(context("I am a baker", WRAPPED) | {"metadata": None})
    assert {(record.body.about, record.body.text) for record in made.of("instruction")} == {  # type: ignore[union-attr]
        ("user", "I am a baker"),
        ("assistant", "Be brief."),
    }


def test_custom_instructions_in_metadata_alone() -> None:
    data = {"about_user_message": "A developer", "about_model_message": "Be concise"}
    made = read_one(
        message("Custom instructions", "system", metadata={"is_user_system_message": True, "user_context_message_data": data})
    )
    assert len(made.of("instruction")) == 2
    assert [part.text for part in made.parts] == ["Custom instructions", "A developer", "Be concise"]


def test_the_same_instructions_are_one_record_in_every_conversation() -> None:
    first = talk(context("P", "I"), id="c1", create_time=1, gizmo_id="g-1")
    second = talk(message(), context("P", "I"), id="c2", create_time=2)
    made = take({"x.json": [first, second]})
    records = made.of("instruction")
    assert len(records) == 4
    assert records[:2] == records[2:]
