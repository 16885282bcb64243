"""What a store's signature decides when it is read into a vault (dossier 4.6, 4.7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import MalformedInput
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_ai_memory import signed
from tests.formats.portable_ai_memory.packages import entry, message, talk


def package(folder: Path, change: dict[str, Any] | None = None) -> Path:
    """A signed store beside a conversation; ``change`` comes after the signature."""
    folder.mkdir()
    said = talk("t", message("1"))
    (folder / "conversations").mkdir()
    signed.write(folder / "conversations" / "t.json", said)
    file = signed.write(folder / "memory-store.json", signed.store(conversations_index=[entry(said)]))
    signed.sign(file)
    if change:
        signed.write(file, json.loads(file.read_bytes()) | change)
    return folder


def trusts(store: SqliteStore, kind: str) -> set[str]:
    return {record.trust for record in store.records(kind)}


def test_what_a_trusted_key_signed_is_verified_and_no_more(store: SqliteStore, tmp_path: Path) -> None:
    store.trust_key(signed.KEY.public.text, "me")
    import_paths(store, [package(tmp_path / "in")])
    assert trusts(store, "memory") == {"verified"}
    assert trusts(store, "conversation") == trusts(store, "message") == {"imported"}


def test_a_strangers_signature_gives_no_trust(store: SqliteStore, tmp_path: Path) -> None:
    store.trust_key(signed.STRANGER.public.text, "other")
    import_paths(store, [package(tmp_path / "in")])
    assert trusts(store, "memory") == {"imported"}


@pytest.mark.parametrize(
    "change",
    [
        {"owner": {"id": "somebody-else"}},
        {"export_id": "0b7f2f0e-6f0e-4b52-9a58-6f5a2a3f4c12"},
        {"export_date": "2026-02-14T22:00:00Z"},
    ],
    ids=["owner", "export-id", "export-date"],
)
def test_a_signature_that_does_not_hold_is_refused_until_accepted(
    store: SqliteStore, tmp_path: Path, change: dict[str, Any]
) -> None:
    """Whoever's the key is: one that is trusted makes it no better."""
    store.trust_key(signed.KEY.public.text, "me")
    path = package(tmp_path / "in", change)
    with pytest.raises(MalformedInput, match="signature does not hold") as caught:
        import_paths(store, [path])
    assert caught.value.place is not None and caught.value.place.pointer == "/signature"
    assert trusts(store, "memory") == trusts(store, "conversation") == set()
    import_paths(store, [path], accept_invalid_signature=True)
    assert trusts(store, "memory") == {"imported"}
