"""A store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    with trial_vault() as made:
        yield made
