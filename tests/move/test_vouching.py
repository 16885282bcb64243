"""A key is trusted, and what it signed comes again: those very records are verified from then on, and nothing else is."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.profiles import SDK, SPEC
from satchel.model.record import Record
from satchel.move.forgetting import forget
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Batch, Forgetting
from tests.formats.portable_agent_memory import made
from tests.formats.portable_ai_memory import packages, signed


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A signed memory store with everything else that a package has."""
    talk = packages.talk("t", packages.message("a"), packages.message("b"))
    memories = [
        packages.memory("m1", "Likes tea"),
        packages.memory("m2", "Rides a bicycle"),
        packages.memory("m3", "Was told so", metadata={"satchel": {"trust": "untrusted"}}),
    ]
    root = signed.store(
        *memories, conversations_index=[packages.entry(talk, "m1")], relations=[packages.relation("r", "m1", "m2")]
    )
    folder = packages.Package(root, {"conversations/t.json": talk}).folder(tmp_path / "package")
    signed.sign(folder / "memory-store.json")
    return folder


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "agent.pam"
    path.write_bytes(wire.serialise(made.artifact(SDK)))
    return path


def taken(store: SqliteStore, path: Path) -> Batch:
    return import_paths(store, [path])


def trusts(store: SqliteStore, *kinds: str) -> dict[str, str]:
    return {uid: found.trust for uid, found in held(store).items() if not kinds or found.kind in kinds}


def held(store: SqliteStore) -> dict[str, Record]:
    return {record.uid: record for record in store.records()}


def test_the_memories_of_a_store_rise_and_nothing_else_of_its_package(store: SqliteStore, package: Path) -> None:
    """Only memories are signed, through the checksum (portable-ai-memory.md 4.1)."""
    taken(store, package)
    before = held(store)
    assert set(trusts(store, "memory").values()) == {"imported", "untrusted"}
    store.trust_key(signed.KEY.public.text, "friend")
    batch = taken(store, package)
    after = held(store)
    told = packages.got(store, "memory", "m3")
    for uid, record in after.items():
        rises = record.kind == "memory" and uid != told.uid
        assert record.trust == ("verified" if rises else before[uid].trust), record.kind
        assert record.body == before[uid].body and record.links == before[uid].links
    assert told.trust == "untrusted"
    assert batch.summary.counts["memory"] == {"updated": 2, "unchanged": 1}
    assert batch.summary.counts["message"] == {"unchanged": 2}
    assert store.check() == []


@pytest.mark.parametrize("profile", [SDK, SPEC], ids=lambda profile: profile.name)
def test_the_entries_of_an_artifact_rise(store: SqliteStore, tmp_path: Path, profile: Any) -> None:
    path = tmp_path / "agent.pam"
    path.write_bytes(wire.serialise(made.artifact(profile)))
    taken(store, path)
    assert set(trusts(store).values()) == {"imported"}
    store.trust_key(made.OPERATOR.public.text, "operator")
    taken(store, path)
    assert {record.trust for record in held(store).values() if record.kind != "foreign"} == {"verified"}
    assert set(taken(store, path).summary.originals) == {"unchanged"}


def test_without_trust_nothing_rises_however_often_it_comes(store: SqliteStore, package: Path, artifact: Path) -> None:
    store.trust_key(signed.STRANGER.public.text, "somebody else")
    for _ in range(3):
        taken(store, package)
    assert "verified" not in trusts(store).values()


def test_the_same_words_of_another_source_do_not_rise(store: SqliteStore, package: Path, tmp_path: Path) -> None:
    loose = packages.Package(packages.store(packages.memory("m1", "Likes tea"), owner="11111111-2222-4333-8444-555555555555"))
    taken(store, loose.folder(tmp_path / "loose"))
    (other,) = trusts(store, "memory")
    taken(store, package)
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    assert Counter(trusts(store, "memory").values()) == {"verified": 2, "imported": 1, "untrusted": 1}
    assert held(store)[other].trust == "imported"


def test_what_says_something_else_by_now_does_not_rise(store: SqliteStore, package: Path, tmp_path: Path) -> None:
    """A later, unsigned state of m1 came between: what the key signed is not what it says."""
    taken(store, package)
    later = packages.memory(
        "m1", "Likes coffee", temporal={"created_at": "2026-01-02T03:04:05Z", "updated_at": "2027-01-01T00:00:00Z"}
    )
    taken(store, packages.Package(packages.store(later)).folder(tmp_path / "later"))
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    found = packages.got(store, "memory", "m1")
    assert (found.body.text, found.trust) == ("Likes coffee", "imported")  # type: ignore[union-attr]
    assert packages.got(store, "memory", "m2").trust == "verified"


