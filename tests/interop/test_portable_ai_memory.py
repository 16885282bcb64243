"""The public SDK beside us: we take every store that it makes of an export, and it takes every store that we make."""

from __future__ import annotations

import json
from pathlib import Path

import portable_ai_memory as sdk
import pytest
from portable_ai_memory.cli import app
from typer.testing import CliRunner

from satchel.formats.portable_ai_memory import FORMAT
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import SHARED


def exports() -> list[Path]:
    """The shared exports, and each file of them that may be one by itself."""
    folders = sorted([*SHARED.glob("fixtures/chatgpt/*"), *SHARED.glob("fixtures/claude/*")])
    return [path for folder in folders for path in (folder, *sorted(folder.rglob("*.json")))]


def test_we_take_what_the_sdk_converts_and_it_takes_what_we_write(store: SqliteStore, tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    taken = 0
    for number, path in enumerate(exports()):
        out = tmp_path / str(number)
        ran = CliRunner().invoke(app, ["convert", str(path), "-o", str(out), "--owner-id", f"owner-{number}"])
        if ran.exit_code or not (out / "memory-store.json").exists():
            continue
        taken += 1
        batch = import_paths(store, [out])
        made = json.loads((out / "memory-store.json").read_bytes())
        assert batch.summary.counts.get("memory", {}).get("new", 0) == len(made["memories"])
        assert batch.summary.counts.get("conversation", {}).get("new", 0) == len(made.get("conversations_index", []))
    assert taken >= 30
    export(store, tmp_path / "all", format="portable-ai-memory")
    assert [f for f in FORMAT.validate(tmp_path / "all", limits=DEFAULT) if f.severity == "error"] == []
    for path in [tmp_path / "all" / "memory-store.json", *(tmp_path / "all").glob("conversations/*.json")]:
        result = sdk.validate(sdk.load(path))
        assert result.is_valid, [issue.check for issue in result.issues]


def test_what_the_sdk_saves_comes_in(store: SqliteStore, tmp_path: Path) -> None:
    memories = [
        sdk.MemoryObject.create(id=f"m{n}", type=kind, content=f"Says {n}", platform="chatgpt")
        for n, kind in enumerate(("fact", "preference", "goal"))
    ]
    document = sdk.MemoryStore(
        schema="portable-ai-memory",
        schema_version="1.0",
        owner=sdk.Owner(id="me"),
        memories=memories,
        integrity=sdk.IntegrityBlock(
            checksum=sdk.compute_integrity_checksum([sdk.to_dict(m) for m in memories]),
            total_memories=3,
            canonicalization="RFC8785",
        ),
    )
    sdk.save(document, tmp_path / "store.json")
    assert import_paths(store, [tmp_path / "store.json"]).summary.counts["memory"] == {"new": 3}
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert sdk.validate(sdk.load(tmp_path / "out" / "memory-store.json")).is_valid
