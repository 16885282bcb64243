"""A vault of the second schema, brought forward: what its tombstones reached is not known by kind, so it is taken for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from satchel.trust.secrets import new_key
from satchel.vault.sqlite import schema
from satchel.vault.sqlite.connection import connect, rows
from satchel.vault.sqlite.store import SqliteStore


@pytest.mark.parametrize("with_tombstone", [True, False])
def test_vectors_are_not_taken_where_tombstones_of_unknown_kinds_are(tmp_path: Path, with_tombstone: bool) -> None:
    key = new_key()
    connection = connect(tmp_path / "vault.db", key, create=True)
    schema.migrate(connection, schema.STEPS[:2])
    if with_tombstone:
        connection.execute(
            "INSERT INTO tombstone (digest, format, batch, at, data) VALUES (x'00', 'portable-memory', 1, 0, '{}')"
        )
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('content_secret', x'00'), ('owner_id', 'o'), ('text_version', 0)"
    )
    connection.close()
    with SqliteStore.open(tmp_path / "vault.db", key) as store:
        assert store.stats().schema_version == len(schema.STEPS) >= 3
        found = rows(store.connection, "SELECT format, kind FROM grave_kind")
        assert found == ([("portable-memory", "")] if with_tombstone else [])
