"""A store on disk under a key made for the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.trust.secrets import Secret, new_key
from satchel.vault.sqlite.store import SqliteStore


@pytest.fixture
def key() -> Secret:
    return new_key()


@pytest.fixture
def store(tmp_path: Path, key: Secret) -> Iterator[SqliteStore]:
    made = SqliteStore.create(tmp_path / "vault.db", key, owner_id="7f1c0e5e-6f43-4c8e-9a53-0f1e2d3c4b5a")
    yield made
    made.close()
