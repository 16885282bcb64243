"""Identifiers leave on request (PAM-175, spec 21.3), and nothing else does."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import portable_ai_memory as sdk
import pytest
from hypothesis import HealthCheck, given, settings

from satchel.errors import UsageError
from satchel.formats.base import WriteOptions
from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_ai_memory.bag import Bag, bags
from tests.formats.portable_ai_memory.packages import Package, entry, memory, message, talk
from tests.formats.portable_ai_memory.packages import store as made

STRIP = WriteOptions(strip_identifiers=True)
NAMED = {"platform_user_id", "account_id", "conversation_id", "provider_message_id", "provider_id", "import_metadata"}
#: Stands wherever a product could have put it.
SECRET = "user-7f3a91"


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    yield json.loads((folder / "memory-store.json").read_bytes())
    for file in sorted(folder.glob("conversations/*.json")):
        yield json.loads(file.read_bytes())


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(each)


def errors(path: Path) -> list[str]:
    return [finding.text for finding in FORMAT.validate(path, limits=DEFAULT) if finding.severity == "error"]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(bag=bags())
def test_no_record_of_any_kind_keeps_one(bag: Bag) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole, stripped = Path(folder, "whole"), Path(folder, "stripped")
        FORMAT.write(bag, whole)
        FORMAT.write(bag, stripped, options=STRIP)
        assert errors(stripped) == []
        assert sdk.validate(sdk.load(stripped / "memory-store.json")).is_valid
        for document in documents(stripped):
            for said in objects({**document, "messages": []}):
                assert not NAMED & set(said)
            for each in document.get("messages", ()):
                assert not NAMED & set(each)
                assert not any("provider_id" in file for file in each.get("attachments", ()))
                assert set(each.get("raw_metadata", {})) <= {"satchel"}
        for before, after in zip(documents(whole), documents(stripped), strict=True):
            for name in ("memories", "messages"):
                texts = [[each.get("content") for each in document.get(name, ())] for document in (before, after)]
                assert texts[0] == texts[1]
        assert not (stripped / "satchel.json").exists()


def packed() -> Package:
    """A package in which every identifier stands."""
    said = talk(
        "t",
        message(
            "1",
            provider_message_id=SECRET,
            raw_metadata={"claude": {"account": SECRET}},
            attachments=[{"type": "file", "name": "map.png", "provider_id": SECRET}],
        ),
        provider={"name": "claude", "account_id": SECRET, "conversation_id": SECRET},
        participants=[{"role": "user", "provider_id": SECRET}],
        raw_metadata={"account": {"uuid": SECRET}, "satchel": {"is_starred": True, "residue": {"x": SECRET}}},
        import_metadata={"importer": "x/1.0.0", "imported_at": "2026-01-02T03:04:05Z", "source_file": f"{SECRET}.zip"},
    )
    value = memory(
        "m",
        provenance={"platform": "chatgpt", "platform_user_id": SECRET, "conversation_ref": "t"},
        metadata={"mood": "calm", "chatgpt": {"user": SECRET}, "satchel": {"residue": {"x": SECRET}, "language": "x"}},
    )
    return Package(made(value, conversations_index=[entry(said, "m")]), {"conversations/t.json": said})


def test_what_came_home_loses_them_too(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [packed().folder(tmp_path / "in")])
    written = export(store, tmp_path / "out", format="portable-ai-memory", strip_identifiers=True)
    for file in (tmp_path / "out").rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes(), file.name
    assert errors(tmp_path / "out") == []
    root, said = documents(tmp_path / "out")
    assert root["memories"][0]["metadata"] == {"mood": "calm", "satchel": {"language": "x"}}
    assert root["memories"][0]["provenance"] == {"platform": "chatgpt", "conversation_ref": "t"}
    assert said["raw_metadata"] == {"satchel": {"is_starred": True}}
    told = {(line.kind, line.fate) for line in written.ledger.lines() if line.code == "stripped"}
    assert told == {("memory", "lost"), ("conversation", "lost")}


def test_nothing_is_told_or_changed_where_there_are_none(store: SqliteStore, tmp_path: Path) -> None:
    package = Package(made(memory("m", metadata={"mood": "calm"})))
    import_paths(store, [package.folder(tmp_path / "in")])
    written = export(store, tmp_path / "out", format="portable-ai-memory", strip_identifiers=True)
    assert next(documents(tmp_path / "out"))["memories"] == package.store["memories"]
    assert not any(line.code == "stripped" for line in written.ledger.lines())


def test_a_bundle_cannot_leave_them_out_and_says_so(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="identifiers"):
        export(store, tmp_path / "out.mem", format="portable-memory", strip_identifiers=True)
    assert not (tmp_path / "out.mem").exists()
