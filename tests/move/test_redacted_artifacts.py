"""Redacted exports in Portable Agent Memory: each profile's verifiers take them, and their entries say what was done."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.hashing import entry_id
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PROFILES, SDK
from satchel.formats.portable_agent_memory.sealing import seal
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.move.redaction import Redaction
from satchel.trust.redaction.entries import is_boundary, published_originals, redacted_entries
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.store import read_file
from satchel.trust.redaction.tokens import Mint
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_memory.made import episode
from tests.move.conftest import Give

WRITABLE = [name for name, profile in PROFILES.items() if profile.writable]
FORMAT = "portable-agent-memory"


def errors(artifact: Artifact) -> list[Any]:
    return [fault for fault in check(artifact).faults if fault.severity == "error"]


@pytest.fixture
def filled(store: SqliteStore, give: Give) -> SqliteStore:
    give(episode=[episode("ep_1", "alicecanary@example.com called from 555-010-0123"), episode("ep_2", "Likes rye")])
    return store


@pytest.mark.parametrize("profile", WRITABLE)
def test_red_05_an_exported_entry_says_that_it_was_redacted(filled: SqliteStore, profile: str, tmp_path: Path) -> None:
    redaction = Redaction()
    export(filled, tmp_path / "out.pam", format=FORMAT, profile=profile, redaction=redaction)
    artifact = wire.parse((tmp_path / "out.pam").read_bytes())
    assert artifact.profile.name == profile and errors(artifact) == []
    entries = {entry["observation"].partition(" ")[2]: entry for entry in artifact.entries("episodic")}
    assert len(entries) == 2 and "alicecanary" not in json.dumps(artifact.envelope)
    redacted = next(entry for said, entry in entries.items() if said.startswith("called"))
    plain = entries["rye"]
    assert "_redaction_metadata" not in plain and "redacted" not in plain["tags"]
    if artifact.profile is SDK:
        assert "_redaction_metadata" not in redacted and "redacted" in redacted["tags"]
        return
    metadata = redacted["_redaction_metadata"]
    assert redacted["parent_ids"] == [metadata["original_id"]]
    assert (metadata["redaction_count"], metadata["pii_types"]) == (2, ["email", "phone_us"])
    assert is_boundary(redacted, redacted["parent_ids"])
    # What the commitment was made to, only the store tells.
    assert redaction.path is not None
    kept = read_file(redaction.path).open(filled.redaction_key(redaction.id))
    (commitment,) = kept.commitments.values()
    assert commitment.id.removeprefix("blake3:") == metadata["original_id"].removeprefix("blake3:")


@pytest.mark.parametrize("profile", WRITABLE)
def test_a_redacted_artifact_that_came_home_leaves_redacted(filled: SqliteStore, profile: str, tmp_path: Path) -> None:
    """What came in this format has bytes to go home with; a redacted export does not use them."""
    export(filled, tmp_path / "in.pam", format=FORMAT, profile=profile)
    import_paths(filled, [tmp_path / "in.pam"])
    export(filled, tmp_path / "out.pam", format=FORMAT, profile=profile, redaction=Redaction(irreversible=True))
    data = (tmp_path / "out.pam").read_bytes()
    assert b"alicecanary" not in data and b"010-0123" not in data
    assert errors(wire.parse(data)) == []
    assert import_paths(filled, [tmp_path / "out.pam"]).summary.counts


@pytest.mark.parametrize(
    "name",
    [
        "sdk-profile/redacted-with-original.pam",
        "sdk-profile/five-components-signed.pam",
        "spec-profile/multi-component.pam.json",
    ],
)
def test_a_whole_shared_artifact_is_redacted_and_verifies(shared: Path, name: str) -> None:
    artifact = wire.parse((shared / "conformance/portable-agent-memory" / name).read_bytes())
    profile = artifact.profile
    redactor = Redactor(Mint(), types=frozenset({"email", "phone_us", "credit_card"}))
    done = redacted_entries(
        artifact.all_entries(),
        redactor,
        identify=lambda entry, component: entry_id(entry, component, profile),  # type: ignore[arg-type]
        at=datetime(2025, 1, 15, 11, tzinfo=UTC),
        says_metadata=profile is not SDK,
    )
    made = seal(
        profile,
        {component: [entry for of, entry in done.entries if of == component] for component in COMPONENTS},
        source_agent=artifact.source_agent,
        created_at="2025-01-15T12:00:00Z",
    )
    assert errors(wire.parse(wire.serialise(made))) == []
    if "redacted-with" in name:
        # What was redacted before named its original, which is redacted now: nothing names it any more.
        assert len(done.commitments) == 1
        assert published_originals(entry for _, entry in artifact.all_entries())
        assert "alice@example.com" not in json.dumps(done.entries)
