"""A verifier of the SDK's profile, from dossier 2 and 4 alone and with nothing of Satchel: it judges what Satchel writes.

It reproduces what the SDK said of all shared samples (test_conformance), so what it takes the SDK takes.
"""

from __future__ import annotations

import json
from typing import Any

import cbor2
from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_BASE: dict[str, Any] = {"parent_ids": [], "tags": [], "schema_version": "1.0"}
_OWN: dict[str, dict[str, Any]] = {
    "episodic": {"timestamp": "", "actor": "", "observation": "", "salience": 0.5, "event_type": "observation"},
    "semantic": {"subject": "", "predicate": "", "object": "", "confidence": 0.5, "source_event_ids": []},
    "procedural": {
        "name": "",
        "description": "",
        "parameters": [],
        "body": "",
        "language": "natural",
        "preconditions": [],
        "usage_count": 0,
        "last_used": None,
    },
    "working": {"goals": [], "subgoals": [], "scratch": "", "pending_actions": []},
    "identity": {"preferences": {}, "persona": "", "language": "en", "policies": [], "custom_instructions": ""},
}
_MOST = {"episodic": 100_000, "semantic": 50_000, "procedural": 10_000, "working": 1_000, "identity": 100}
_WORDS = {
    "event_type": {"interaction", "observation", "outcome", "reflection"},
    "language": {"natural", "python", "javascript", "typescript", "shell", "other"},
}
_AGENT = {"name", "model_family", "runtime"}


class RefusedError(Exception):
    """The SDK would not load it."""


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


def load(data: bytes) -> dict[str, Any]:
    """The envelope, as the SDK reads it. Raises RefusedError."""
    envelope: dict[str, Any] = cbor2.loads(data) if 0xA0 <= data[0] <= 0xBF else json.loads(data)
    agent = envelope["source_agent"]
    if not agent.keys() >= _AGENT or not agent.keys() <= _AGENT | {"version"}:
        raise RefusedError("agent")
    for component, own in _OWN.items():
        entries = envelope.get(component, [])
        if len(entries) > _MOST[component]:
            raise RefusedError("size")
        for entry in entries:
            if not entry.keys() <= {"id", "created_at", *_BASE, *own}:
                raise RefusedError("unknown")
            score = entry.get("salience", entry.get("confidence", 0.5))
            if not 0 <= float(score) <= 1:
                raise RefusedError("range")
            if component == "episodic" and entry.get("event_type", "observation") not in _WORDS["event_type"]:
                raise RefusedError("word")
            if component == "procedural" and entry.get("language", "natural") not in _WORDS["language"]:
                raise RefusedError("word")
    return envelope


def entry_id(entry: dict[str, Any], component: str) -> str:
    form = {**_BASE, **_OWN[component], **entry}
    form.pop("id", None)
    for score in ("salience", "confidence"):
        if score in form:
            form[score] = float(form[score])
    return "blake3:" + blake3(canonical(form)).hexdigest()


def integrity(envelope: dict[str, Any]) -> bool:
    """Whether ids and root hash hold."""
    ids = []
    for component in _OWN:
        for entry in envelope.get(component, []):
            # A missing id is computed on loading.
            own = entry.get("id") or entry_id(entry, component)
            if own != entry_id(entry, component):
                return False
            ids.append(own)
    root = envelope.get("root_hash", "")
    return root == "blake3:" + blake3(json.dumps(sorted(ids), separators=(",", ":")).encode()).hexdigest()


def signature(envelope: dict[str, Any], public: bytes) -> bool:
    """Whether the signature over the root hash holds, whatever the entries are."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            bytes.fromhex(envelope.get("signature", "")), envelope.get("root_hash", "").encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True
