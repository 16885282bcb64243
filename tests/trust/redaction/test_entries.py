"""Redacted entries of Portable Agent Memory (dossier 7.3 to 7.5): derived, with their metadata, and their boundary."""

from __future__ import annotations

import copy
import itertools
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import MalformedInput
from satchel.trust.redaction.entries import (
    is_boundary,
    proves,
    published_originals,
    recovered_entry,
    redacted_entries,
    redacted_entry,
)
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import Mint

AT = datetime(2025, 1, 15, 11, 0, tzinfo=UTC)
ENTRY: dict[str, Any] = {
    "id": "",
    "parent_ids": ["blake3:" + "1" * 64],
    "created_at": "2025-01-15T08:30:00Z",
    "version": "1.0",
    "timestamp": "2025-01-15T08:30:00Z",
    "actor": "user:alice@example.com",
    "observation": "alice@example.com called from 555-010-0123",
    "salience": 0.9,
    "tags": ["support"],
    "context": {"dob": "1990-04-01", "salt": "c2FsdA==", "place": "desk"},
}


def identify(entry: dict[str, Any], _component: str) -> str:
    """Ids as the specification's text has them (2.1, 2.2), worked out without Satchel."""
    body = {name: value for name, value in entry.items() if name != "id"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "blake3:" + blake3(text.encode()).hexdigest()


def made(**changes: Any) -> dict[str, Any]:
    entry = {**copy.deepcopy(ENTRY), **changes}
    entry["id"] = identify(entry, "")
    return entry


def redactor() -> Redactor:
    return Redactor(Mint())


def test_red_01_redaction_derives_an_entry_and_leaves_the_original() -> None:
    original = made()
    before = copy.deepcopy(original)
    done = redacted_entry(original, "episodic", redactor(), identify=identify, at=AT)
    assert original == before
    assert done.entry["id"] != original["id"] and done.entry["id"] == identify(done.entry, "episodic")
    assert "alice" not in json.dumps(done.entry) and "555-010" not in json.dumps(done.entry)
    done.entry["context"]["place"] = "elsewhere"
    assert original == before


def test_red_05_metadata_and_parent() -> None:
    original = made()
    done = redacted_entry(original, "episodic", redactor(), identify=identify, at=AT)
    metadata = done.entry["_redaction_metadata"]
    assert {"original_id", "redaction_count", "pii_types", "redacted_at"} <= set(metadata)
    assert done.entry["parent_ids"] == [metadata["original_id"]]
    assert re.fullmatch(r"blake3:[0-9a-f]{64}", metadata["original_id"])
    assert metadata["redaction_count"] == 4
    assert metadata["pii_types"] == ["date_of_birth", "email", "phone_us"]
    assert metadata["redacted_at"] == "2025-01-15T11:00:00Z"
    assert metadata["former_parent_ids"] == original["parent_ids"]


def test_an_entry_with_nothing_to_redact_stays_itself() -> None:
    original = made(actor="user:bot", observation="nothing", context={})
    done = redacted_entry(original, "episodic", redactor(), identify=identify, at=AT)
    assert done.entry == original and done.commitment is None


def test_the_sdk_profile_says_it_with_a_tag() -> None:
    original = made()
    done = redacted_entry(original, "episodic", redactor(), identify=identify, at=AT, says_metadata=False)
    assert "_redaction_metadata" not in done.entry
    assert done.entry["tags"] == ["support", "redacted"]
    assert done.entry["parent_ids"] == original["parent_ids"]
    assert set(done.entry) == set(original)


def test_an_actor_stays_an_actor_and_comes_back() -> None:
    original = made()
    mint = Mint()
    done = redacted_entry(original, "episodic", Redactor(mint), identify=identify, at=AT)
    assert re.fullmatch(r"(user|agent|system|tool):[A-Za-z0-9_.@-]{1,128}", done.entry["actor"])
    back = recovered_entry(done.entry, "episodic", mint.kept)
    for name in ("actor", "observation", "tags", "timestamp"):
        assert back[name] == original[name]
    assert back["context"] == {"dob": "1990-04-01", "place": "desk"}


def test_four_unknown_digits_cannot_be_guessed() -> None:
    """Everything but the digits stands in the redacted entry. With the original's own id, ten thousand guesses find them."""
    text = "last four: 123-45-{:04d}"
    original = made(actor="user:bot", observation=text.format(6789), context={"salt": "AAAA"}, parent_ids=[])
    done = redacted_entry(original, "episodic", redactor(), identify=identify, at=AT)
    published = json.dumps(done.entry)
    assert original["id"] not in published and "AAAA" not in published
    guesses = (identify({**original, "observation": text.format(digits)}, "") for digits in range(10_000))
    # The attack works where the id is known, so it would be seen here.
    assert original["id"] in itertools.islice(guesses, 6790)
    assert done.commitment is not None and proves(done.commitment, original)
    assert not proves(done.commitment, {**original, "observation": text.format(1)})
    assert not proves(done.commitment._replace(key="00" * 32), original)
    assert not proves(done.commitment._replace(key="no"), original)


def test_an_entry_without_an_id_is_refused() -> None:
    with pytest.raises(MalformedInput):
        redacted_entry({"observation": "x"}, "episodic", redactor(), identify=identify, at=AT)


def test_the_boundary_is_the_one_missing_original() -> None:
    done = redacted_entry(made(), "episodic", redactor(), identify=identify, at=AT).entry
    missing = set(done["parent_ids"])
    assert is_boundary(done, missing)
    assert not is_boundary(done, set())
    assert not is_boundary(done, {*missing, "blake3:" + "2" * 64})
    assert not is_boundary({**done, "parent_ids": [*done["parent_ids"], "blake3:" + "2" * 64]}, missing)
    other = {**done["_redaction_metadata"], "original_id": "blake3:" + "2" * 64}
    assert not is_boundary({**done, "_redaction_metadata": other}, missing)
    assert not is_boundary(made(), {"blake3:" + "1" * 64})
    assert not is_boundary({**made(), "_redaction_metadata": None, "tags": ["redacted"]}, {"blake3:" + "1" * 64})


def test_the_shared_samples(shared: Path) -> None:
    folder = shared / "conformance/portable-agent-memory"
    alone = json.loads((folder / "sdk-profile/redacted-dangling.pam").read_text())["episodic"]
    assert is_boundary(alone[0], alone[0]["parent_ids"])
    assert published_originals(alone) == []
    both = json.loads((folder / "sdk-profile/redacted-with-original.pam").read_text())["episodic"]
    assert published_originals(both) == [both[0]["id"]]
    spec = json.loads((folder / "spec-profile/redacted.pam.json").read_text())["components"]["episodic"]
    assert published_originals(spec) == [spec[1]["id"]]
    assert is_boundary(spec[0], spec[0]["parent_ids"])


def test_a_whole_artifact_names_no_original_any_more() -> None:
    root = made(parent_ids=[])
    child = made(actor="user:bot", observation="follows", context={}, parent_ids=[root["id"]])
    fact: dict[str, Any] = {
        "parent_ids": [child["id"]],
        "created_at": "2025-01-15T08:30:00Z",
        "version": "1.0",
        "subject": "alice",
        "predicate": "likes",
        "object": "tea",
        "confidence": 1.0,
        "source_event_ids": [root["id"]],
    }
    fact["id"] = identify(fact, "semantic")
    # Children first: the order of an artifact is that of its times.
    given = [("semantic", fact), ("episodic", child), ("episodic", root)]
    done = redacted_entries(given, redactor(), identify=identify, at=AT)
    text = json.dumps([entry for _, entry in done.entries])
    assert root["id"] not in text and child["id"] not in text
    new_fact, new_child, new_root = (entry for _, entry in done.entries)
    assert new_child["parent_ids"] == [new_root["id"]]
    assert new_fact["source_event_ids"] == [new_root["id"]] and new_fact["parent_ids"] == [new_child["id"]]
    assert all(entry["id"] == identify(entry, "") for _, entry in done.entries)
    assert list(done.commitments) == [new_root["id"]]
    assert done.ids == {root["id"]: new_root["id"], child["id"]: new_child["id"], fact["id"]: new_fact["id"]}
    assert published_originals(entry for _, entry in done.entries) == []


def test_deep_chains_and_cycles_end() -> None:
    chain = []
    parent: list[str] = []
    for number in range(5000):
        entry = made(actor="user:bot", observation=f"{number}", context={}, parent_ids=parent)
        parent = [entry["id"]]
        chain.append(("episodic", entry))
    first = made(parent_ids=[])
    chain[0] = ("episodic", {**chain[0][1], "parent_ids": [first["id"]]})
    done = redacted_entries([*chain, ("episodic", first)], redactor(), identify=identify, at=AT)
    assert len(done.ids) == 5001 and len(done.commitments) == 1
    one, two = "blake3:" + "a" * 64, "blake3:" + "b" * 64
    cycle = [("episodic", {**made(), "id": one, "parent_ids": [two]}), ("episodic", {**made(), "id": two, "parent_ids": [one]})]
    assert len(redacted_entries(cycle, redactor(), identify=identify, at=AT).entries) == 2


@given(st.text(max_size=30), st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=3))
def test_every_entry_comes_back(text: str, context: dict[str, str]) -> None:
    context.pop("salt", None)
    original = {**ENTRY, "id": "blake3:" + "3" * 64, "observation": f"{text} alice@example.com {text}", "context": context}
    mint = Mint()

    def id_of(entry: dict[str, Any], component: str) -> str:
        return "blake3:" + "4" * 64

    done = redacted_entry(original, "episodic", Redactor(mint), identify=id_of, at=AT)
    back = recovered_entry(done.entry, "episodic", mint.kept)
    assert {name: back[name] for name in ("actor", "observation", "context")} == {
        name: original[name] for name in ("actor", "observation", "context")
    }
