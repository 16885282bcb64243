"""Inputs that mean harm or are simply broken: nothing but findings ever comes of them."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.chatgpt.exports import message, shared, take, talk

RICH = talk(
    message("q", metadata={"attachments": [{"id": "file-1", "name": "a", "size": 3}], "user_context_message_data": {"a": "b"}}),
    message({"content_type": "thoughts", "thoughts": [{"summary": "s", "content": "c", "chunks": ["c"]}]}, "assistant"),
    message({"content_type": "code", "language": "python", "text": "1"}, "assistant", recipient="python"),
    message(
        {"content_type": "execution_output", "text": "1"},
        "tool",
        metadata={"aggregate_result": {"messages": [{"image_url": "file-service://file-2"}]}},
    ),
    message(
        {
            "content_type": "multimodal_text",
            "parts": [
                "x",
                {
                    "content_type": "image_asset_pointer",
                    "asset_pointer": "sediment://file_3",
                    "metadata": {"dalle": {"prompt": "p"}},
                },
                {"content_type": "audio_transcription", "text": "t"},
                {"content_type": "real_time_user_audio_video_asset_pointer", "audio_asset_pointer": {"asset_pointer": "x"}},
            ],
        }
    ),
    message({"content_type": "computer_output", "screenshot": {"asset_pointer": "y"}, "state": {"a": "b"}}, "tool"),
    message({"content_type": "user_editable_context", "user_profile": "p", "user_instructions": "i"}),
    message({"content_type": "model_editable_context", "model_set_context": "1. [2025-01-01]. x"}, "assistant"),
    message({"content_type": "tether_quote", "url": "u", "title": "t", "text": "q", "snippet": "s"}, "tool"),
    message({"content_type": "system_error", "name": "n", "text": "t"}, "tool"),
    message(
        "a【1†source】\ue200cite\ue202turn0search1\ue201",
        "assistant",
        metadata={
            "citations": [{"start_ix": 1, "end_ix": 11, "metadata": {"title": "t", "extra": {"cited_message_idx": 1}}}],
            "content_references": [{"matched_text": "x", "start_idx": 1, "items": [{"title": "t", "url": "u"}]}],
            "search_result_groups": [{"entries": [{"ref_id": {"turn_index": 0}, "title": "t"}]}],
        },
    ),
    message("- fact", "assistant", recipient="bio"),
    gizmo_id="g-1",
)
SIDES: dict[str, Any] = {
    "library_files.json": [{"file_id": "file-1", "file_name": "a.png", "origination_thread_id": "c", "created_at": 1}],
    "conversation_asset_file_names.json": {"file-1.dat": "a.png"},
    "export_manifest.json": {"version": 1, "export_files": [{"path": "x", "size_bytes": 1}]},
    "codex.json": [{"id": "task_e_1", "title": "t", "turns": [{"id": "1", "input_items": [{"content": [{"text": "x"}]}]}]}],
    "memories.json": {"memories": [{"id": "1", "content": "c", "created_at": 1}]},
    "message_feedback.json": [{"id": "1", "message_id": "m", "rating": "r", "create_time": 1}],
    "textdocs/a.json": {"id": "1", "textdoc_type": "document", "content": "c", "comments": ["a b"], "updated_at": 1},
    "user_settings.json": {"user_id": "u", "settings": {}},
}
ODD = st.sampled_from(
    [None, 0, -1, 7, 1e300, 10**400, True, "", "odd", "n0", "\ud800", [], [None], [[]], ["n1"], {}, {"odd": None}, {"": [1]}]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key inside ``value``."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        item = stack.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            found.append((item, key))
            stack.append(item[key])
    return found


def mutate(value: Any, choices: list[tuple[int, Any]]) -> Any:
    value = copy.deepcopy(value)
    for choice, odd in choices:
        spots = places(value)
        container, key = spots[choice % len(spots)]
        container[key] = copy.deepcopy(odd)
    return value


CHOICES = st.lists(st.tuples(st.integers(0, 10_000), ODD), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHOICES)
def test_any_member_of_a_conversation_may_be_anything(choices: list[tuple[int, Any]]) -> None:
    # The first conversation keeps the file recognisable.
    made = take({"conversations.json": [talk(message("first"), id="c0"), mutate(RICH, choices)]})
    assert [part.text for part in made.parts][:1] == ["first"]
    assert len(made.originals) == 2 or made.findings
    for reading in made.readings:
        uids = [record.uid for record in reading.records]
        assert len(set(uids)) == len(uids)
        at = {record.uid: record.body.position for record in reading.records if record.kind == "message"}  # type: ignore[union-attr]
        for record in reading.records:
            if record.kind == "message" and record.body.parent:  # type: ignore[union-attr]
                assert at[record.body.parent] < record.body.position  # type: ignore[union-attr]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHOICES)
def test_a_single_object_and_a_fragment_too(choices: list[tuple[int, Any]]) -> None:
    value = mutate(RICH, choices)
    take({"a.json": value, "b.json": value["mapping"] if type(value.get("mapping")) is dict else {}})


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(SIDES)), CHOICES)
def test_any_member_of_a_side_file_may_be_anything(name: str, choices: list[tuple[int, Any]]) -> None:
    take({name: mutate(SIDES[name], choices), "file-1.dat": b"\0"})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.binary(max_size=6))
def test_damaged_bytes(at: int, junk: bytes) -> None:
    data = json.dumps([talk(message("a"), id="1"), RICH]).encode()
    at %= len(data)
    take({"conversations.json": data[:at] + junk + data[at + len(junk) :]})
    take({"conversations.json": data[:at]})


def test_deep_nesting_is_a_finding() -> None:
    deep = "[" * 300 + "]" * 300
    data = json.dumps([talk(message("a"), id="1"), talk(message("DEEP"), id="2")]).replace('"DEEP"', deep).encode()
    made = take({"conversations.json": data})
    assert "limit" in made.codes
    assert [part.text for part in made.parts] == ["a"]
    # Its head is still a record.
    assert len(made.of("conversation")) == 2


def test_a_chain_of_100_000_nodes() -> None:
    keys = [f"n{index}" for index in range(100_000)]
    said = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["x"]}}
    forward: dict[str, Any] = {
        key: {"message": said, "parent": keys[index - 1] if index else None} for index, key in enumerate(keys)
    }
    backward = dict(reversed(forward.items()))
    ring = forward | {keys[0]: {"message": said, "parent": keys[-1]}}
    for mapping in (forward, backward, ring):
        started = time.process_time()
        made = take({"x.json": [{"id": "c", "title": "t", "mapping": mapping}]})
        assert [each.position for each in made.messages] == list(range(100_000))
        assert made.messages[-1].parent == made.of("message")[-2].uid
        # Writing the input takes a good part of it; a quadratic walk would take hours.
        assert time.process_time() - started < 60


def test_reading_twice_gives_the_same_records() -> None:
    files = {"conversations.json": [RICH]} | SIDES
    assert take(files).records == take(files).records


def test_the_probes_of_the_reference_sdk() -> None:
    """Malformed inputs that crash the reference SDK (portable-ai-memory.md 7.2)."""
    probes = shared("conformance", "portable-ai-memory", "derived", "provider-probes")
    for folder in sorted(probes.glob("c_*/input")):
        made = take({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
        assert made.originals or made.findings, folder
        if folder.parent.name not in ("c_empty", "c_mapping_null"):
            assert made.messages, folder
