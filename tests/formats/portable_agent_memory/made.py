"""Artifacts that the tests make, in every profile, and the public test keys of RFC 8032."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.profiles import SCHEMA, SDK, SPEC, Component, Profile
from satchel.formats.portable_agent_memory.sealing import seal
from satchel.trust.secrets import Secret
from satchel.trust.signatures import PrivateKey

Entry = dict[str, Any]
Entries = dict[Component, list[Entry]]

OPERATOR = PrivateKey("Ed25519", Secret(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))
OTHER = PrivateKey("Ed25519", Secret(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")))
DAY = "2025-01-15T08:30:00Z"
AGENT = {"name": "bot", "model_family": "test", "runtime": "tests"}

_SPEC: Entries = {
    "episodic": [
        {
            "timestamp": DAY,
            "actor": "user:alice",
            "observation": "Asked about tea",
            "salience": 0.9,
            "tags": ["tea"],
            "context": {"n": [1, 2.5, None]},
        },
        {"timestamp": "2025-01-15T08:31:00Z", "actor": "agent:bot", "observation": "Tö", "salience": 0, "tags": []},
    ],
    "semantic": [
        {"subject": "Alice", "predicate": "likes_drink", "object": "tea", "confidence": 0.75, "source_event_ids": []},
    ],
    "procedural": [
        {
            "name": "brew",
            "params": [{"name": "minutes", "type": "integer", "required": False, "default": 3}],
            "body": "Boil, pour, wait.",
            "preconditions": ["a kettle"],
            "usage_count": 2,
            "last_used": None,
        }
    ],
    "working": [
        {
            "goals": ["find the best tea"],
            "subgoals": ["ask"],
            "scratch": {"seen": 1},
            "pending_actions": [
                {"action": "tool_call", "tool": "search", "args": {"q": "tea"}, "status": "pending"},
                {"action": "message", "status": "completed"},
            ],
        }
    ],
    "identity": [
        {
            "preferences": {"tone": "dry"},
            "persona": {"name": "Bot", "role": "host"},
            "language": "en-GB",
            "policies": ["be kind"],
        }
    ],
}

_FLAT: Entries = {
    "episodic": [
        {
            "timestamp": DAY,
            "actor": "user",
            "observation": "Asked about tea",
            "salience": 0.9,
            "event_type": "interaction",
            "tags": ["tea"],
        },
        {"timestamp": "2025-01-15T08:31:00Z", "actor": "agent:bot", "observation": "Tö \x7f 😀", "event_type": "outcome"},
    ],
    "semantic": [{"subject": "Alice", "predicate": "likes", "object": "tea", "confidence": 0.75}],
    "procedural": [
        {
            "name": "brew",
            "description": "Tea",
            "parameters": [{"name": "minutes", "type": "integer"}],
            "body": "Boil, pour, wait.",
            "language": "natural",
        }
    ],
    "working": [
        {
            "goals": ["find the best tea"],
            "subgoals": [{"goal": "ask", "status": "pending", "parent_goal": "find the best tea"}],
            "scratch": "so far: one",
            "pending_actions": [{"action": "search", "args": {"n": 1.0}, "status": "queued"}],
        }
    ],
    "identity": [{"preferences": {"tone": "dry"}, "persona": "Bot, host", "policies": ["be kind"]}],
}


def entries(profile: Profile) -> Entries:
    """One entry and more of each component, without ids; all have a time and no parents, but the second episodic one."""
    made: Entries = {}
    for component, values in (_SPEC if profile is SPEC else _FLAT).items():
        made[component] = [{"parent_ids": [], "created_at": DAY, profile.version_member: "1.0", **value} for value in values]
    return made


def artifact(
    profile: Profile = SDK,
    values: Mapping[Component, list[Entry]] | None = None,
    *,
    key: PrivateKey | None = OPERATOR,
    metadata: Mapping[str, Any] | None = None,
    tokens: tuple[Any, ...] = (),
) -> Artifact:
    """A sealed artifact of these entries, of ``entries(profile)`` by default."""
    return seal(
        profile,
        entries(profile) if values is None else values,
        source_agent={**AGENT, "version": "1"},
        created_at=DAY,
        metadata=metadata,
        tokens=tokens,
        key=key,
    )


WRITABLE = (SDK, SPEC, SCHEMA)
