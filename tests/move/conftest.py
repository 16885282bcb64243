"""Bundles made and imported in a breath."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from satchel.formats.portable_memory.writer import BundleWriter
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Batch
from tests.formats.portable_memory.made import HEAD

Give = Callable[..., Batch]


@pytest.fixture
def give(store: SqliteStore, tmp_path: Path) -> Give:
    """``give(tombstones=[…], episode=[…])`` imports a bundle of these."""
    numbers = itertools.count()

    def call(into: SqliteStore = store, *, key: Any = None, foreign: Any = None, **content: Any) -> Batch:
        content = {"tombstone" if kind == "tombstones" else kind: items for kind, items in content.items()}
        target = tmp_path / f"{next(numbers)}.mem"
        with BundleWriter(target, HEAD) as writer:
            for kind, items in content.items():
                for row in items:
                    writer.add_tombstone(row) if kind == "tombstone" else writer.add(kind, row)
            for kind, lines in (foreign or {}).items():
                writer.add_foreign(kind, lines)
            writer.finish(key)
        return import_paths(into, [target])

    return call
