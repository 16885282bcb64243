"""Conversions without a vault: what an import and an export do, and nothing that outlives them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from satchel.errors import OutputError, UsageError
from satchel.formats import registry
from satchel.formats.base import Since, WriteOptions
from satchel.limits import DEFAULT
from satchel.model.times import EPOCH
from satchel.move.conversions import convert
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.move.test_exports import pam_validate

EXAMPLES = ROOT / "examples"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_conversion_writes_what_import_and_export_write(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES])
    exported = export(store, tmp_path / "exported", format="portable-ai-memory")
    done = convert([EXAMPLES], tmp_path / "converted", format="portable-ai-memory")
    assert (done.written.counts, done.written.ledger.lines()) == (exported.counts, exported.ledger.lines())
    assert _files(tmp_path / "converted").keys() == _files(tmp_path / "exported").keys()
    pam_validate(tmp_path / "converted")


@pytest.mark.parametrize("format", ["portable-ai-memory", "portable-memory", "claude-text"])
def test_the_same_input_at_the_same_time_gives_the_same_bytes(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for name in ("one", "two"):
        convert([EXAMPLES / "chatgpt"], tmp_path / name, format=format)
    assert _files(tmp_path / "one") == _files(tmp_path / "two")


def test_a_memory_store_keeps_its_owner_and_gets_no_change(tmp_path: Path) -> None:
    convert([EXAMPLES / "claude"], tmp_path / "one", format="portable-ai-memory")
    convert([tmp_path / "one"], tmp_path / "two", format="portable-ai-memory")
    one, two = _files(tmp_path / "one"), _files(tmp_path / "two")
    unlike = {name for name in one | two if one.get(name) != two.get(name)}
    assert unlike == {"memory-store.json", "satchel.json"}
    before, after = ({line.rstrip(b",") for line in files["memory-store.json"].splitlines()} for files in (one, two))
    assert {line.split(b":")[0] for line in before ^ after} == {b'"export_date"'}


def test_a_bundle_passes_a_memory_store_and_is_valid_again(shared: Path, tmp_path: Path) -> None:
    bundle = shared / "conformance/portable-memory/Conformance/fixtures/sample-1.1.mem"
    convert([bundle], tmp_path / "package", format="portable-ai-memory")
    done = convert([tmp_path / "package"], tmp_path / "back.mem", format="portable-memory")
    assert done.written.counts["episode"] == 11
    assert list(registry.get("portable-memory").validate(tmp_path / "back.mem", limits=DEFAULT)) == []
    assert (convert([bundle], tmp_path / "same.mem", format="portable-memory").written.counts) == {"context": 3, "episode": 11}
    for name in ("items/context.jsonl", "items/episode.jsonl"):
        assert (tmp_path / "same.mem" / name).read_bytes() == (bundle / name).read_bytes()


def test_nothing_is_left_behind_and_no_vault_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    convert([EXAMPLES / "claude"], tmp_path / "out", format="portable-ai-memory")
    with pytest.raises(OutputError):
        convert([EXAMPLES / "claude"], passing.parent, format="portable-ai-memory")
    assert list(passing.iterdir()) == [] and not (tmp_path / "data").exists()


@pytest.mark.parametrize("inside", [".", "out", "../examples"])
def test_the_target_is_not_the_input(inside: str, tmp_path: Path) -> None:
    source = tmp_path / "examples"
    source.mkdir()
    (source / "memories.txt").write_text("[2026-01-02] - likes tea\n")
    with pytest.raises(UsageError, match="the input"):
        convert([source], source / inside, format="claude-text")


def test_it_has_no_earlier_state(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="earlier state"):
        convert([EXAMPLES], tmp_path / "out", format="portable-memory", options=WriteOptions(since=Since(1, EPOCH)))


@pytest.mark.parametrize("said", ["soon", "-1", "1e9", "٣", "9" * 30])
def test_an_odd_epoch_is_refused_before_anything_is_read(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", said)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        convert([tmp_path / "not there"], tmp_path / "out", format="portable-memory")