def test_what_was_redacted_here_does_not_rise_nor_come_back(store: SqliteStore, package: Path) -> None:
    taken(store, package)
    uid = packages.got(store, "memory", "m1").uid
    forget(store, Forgetting(uids=(uid,), mode="redact"))
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    assert held(store)[uid].trust != "verified"
    assert "Likes tea" not in json.dumps([str(record.body) for record in held(store).values()])


def test_an_unsigned_copy_takes_nothing_back(store: SqliteStore, package: Path) -> None:
    """The bytes of the memories are those that were verified."""
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    path = package / "memory-store.json"
    root = json.loads(path.read_bytes())
    del root["signature"]
    path.write_text(json.dumps(root, indent=1, ensure_ascii=False))
    taken(store, package)
    assert packages.got(store, "memory", "m1").trust == "verified"


def test_undoing_the_import_takes_the_trust_back(store: SqliteStore, package: Path) -> None:
    taken(store, package)
    before = held(store)
    store.trust_key(signed.KEY.public.text, "friend")
    batch = taken(store, package)
    store.undo(batch.id)
    assert held(store) == before
    assert store.check() == []
    taken(store, package)
    assert packages.got(store, "memory", "m1").trust == "verified"


def test_a_dry_run_tells_and_changes_nothing(store: SqliteStore, package: Path) -> None:
    taken(store, package)
    store.trust_key(signed.KEY.public.text, "friend")
    told = import_paths(store, [package], dry_run=True)
    assert told.summary.counts["memory"] == {"updated": 2, "unchanged": 1}
    assert "verified" not in trusts(store).values()


def test_a_witness_that_was_signed_counts_too(store: SqliteStore, package: Path, tmp_path: Path) -> None:
    """The very record came first in another spelling, which nobody signed."""
    path = tmp_path / "memory-store.json"
    path.write_text(json.dumps(packages.store(packages.memory("m1", "Likes tea"))))
    taken(store, path)
    taken(store, package)
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    assert packages.got(store, "memory", "m1").trust == "verified"


# What rises can fall ----------------------------------------------------------------------------------------------------------


def both(tmp_path: Path) -> tuple[Path, Path]:
    """Two stores of one owner, the same memories, each signed by a key of its own."""
    paths = []
    for name, key in (("one", signed.KEY), ("two", signed.STRANGER)):
        folder = packages.Package(signed.store(packages.memory("m1", "Likes tea"))).folder(tmp_path / name)
        signed.sign(folder / "memory-store.json", key)
        paths.append(folder)
    return paths[0], paths[1]


def test_what_a_key_verified_falls_with_it_and_rises_again(store: SqliteStore, package: Path) -> None:
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    before = held(store)
    assert store.distrust_key(signed.KEY.public.text) == {"memory": 2}
    after = held(store)
    for uid, record in after.items():
        fell = before[uid].trust == "verified"
        assert record.trust == ("imported" if fell else before[uid].trust)
        assert (record.body, record.links, record.native) == (before[uid].body, before[uid].links, before[uid].native)
    uid = packages.got(store, "memory", "m1").uid
    assert [version.record.trust for version in store.versions(uid)] == ["verified", "imported"]
    told = [entry.detail for entry in store.audit() if entry.operation == "distrust"]
    assert told == [{"key": signed.KEY.public.text, "lowered": {"memory": 2}}]
    assert store.check() == []
    assert set(taken(store, package).summary.originals) == {"unchanged"}
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    assert held(store)[uid].trust == "verified"
    assert store.distrust_key(signed.KEY.public.text) == {"memory": 2}


@pytest.mark.parametrize("profile", [SDK, SPEC], ids=lambda profile: profile.name)
def test_the_entries_of_an_artifact_fall(store: SqliteStore, tmp_path: Path, profile: Any) -> None:
    path = tmp_path / "agent.pam"
    path.write_bytes(wire.serialise(made.artifact(profile)))
    store.trust_key(made.OPERATOR.public.text, "operator")
    taken(store, path)
    count = sum(record.trust == "verified" for record in held(store).values())
    assert count > 3
    assert sum(store.distrust_key(made.OPERATOR.public.text).values()) == count
    assert "verified" not in trusts(store).values()
    assert store.check() == []


