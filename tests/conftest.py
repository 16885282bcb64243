"""What all tests share: a clean environment, a cheap key derivation, and where the shared samples lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore

# Before any test loads it: see satchel.recall.embedders.onnx.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = ("PASSPHRASE", "NEW_PASSPHRASE", "PACKAGE_PASSPHRASE", "RECOVERY_KEY", "VAULT", "TOKEN", "CALLER")
    for name in [f"SATCHEL_{word}" for word in kept]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setattr("satchel.trust.age.WORK_FACTOR", 10)
    monkeypatch.setattr("satchel.trust.age.FILE_WORK_FACTOR", 10)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The samples and conformance data beside the project; a clone without them skips what needs them."""
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    return SHARED


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    """A vault's store of its own for each test."""
    with trial_vault() as made:
        yield made
