"""An artifact in each profile that can be written: entries of all five components, with every member and with the required ones
alone, parents and sources, and where the profile keeps them members that no version knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SDK, SPEC, Component, Profile, profile_called
from satchel.formats.portable_agent_memory.sealing import complete, seal
from satchel.move.fidelity.generated.words import Words

_EVENTS = ("interaction", "observation", "outcome", "reflection")
_STATES = ("pending", "in_progress", "completed", "failed")
_SPELLED = {"pending": "queued", "in_progress": "running", "completed": "completed", "failed": "failed"}

Entry = dict[str, Any]


def write(target: Path, *, profile: str = "", entries: int = 4, seed: str = "portable-agent-memory") -> Path:
    """Make the artifact: ``target`` ends in ``.pam``, or in ``.pam.cbor`` for CBOR."""
    chosen = profile_called(profile)
    words = Words(f"{seed} {chosen.name}")
    made: dict[Component, list[Entry]] = {}
    for component in COMPONENTS:
        made[component] = [_whole(chosen, component, number, words, made) for number in range(entries)]
    artifact = seal(
        chosen,
        made,
        source_agent={"name": "example", "model_family": "none", "runtime": "example/1.0"}
        | ({} if chosen is SPEC else {"version": "1.0"}),
        created_at="2026-11-01T00:00:00Z",
        metadata={"x-example": {"n": [1, 2], "note": words.sentence()}},
        encoding="cbor" if target.name.endswith(".cbor") else "json",
    )
    target.write_bytes(wire.serialise(artifact))
    return target


def _whole(profile: Profile, component: Component, number: int, words: Words, made: dict[Component, list[Entry]]) -> Entry:
    """An entry under its id; the later ones come of the first."""
    before = made.get(component, [])
    entry: Entry = {
        "parent_ids": [before[0]["id"]] if before and number % 2 else [],
        "created_at": words.time(),
        profile.version_member: "1.0",
        **(_spec if profile is SPEC else _flat)(component, number, words),
    }
    if component == "semantic":
        entry["source_event_ids"] = [made["episodic"][number]["id"]] if number % 2 == 0 else []
    if profile is not SPEC:
        entry["tags"] = [words.word(), f"tag-{number}"] if number % 2 == 0 else []
    if profile is SPEC and number == 1:
        entry["x-example"] = {"kept": words.sentence(), "n": 7}
    return complete(entry, component, profile)


def _spec(component: Component, number: int, words: Words) -> Entry:
    match component:
        case "episodic":
            actor = ("user:alice", "agent:bot", "system:host", "tool:search")[number % 4]
            value: Entry = {
                "timestamp": words.time(),
                "actor": actor,
                "observation": words.lines(),
                "salience": words.share(),
                "tags": [words.word(), "tea"],
            }
            return {**value, "context": {"n": [1, 2.5, None], "place": words.name()}} if number % 2 == 0 else value
        case "semantic":
            return _triple(words)
        case "procedural":
            parameter = {"name": "minutes", "type": "integer", "required": True, "default": 3}
            return {
                "name": f"procedure_{number}",
                "params": [parameter, {"name": "cup", "type": "string", "required": False}],
                "body": _body(number, words),
                "preconditions": [words.sentence()],
                "usage_count": words.number(),
                "last_used": words.time() if number % 2 else None,
            }
        case "working":
            return {
                "goals": [words.sentence(), words.sentence()],
                "subgoals": [words.sentence()],
                "scratch": {"seen": number, "note": words.sentence()},
                "pending_actions": [
                    {"action": "tool_call", "tool": "search", "args": {"q": words.word()}, "status": _STATES[number % 4]},
                    {"action": "message", "args": {"to": words.name()}, "status": "completed"},
                    {"action": "internal", "status": "pending"},
                ],
            }
        case _:
            return {
                "preferences": {"tone": words.word(), "length": number},
                "persona": {"name": words.name(), "role": words.sentence()},
                "language": ("en-GB", "uk", "zh-Hans", "pt-BR")[number % 4],
                "policies": [words.sentence(), words.sentence()],
            }


def _flat(component: Component, number: int, words: Words) -> Entry:
    """As the profiles sdk-0.1 and schema-1.0 have it."""
    match component:
        case "episodic":
            return {
                "timestamp": words.time(),
                "actor": ("user", "agent:bot", "user:alice", "tool:search")[number % 4],
                "observation": words.lines(),
                "salience": words.share(),
                "event_type": _EVENTS[number % 4],
            }
        case "semantic":
            return _triple(words)
        case "procedural":
            return {
                "name": words.name(),
                "description": words.sentence(),
                "parameters": [{"name": "minutes", "type": "integer", "required": True}],
                "body": _body(number, words),
                "language": ("natural", "python", "shell", "other")[number % 4],
                "preconditions": [words.sentence()],
                "usage_count": words.number(),
                "last_used": words.time() if number % 2 else None,
            }
        case "working":
            goal = words.sentence()
            return {
                "goals": [goal, words.sentence()],
                "subgoals": [{"goal": words.sentence(), "status": "pending", "parent_goal": goal}],
                "scratch": words.lines(),
                "pending_actions": [
                    {"action": "search", "args": {"q": words.word()}, "status": _SPELLED[_STATES[number % 4]]},
                ],
            }
        case _:
            return {
                "preferences": {"tone": words.word(), "length": number},
                "persona": words.sentence(),
                "language": ("en", "uk", "fr", "pt")[number % 4],
                "policies": [words.sentence(), words.sentence()],
                "custom_instructions": words.sentence() if number % 2 == 0 else "",
            }


def _triple(words: Words) -> Entry:
    return {
        "subject": words.name(),
        "predicate": "likes_drink",
        "object": words.sentence(),
        "confidence": words.share(),
    }


def _body(number: int, words: Words) -> str:
    """Prose, or numbered steps."""
    return words.lines() if number % 2 else f"1. {words.sentence()}\n2. {words.sentence()}"


#: The profiles of which there is an artifact, the usual one first.
PROFILES = (SDK.name, SPEC.name, "schema-1.0")
