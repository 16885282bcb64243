"""The way out: what the vault holds passes the reference SDK, and the same vault gives the same bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from satchel.errors import OutputError
from satchel.formats import registry
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.move.test_imports import NOT_EXPORTS, sample_folders

EXAMPLES = ROOT / "examples"


def pam_validate(folder: Path) -> None:
    """``pam validate`` of PyPI's portable-ai-memory, as its users run it."""
    command = Path(sys.executable).with_name("pam")
    done = subprocess.run([command, "validate", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert " 0 invalid" in done.stdout


def test_the_examples_pass_the_reference_sdk_and_our_validator(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES])
    written = export(store, tmp_path / "out", format="portable-ai-memory")
    pam_validate(tmp_path / "out")
    assert list(registry.get("portable-ai-memory").validate(tmp_path / "out", limits=DEFAULT)) == []
    assert (written.counts["conversations"], written.counts["messages"]) == (7, 37)
    assert written.ledger.total("omitted") == 2


def test_every_shared_sample_passes_the_reference_sdk_and_our_validator(shared: Path, tmp_path: Path) -> None:
    with trial_vault() as store:
        for folder in sample_folders(shared):
            if folder.name not in NOT_EXPORTS:
                import_paths(store, [folder])
        export(store, tmp_path / "out", format="portable-ai-memory")
        pam_validate(tmp_path / "out")
        findings = list(registry.get("portable-ai-memory").validate(tmp_path / "out", limits=DEFAULT))
        assert [finding for finding in findings if finding.severity == "error"] == []


def test_an_export_is_reproducible_and_replaces_an_earlier_one_of_ours(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES / "claude"])
    export(store, tmp_path / "out", format="portable-ai-memory")
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.json")}
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "out").rglob("*.json")}
    import_paths(store, [EXAMPLES / "chatgpt"])
    export(store, tmp_path / "out", format="portable-ai-memory")
    assert len(list((tmp_path / "out" / "conversations").iterdir())) == 7


def test_a_folder_of_somebody_elses_is_never_written_into(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES / "claude"])
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError):
        export(store, tmp_path / "papers", format="portable-ai-memory")
    assert [path.name for path in (tmp_path / "papers").iterdir()] == ["letter.txt"]


def test_what_fields_do_not_carry_goes_along_as_raw_metadata(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [EXAMPLES / "chatgpt"])
    export(store, tmp_path / "out", format="portable-ai-memory")
    texts = [path.read_text() for path in (tmp_path / "out" / "conversations").iterdir()]
    values = [msgspec.json.decode(text) for text in texts]
    assert all(value["raw_metadata"]["chatgpt"] for value in values)
    assert all("mapping" not in value["raw_metadata"]["chatgpt"] for value in values)
