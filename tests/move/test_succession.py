"""A changed edge or fact supersedes, and the state of a moment can be seen (L1-5; dossier 10.6 no. 11)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import portable_memory as pm
import pytest

from satchel.model.ids import make_uid
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.formats.portable_memory.made import episode, tombstone
from tests.formats.portable_memory.test_succession import fact
from tests.move.conftest import Give
from tests.move.test_tombstones import edge, exported

FACTS = "items/fact.jsonl"
UID = make_uid("portable-memory", "fact", "f")


def facts(data: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    rows = [msgspec.json.decode(line) for line in data.get(FACTS, b"").splitlines()]
    return {row["text"]: row for row in rows}


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.fixture
def changed(store: SqliteStore, give: Give) -> SqliteStore:
    """A fact that said tea, then rye, then oats; and the episodes that it was drawn from."""
    give(episode=[episode("ep_1", "x"), episode("ep_2", "y")], fact=[fact("tea", 1, episodeID="ep_1")])
    give(episode=[episode("ep_2", "y")], fact=[fact("rye", 9, episodeID="ep_2", createdAt="2026-01-09T00:00:00Z")])
    give(episode=[episode("ep_2", "y")], fact=[fact("oats", 20, episodeID="ep_2", createdAt="2026-01-20T00:00:00Z")])
    return store


def test_both_rows_are_kept_and_the_older_names_the_newer(changed: SqliteStore, tmp_path: Path) -> None:
    found = facts(exported(changed))
    assert set(found) == {"tea", "rye", "oats"}
    assert found["oats"]["id"] == "f"
    assert found["rye"]["supersededBy"] == "f"
    assert found["tea"]["supersededBy"] == found["rye"]["id"]
    target = tmp_path / "b.mem"
    export(changed, target, format="portable-memory")
    assert pm.BundleValidator().validate(target).issues == []


def test_an_export_that_comes_back_changes_nothing(changed: SqliteStore, tmp_path: Path) -> None:
    before = exported(changed)
    for number in range(2):
        target = tmp_path / f"{number}.mem"
        export(changed, target, format="portable-memory")
        import_paths(changed, [target])
        assert exported(changed) == before


def test_another_vault_that_takes_it_gives_the_same(changed: SqliteStore, tmp_path: Path) -> None:
    export(changed, tmp_path / "b.mem", format="portable-memory")
    with trial_vault() as other:
        import_paths(other, [tmp_path / "b.mem"])
        assert exported(other) == exported(changed)


def test_a_deletion_reaches_what_it_was_before_in_every_vault(changed: SqliteStore, give: Give, tmp_path: Path) -> None:
    export(changed, tmp_path / "b.mem", format="portable-memory")
    with trial_vault() as other:
        for store in (changed, other):
            import_paths(store, [tmp_path / "b.mem"])
            give(store, tombstones=[tombstone("f", "fact")])
            assert facts(exported(store)) == {}
            import_paths(store, [tmp_path / "b.mem"])
            assert facts(exported(store)) == {}


def test_a_deleted_episode_takes_the_earlier_statement_that_rested_on_it(changed: SqliteStore, give: Give) -> None:
    give(tombstones=[tombstone("ep_1")])
    assert set(facts(exported(changed))) == {"rye", "oats"}
    held = b"".join(kept.native for states in changed.earlier_natives("portable-memory") for kept in states)
    assert b"tea" not in held
    assert [version.record.body.text for version in changed.versions(UID)] == ["rye", "oats"]  # type: ignore[union-attr]
    assert changed.check() == []


def test_edges_supersede_too(store: SqliteStore, give: Give) -> None:
    ends = {"entity": [{**_entity("ent_1")}, {**_entity("ent_2")}]}
    give(**ends, edge=[{**edge("e", []), "edgeType": "knows"}])
    give(**ends, edge=[{**edge("e", []), "edgeType": "owns", "ingestionTime": "2027-01-01T00:00:00Z"}])
    rows = [msgspec.json.decode(line) for line in exported(store)["items/edge.jsonl"].splitlines()]
    assert {(row["edgeType"], row.get("supersededBy")) for row in rows} == {("knows", "e"), ("owns", None)}


def _entity(id: str) -> dict[str, Any]:
    from tests.move.test_tombstones import entity

    return entity(id)


@pytest.mark.parametrize(("number", "text"), [(1, "tea"), (8, "tea"), (9, "rye"), (19, "rye"), (20, "oats"), (31, "oats")])
def test_as_of_a_day(changed: SqliteStore, tmp_path: Path, number: int, text: str) -> None:
    state = changed.state_at(UID, day(number))
    assert state is not None
    assert state.body.text == text  # type: ignore[union-attr]
    found = changed.search(Query(words=text, kinds=("memory",), as_of=day(number)))
    assert [hit.record.body.text for hit in found.hits] == [text]  # type: ignore[union-attr]
    assert found.total == 1
    for other in {"tea", "rye", "oats"} - {text}:
        assert changed.search(Query(words=other, kinds=("memory",), as_of=day(number))).total == 0
    export(changed, tmp_path / "then.mem", format="portable-memory", as_of=day(number))
    assert b'"text":"%b"' % text.encode() in (tmp_path / "then.mem" / FACTS).read_bytes()
    assert (tmp_path / "then.mem" / FACTS).read_bytes().count(b"\n") == 1


def test_before_anything_began_there_is_nothing(changed: SqliteStore, tmp_path: Path) -> None:
    before = datetime(2020, 1, 1, tzinfo=UTC)
    assert changed.state_at(UID, before) is None
    assert changed.search(Query(words="", as_of=before)).total == 0
    export(changed, tmp_path / "then.mem", format="portable-memory", as_of=before)
    assert not (tmp_path / "then.mem" / FACTS).exists()


def test_the_view_of_a_moment_goes_on_after_a_deletion_and_has_none_of_it(changed: SqliteStore, give: Give) -> None:
    """A5: as-of is no way round a deletion."""
    give(tombstones=[tombstone("f", "fact")])
    assert changed.state_at(UID, day(5)) is None
    assert changed.search(Query(words="tea", as_of=day(5))).total == 0


def test_a_memory_store_of_a_moment_holds_what_held_then(store: SqliteStore, tmp_path: Path) -> None:
    """The exact bytes that go home are those of the state, not of what came later."""
    for number, text in ((1, "tea"), (9, "rye")):
        since = f"2026-01-{number:02}T00:00:00Z"
        import_paths(store, [memory_store(tmp_path / f"{number}.json", text, since)])
    export(store, tmp_path / "then", format="portable-ai-memory", as_of=day(5))
    (memory,) = msgspec.json.decode((tmp_path / "then" / "memory-store.json").read_bytes())["memories"]
    assert memory["content"] == "tea"
    export(store, tmp_path / "now", format="portable-ai-memory")
    (memory,) = msgspec.json.decode((tmp_path / "now" / "memory-store.json").read_bytes())["memories"]
    assert memory["content"] == "rye"


def memory_store(path: Path, text: str, since: str) -> Path:
    digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    memory = {
        "id": "m",
        "type": "fact",
        "content": text,
        "content_hash": digest,
        "temporal": {"created_at": "2026-01-01T00:00:00Z", "updated_at": since, "valid_from": since},
        "provenance": {"platform": "chatgpt"},
    }
    head = {"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "o"}}
    path.write_bytes(msgspec.json.encode({**head, "memories": [memory]}))
    return path
