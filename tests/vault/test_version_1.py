"""A vault that the first schema wrote opens in every later Satchel, with all that is in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from satchel.move.exports import export
from satchel.vault.folder import open_vault, open_with_recovery
from satchel.vault.sqlite import schema
from satchel.vault.values import Query
from tests.conftest import ROOT


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "vault of version 1")
    folder = tmp_path / "vault"
    shutil.copytree(ROOT / "tests" / "data" / "vault-v1", folder)
    # Git keeps no modes.
    for path in folder.iterdir():
        path.chmod(0o600)
    return folder


def test_it_opens_is_brought_forward_and_holds_everything(vault: Path, tmp_path: Path) -> None:
    with open_vault(vault) as store:
        assert store.stats().schema_version == len(schema.STEPS)
        assert store.check() == []
        assert store.stats().records["conversation"] == 7
        assert store.stats().records["message"] == 37
        assert store.search(Query(words="自転車")).hits
        assert [batch.kind for batch in store.batches()] == ["create", "import", "import", "import", "undo"]
        for record in store.records("conversation"):
            assert store.native(record)
        export(store, tmp_path / "out", format="portable-ai-memory")


def test_its_recovery_key_opens_it(vault: Path) -> None:
    open_with_recovery(vault, (vault / "recovery-key.txt").read_text())