def test_a_dry_run_of_distrust_tells_and_changes_nothing(store: SqliteStore, package: Path) -> None:
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    before = held(store)
    assert store.distrust_key(signed.KEY.public.text, dry_run=True) == {"memory": 2}
    assert held(store) == before
    assert [key.public for key in store.trusted_keys()] == [signed.KEY.public.text]
    assert not [entry for entry in store.audit() if entry.operation == "distrust"]


def test_what_another_trusted_key_verified_too_stands(store: SqliteStore, tmp_path: Path) -> None:
    """In one import, where the import alone could not tell which key vouched for which."""
    paths = both(tmp_path)
    for key in (signed.KEY, signed.STRANGER):
        store.trust_key(key.public.text, "")
    import_paths(store, list(paths))
    assert packages.got(store, "memory", "m1").trust == "verified"
    assert store.distrust_key(signed.KEY.public.text) == {}
    assert packages.got(store, "memory", "m1").trust == "verified"
    assert store.distrust_key(signed.STRANGER.public.text) == {"memory": 1}
    assert packages.got(store, "memory", "m1").trust == "imported"


def test_a_key_that_was_never_trusted_holds_nothing_up(store: SqliteStore, tmp_path: Path) -> None:
    store.trust_key(signed.KEY.public.text, "")
    import_paths(store, list(both(tmp_path)))
    assert store.distrust_key(signed.KEY.public.text) == {"memory": 1}


def test_what_others_verified_stands(store: SqliteStore, package: Path, artifact: Path) -> None:
    store.trust_key(signed.KEY.public.text, "")
    store.trust_key(made.OPERATOR.public.text, "")
    import_paths(store, [package, artifact])
    before = Counter(trusts(store).values())["verified"]
    assert store.distrust_key(signed.KEY.public.text) == {"memory": 2}
    assert Counter(trusts(store).values())["verified"] == before - 2


def test_undo_brings_back_no_trust_that_is_gone(store: SqliteStore, package: Path) -> None:
    """Of an erasure whose window is open, and of an import that replaced what was verified."""
    store.set_undo_window(timedelta(days=1))
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    uid = packages.got(store, "memory", "m1").uid
    erased = forget(store, Forgetting(uids=(uid,)))
    store.distrust_key(signed.KEY.public.text)
    store.undo(erased.change)
    assert held(store)[uid].trust == "imported"
    assert "verified" not in trusts(store).values()
    assert store.check() == []


def test_undo_of_an_import_brings_back_no_trust_that_is_gone(store: SqliteStore, package: Path, tmp_path: Path) -> None:
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    later = packages.memory(
        "m1", "Likes coffee", temporal={"created_at": "2026-01-02T03:04:05Z", "updated_at": "2027-01-01T00:00:00Z"}
    )
    second = taken(store, packages.Package(packages.store(later)).folder(tmp_path / "later"))
    assert packages.got(store, "memory", "m1").trust == "imported"
    assert store.distrust_key(signed.KEY.public.text) == {"memory": 1}
    store.undo(second.id)
    found = packages.got(store, "memory", "m1")
    assert (found.body.text, found.trust) == ("Likes tea", "imported")  # type: ignore[union-attr]


def test_a_vault_from_before_the_vouchers_knows_by_the_import(store: SqliteStore, package: Path) -> None:
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    store.connection.execute("DELETE FROM vouched")
    assert store.distrust_key(signed.KEY.public.text) == {"memory": 2}


def test_vectors_stay_with_what_says_the_same(store: SqliteStore, package: Path) -> None:
    store.trust_key(signed.KEY.public.text, "friend")
    taken(store, package)
    count = store.connection.execute("SELECT count(*) FROM record WHERE kind = 'memory'").fetchone()
    store.connection.execute("INSERT INTO vector_model (id, digest, name, dimensions, place) VALUES (1, 'd', 'n', 2, 'p')")
    store.connection.execute("INSERT INTO vector (model, record, data) SELECT 1, id, x'00' FROM record WHERE kind = 'memory'")
    store.distrust_key(signed.KEY.public.text)
    assert store.connection.execute("SELECT count(*) FROM vector").fetchone() == count


def test_a_source_object_that_goes_takes_along_who_vouched_for_it(store: SqliteStore, package: Path) -> None:
    store.trust_key(signed.KEY.public.text, "friend")
    batch = taken(store, package)
    assert store.connection.execute("SELECT count(*) FROM vouched").fetchone() != (0,)
    store.undo(batch.id)
    assert store.connection.execute("SELECT count(*) FROM vouched").fetchone() == (0,)
