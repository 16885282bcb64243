"""Vectors that came in a bundle: kept whole, given back whole, gone with what they may hold (portable-memory.md 1.1, D9)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import portable_memory as pm
import pytest

from satchel.errors import MalformedInput
from satchel.formats.portable_memory.validation import validate
from satchel.formats.portable_memory.writer import BundleWriter
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Batch
from tests.formats.portable_memory.made import HEAD, episode, files, tombstone, write
from tests.formats.portable_memory.test_validation import relist

VECTORS = bytes(range(256)) * 9000
NAME = "embeddings/episode.bge-m3.vec"


def bundle(target: Path, vectors: dict[str, bytes], *, model: str = "bge-m3", **content: Any) -> Path:
    head = msgspec.structs.replace(HEAD, embedding_model=model, embedding_dim=4)
    with BundleWriter(target, head) as writer:
        for row in content.get("episode", [episode()]):
            writer.add("episode", row)
        for row in content.get("tombstone", []):
            writer.add_tombstone(row)
        for path, data in vectors.items():
            writer.add_file(path, [data])
        writer.finish()
    return target


def carried(store: SqliteStore, target: Path) -> tuple[dict[str, bytes], tuple[Any, ...]]:
    written = export(store, target, format="portable-memory")
    said = msgspec.json.decode((target / "manifest.json").read_bytes())
    found = {path: data for path, data in files(target).items() if path.startswith("embeddings/")}
    assert [finding for finding in validate(target) if finding.severity == "error"] == []
    assert written.counts.get("embeddings") is None
    return found, (said["embeddingModel"], said["embeddingDim"], said["embeddingsIncluded"])


def codes(batch: Batch) -> set[str]:
    return {finding.code for finding in batch.summary.findings}


NOTHING: tuple[dict[str, bytes], tuple[Any, ...]] = ({}, ("", 0, False))


def test_they_go_home_as_they_came(store: SqliteStore, tmp_path: Path) -> None:
    both = {NAME: VECTORS, "embeddings/fact.bge-m3.vec": b"\0" * 16}
    given = bundle(tmp_path / "in.mem", both)
    assert codes(import_paths(store, [given])) == set()
    assert carried(store, tmp_path / "out.mem") == (both, ("bge-m3", 4, True))
    assert pm.BundleValidator().validate(tmp_path / "out.mem").issues == []
    # Again, and through another vault: the same, once.
    import_paths(store, [given])
    assert rows(store.connection, "SELECT count(*) FROM carried") == [(2,)]
    with trial_vault() as other:
        import_paths(other, [tmp_path / "out.mem"])
        assert carried(other, tmp_path / "again.mem")[0] == both
    assert store.check() == []
    # An increment holds none.
    export(store, tmp_path / "since.mem", format="portable-memory", since="1")
    assert not (tmp_path / "since.mem/embeddings").exists()


def test_the_newest_of_a_name_and_of_one_model(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [bundle(tmp_path / "1.mem", {NAME: b"old", "embeddings/fact.x.vec": b"other"}, model="x")])
    second = import_paths(store, [bundle(tmp_path / "2.mem", {NAME: b"new"})])
    assert carried(store, tmp_path / "out.mem") == ({NAME: b"new"}, ("bge-m3", 4, True))
    ledger = export(store, tmp_path / "out.mem", format="portable-memory").ledger.lines()
    assert [(line.kind, line.code, line.count) for line in ledger if line.fate == "omitted"] == [
        ("embeddings", "other-model", 1)
    ]
    store.undo(second.id)
    assert carried(store, tmp_path / "undone.mem") == (
        {NAME: b"old", "embeddings/fact.x.vec": b"other"},
        ("x", 4, True),
    )
    store.undo(second.id - 1)
    assert carried(store, tmp_path / "none.mem") == NOTHING
    assert (
        rows(store.connection, "SELECT count(*) FROM blob")
        == rows(store.connection, "SELECT count(*) FROM blob_chunk")
        == [(0,)]
    )


@pytest.mark.parametrize(
    ("name", "kind", "leaves"),
    [
        (NAME, "episode", True),
        (NAME, "entity", False),
        ("embeddings/vectors.bin", "entity", True),
        ("embeddings/episodes.m.vec", "entity", True),
    ],
)
def test_d9_a_tombstone_takes_what_may_hold_the_row(
    store: SqliteStore, tmp_path: Path, name: str, kind: str, leaves: bool
) -> None:
    """Nobody knows the layout: the file leaves whole, and comes no more."""
    given = bundle(tmp_path / "in.mem", {name: VECTORS})
    import_paths(store, [given])
    told = import_paths(store, [write(tmp_path / "mark.mem", {"tombstone": [tombstone("x_1", kind)]})])
    assert ("vectors-erased" in codes(told)) == leaves
    assert bool(carried(store, tmp_path / "out.mem")[0]) != leaves
    again = import_paths(store, [given])
    assert ("vectors-erased" in codes(again)) == leaves
    assert bool(carried(store, tmp_path / "out.mem")[0]) != leaves
    if leaves:
        assert rows(store.connection, "SELECT count(*) FROM blob_chunk") == [(0,)]


def test_what_a_deletion_reaches_takes_its_vectors_too(store: SqliteStore, tmp_path: Path) -> None:
    from tests.move.test_tombstones import fact

    with BundleWriter(tmp_path / "in.mem", HEAD) as writer:
        writer.add("episode", episode("ep_1"))
        writer.add("fact", fact("f_1", "ep_1"))
        writer.add_file("embeddings/fact.m.vec", [b"1"])
        writer.add_file("embeddings/chunk.m.vec", [b"1"])
        writer.finish()
    import_paths(store, [tmp_path / "in.mem"])
    import_paths(store, [write(tmp_path / "mark.mem", {"tombstone": [tombstone("ep_1")]})])
    assert set(carried(store, tmp_path / "out.mem")[0]) == {"embeddings/chunk.m.vec"}


def test_a_dry_run_keeps_none(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [bundle(tmp_path / "in.mem", {NAME: VECTORS})], dry_run=True)
    assert carried(store, tmp_path / "out.mem") == NOTHING


@pytest.mark.parametrize("name", ["embeddings/sub/x.m.vec", "embeddings/.hidden", "embeddings/a b.vec", "embeddings/ü.vec"])
def test_an_odd_name_is_told_and_not_taken(store: SqliteStore, tmp_path: Path, name: str) -> None:
    given = bundle(tmp_path / "in.mem", {})
    path = given / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"1")
    relist(given, embeddingsIncluded=True)
    assert "unread-file" in codes(import_paths(store, [given]))
    assert carried(store, tmp_path / "out.mem") == NOTHING


def test_vectors_that_change_while_they_are_read_end_the_import(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from satchel.formats.portable_memory.luggage import Luggage

    given = bundle(tmp_path / "in.mem", {NAME: VECTORS})
    items = Luggage.items

    def swap(self: Luggage, file: Any, *args: Any, **more: Any) -> Any:
        for item in items(self, file, *args, **more):
            (given / NAME).write_bytes(b"others")
            yield item

    monkeypatch.setattr(Luggage, "items", swap)
    with pytest.raises(MalformedInput, match="changed while"):
        import_paths(store, [given])
    assert store.stats().records == {}


def test_it_says_of_what_model_they_are(tmp_path: Path) -> None:
    given = bundle(tmp_path / "in.mem", {NAME: b"1"}, model="")
    assert {finding.code for finding in validate(given)} == {"embeddings-model"}
