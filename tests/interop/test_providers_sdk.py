"""What the public SDK reads of Copilot's and Grok's exports, we read too, and every store that comes of it is valid for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from portable_ai_memory.converters import validate_converter_output
from portable_ai_memory.converters.microsoft import MicrosoftConverter
from portable_ai_memory.converters.xai import XAIConverter
from portable_ai_memory.core.io import load_conversation

from satchel.adapters import registry
from satchel.formats import registry as formats
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.adapters.reading import folder, run
from tests.conftest import SHARED

PAM = SHARED / "conformance" / "portable-ai-memory"
PROBES = PAM / "derived" / "provider-probes"
#: Those that hold nothing, and those that make the SDK fail: an overlong cell, no sender, a conversation's time as BSON.
EMPTY = {"m_u", "x_empty"}
FAILING = {"m_big", "x_senderlist", "polylogue-nested-bson"}
FOLDERS = [
    path
    for path in (
        *sorted((SHARED / "fixtures" / "copilot").glob("*")),
        *sorted((SHARED / "fixtures" / "grok").glob("*")),
        *sorted(path / "input" for kind in "mx" for path in PROBES.glob(f"{kind}_*") if path.name not in EMPTY),
        *(PAM / "upstream" / "sdk-test-inputs" / name for name in ("copilot", "grok", "grok-basic")),
    )
    if path.is_dir()
]
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not beside this clone")


def theirs(path: Path) -> list[Any]:
    found: list[Any] = []
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() == ".csv":
            found += MicrosoftConverter().convert_conversations_from_csv(file.read_text(encoding="utf-8-sig"))
        elif file.suffix == ".json" and "auth" not in file.name:
            found += XAIConverter().convert_conversations(json.loads(file.read_bytes()))
    return found


def said(conversations: list[Any]) -> Counter[tuple[str, str]]:
    """Role and words of each message that says something."""
    return Counter(
        (message.role, message.content.text)
        for talk in conversations
        for message in talk.messages
        if message.content and message.content.text
    )


READ_BY_BOTH = [path for path in FOLDERS if not FAILING & {path.name, path.parent.name}]


def name_of(path: Path) -> str:
    return str(path.relative_to(SHARED)).replace("/", ".")


@pytest.mark.parametrize("path", READ_BY_BOTH, ids=name_of)
def test_we_read_every_message_that_the_sdk_reads(path: Path) -> None:
    """portable-ai-memory.md 12, item 6: at least the same, in the same roles."""
    name = "grok" if any(path.rglob("*.json")) else "copilot"
    outcome = run(registry.get(name), folder(path))
    ours: Counter[tuple[str, str]] = Counter()
    for body in outcome.bodies("message"):
        ours.update((body.role, part.text) for part in body.parts if part.type == "text")
    expected = theirs(path)
    assert said(expected) - ours == Counter()
    if name == "grok":
        assert {record.body.title for record in outcome.of("conversation")} >= {talk.title or "" for talk in expected}  # type: ignore[union-attr]


@pytest.mark.parametrize("path", FOLDERS, ids=name_of)
def test_the_sdk_loads_what_we_write_of_it(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    """PAM-190, PAM-192, PAM-193, PAM-197, PAM-203: by their schema, ids once each, four roles, what read it and whence."""
    import_paths(store, [path])
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert list(formats.get("portable-ai-memory").validate(tmp_path / "out", limits=DEFAULT)) == []
    loaded = [load_conversation(file) for file in (tmp_path / "out" / "conversations").iterdir()]
    validate_converter_output(loaded)
    assert sum(len(talk.messages) for talk in loaded) >= len(list(store.records("message"))) > 0
    for talk in loaded:
        assert len({message.id for message in talk.messages}) == len(talk.messages)
        assert {message.role for message in talk.messages} <= {"user", "assistant", "system", "tool"}
        assert talk.import_metadata is not None
        assert talk.import_metadata.importer_version in ("copilot/1", "grok/1")
        assert talk.import_metadata.source_file
        assert talk.import_metadata.source_checksum
