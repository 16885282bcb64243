"""Small stores to sign, and what the vectors are read with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory, content_hash
from satchel.formats.signing import SignOptions, Trust, Verification
from satchel.limits import DEFAULT
from satchel.trust.public_keys import PublicKey
from satchel.trust.secrets import Secret
from satchel.trust.signatures import PrivateKey
from tests.formats.portable_ai_memory.bag import SHARED

KEY = PrivateKey("Ed25519", Secret(bytes(range(32))))
STRANGER = PrivateKey("Ed25519", Secret(bytes(32)))
OWNER = "550e8400-e29b-41d4-a716-446655440000"


def memory(name: str, content: str = "User prefers dark mode.", **members: Any) -> dict[str, Any]:
    return {
        "id": name,
        "type": "fact",
        "content": content,
        "content_hash": content_hash(content),
        "temporal": {"created_at": "2026-01-01T00:00:00Z"},
        "provenance": {"platform": "claude"},
        "status": "active",
        "tags": [],
        **members,
    }


def checksum(memories: list[dict[str, Any]]) -> str:
    """By dossier 3.1, told from the memories alone."""
    running = Checksum()
    for each in sorted(memories, key=lambda one: one["id"]):
        running.add(canonical_memory(each))
    return running.text()


def store(*memories: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A valid unsigned store."""
    found = list(memories or (memory("mem-1"), memory("mem-2", "User speaks Portuguese.")))
    made = {
        "schema": "portable-ai-memory",
        "schema_version": "1.0",
        "export_id": "0b7f2f0e-6f0e-4b52-9a58-6f5a2a3f4c11",
        "exported_by": "vector-gen/1.0.0",
        "export_date": "2026-02-15T22:00:00Z",
        "owner": {"id": OWNER},
        "memories": found,
        "relations": [],
        "conversations_index": [],
        "integrity": {"canonicalization": "RFC8785", "checksum": checksum(found), "total_memories": len(found)},
        "export_type": "full",
        **members,
    }
    return {name: value for name, value in made.items() if value is not None}


def write(path: Path, value: Any, **how: Any) -> Path:
    path.write_text(json.dumps(value, **how))
    return path


def sign(path: Path, key: PrivateKey = KEY, did: str = "", **options: Any) -> tuple[str, ...]:
    """Sign, and the codes of what was told."""
    found = FORMAT.sign(path, key, options=SignOptions(did=did, **options), limits=DEFAULT)  # type: ignore[attr-defined]
    return tuple(finding.code for finding in found)


def verify(path: Path, *keys: PublicKey, **trust: Any) -> Verification:
    found: Verification = FORMAT.verify(path, trust=Trust(keys=dict.fromkeys(keys, "me"), **trust), limits=DEFAULT)  # type: ignore[attr-defined]
    return found


def codes(found: Verification, outcome: str = "failed") -> set[str]:
    return {step.code for step in found.steps if step.outcome == outcome}


def vectors() -> list[dict[str, Any]]:
    if not SHARED.is_dir():
        return []
    found: list[dict[str, Any]] = json.loads((SHARED / "derived/signature-vectors.json").read_bytes())["vectors"]
    return found


def document(*keys: PublicKey, id: str = "did:web:example.com") -> Callable[[str], bytes]:
    """A way to fetch that gives the DID document of these keys, whatever is asked for."""
    methods = [{"id": f"{id}#{n}", "type": "Multikey", "publicKeyMultibase": key.multibase} for n, key in enumerate(keys)]
    return lambda url: json.dumps({"id": id, "verificationMethod": methods}).encode()
