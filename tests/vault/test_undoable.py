"""The undo window: until it ends an erasure can be taken back exactly, and what it keeps stands in one sealed place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from satchel.errors import Place, UsageError, VaultError
from satchel.model.record import Link, Tombstone
from satchel.move import forgetting
from satchel.trust.secrets import new_key
from satchel.vault.sqlite import store as stores
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting, Query, Tombs
from tests.vault import canaries
from tests.vault.canaries import Marks
from tests.vault.made import conversation
from tests.vault.test_forgetting_residue import build, plain
from tests.vault.test_vectors import ONE, embed

__all__ = ["plain"]

WEEK = timedelta(days=7)
#: What an undo leaves: the log of changes, settings, the key that was made to sign.
_GROWS = ("audit", "batch", "meta", "sqlite_sequence", "signing_key")


def contents(store: SqliteStore) -> dict[str, Any]:
    """All rows of all tables, and every word of both indexes at its place."""
    connection = store.connection
    names = [name for (name,) in rows(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found: dict[str, Any] = {
        name: sorted(rows(connection, f'SELECT * FROM "{name}"'), key=repr)
        for name in names
        if name not in _GROWS and not name.startswith(("text_index", "aside_index"))
    }
    found["batch"] = rows(connection, "SELECT * FROM batch WHERE kind = 'import' ORDER BY id")
    for index in ("text_index", "aside_index"):
        connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.said_{index} USING fts5vocab (main, {index}, instance)")
        found[index] = sorted(rows(connection, f"SELECT term, doc, col, offset FROM temp.said_{index}"))
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """The present, which a test can change."""
    at = [datetime(2026, 11, 22, 12, tzinfo=UTC)]
    monkeypatch.setattr(stores, "now", lambda: at[0])
    return at  # type: ignore[return-value]


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 1 << 32),
    mode=st.sampled_from(["delete", "redact"]),
    quotations=st.sampled_from(["flag", "scrub"]),
    size=st.integers(1, 12),
)
def test_it_is_gone_everywhere_but_in_one_sealed_place_and_comes_back_exactly(
    plain: None, tmp_path_factory: pytest.TempPathFactory, seed: int, mode: str, quotations: str, size: int
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("plain")
    store = SqliteStore.create(folder / "vault.db", new_key(), owner_id="o")
    held = build(store, chance)
    embed(store, ONE, seed)
    assert store.finish_vectors(ONE.digest)
    store.set_undo_window(WEEK)
    everything = [mark for marks in held.values() for mark in marks]
    before = contents(store)
    named = chance.sample(sorted(held), min(size, len(held)))
    asked = Forgetting(uids=tuple(named), mode=mode, quotations=quotations)  # type: ignore[arg-type]
    erased = forgetting.forget(store, asked)
    gone = [mark for uid in erased.uids for mark in held.get(uid, [])]
    assert erased.undo_until is not None
    assert [(each.change, each.records) for each in store.held_back()] == [(erased.change, len(erased.uids))]
    # The vault is not encrypted here, and yet nothing of it can be read, for the one place is sealed.
    assert canaries.residue(folder, gone, store) == set()
    assert store.check() == []
    store.close()
    assert canaries.residue(folder, gone) == set()

    store = SqliteStore.open(folder / "vault.db", new_key())
    store.undo(erased.change)
    assert contents(store) == before
    assert store.check() == [] and store.held_back() == [] and store.erasures() == []
    assert canaries.residue(folder, everything, store) == set(everything)
    assert all(store.get(uid) is not None for uid in held)

    # For good, after all: neither the content nor the key that sealed it is in any byte.
    again = forgetting.forget(store, asked)
    ((key,),) = rows(store.connection, "SELECT key FROM undoable")
    (sealed,) = rows(store.connection, "SELECT data FROM undoable_row ORDER BY length(data) DESC LIMIT 1")[0]
    assert key in (folder / "vault.db").read_bytes() + (folder / "vault.db-wal").read_bytes(), "the control"
    assert store.purge() == [again.change]
    assert canaries.residue(folder, gone, store) == set()
    store.close()
    left = b"".join(path.read_bytes() for path in folder.iterdir())
    assert key not in left and sealed[:64] not in left and sealed[-64:] not in left
    assert canaries.residue(folder, gone) == set()


def filled(store: SqliteStore, *names: str) -> dict[str, str]:
    """Memories of these names; their uids."""
    with store.importing("import") as intake:
        made = {name: canaries.single("memory", name, Marks(random.Random(name)), small=True) for name in names}
        for each in made.values():
            intake.put(each)
        intake.finish(())
    return {name: each.uid for name, each in made.items()}


def test_without_a_setting_it_is_for_good(store: SqliteStore) -> None:
    uids = filled(store, "a")
    erased = forgetting.forget(store, Forgetting(uids=(uids["a"],)))
    assert erased.undo_until is None and store.held_back() == []
    assert rows(store.connection, "SELECT * FROM undoable_row") == []
    with pytest.raises(UsageError, match="was for good"):
        store.undo(erased.change)


def test_the_first_opening_after_the_window_purges_it(tmp_path: Path, clock: list[datetime]) -> None:
    key = new_key()
    with SqliteStore.create(tmp_path / "vault.db", key, owner_id="o") as store:
        uids = filled(store, "a")
        store.set_undo_window(WEEK)
        erased = forgetting.forget(store, Forgetting(uids=tuple(uids.values())))
    assert erased.undo_until == clock[0] + WEEK
    clock[0] += WEEK - timedelta(seconds=1)
    with SqliteStore.open(tmp_path / "vault.db", key) as store:
        assert len(store.held_back()) == 1
        clock[0] += timedelta(seconds=1)
        # Also by whoever had it open all the while.
        with pytest.raises(UsageError, match="was for good"):
            store.undo(erased.change)
    with SqliteStore.open(tmp_path / "vault.db", key) as store:
        assert store.held_back() == [] and rows(store.connection, "SELECT * FROM undoable_row") == []
        assert [entry.detail for entry in store.audit() if entry.operation == "purge"] == [{"changes": [erased.change]}]


def test_the_newest_first_and_what_is_purged_takes_the_older_along(store: SqliteStore) -> None:
    uids = filled(store, "a", "b", "c")
    before = contents(store)
    store.set_undo_window(WEEK)
    first, second = (forgetting.forget(store, Forgetting(uids=(uids[name],))).change for name in "ab")
    with pytest.raises(UsageError, match=f"change {second} erased since then"):
        store.undo(first)
    store.undo(second)
    store.undo(first)
    assert contents(store) == before
    forgetting.forget(store, Forgetting(uids=(uids["a"],)))
    # One that is for good leaves nothing of the others either, in whose pack it stood.
    store.forget(Forgetting(uids=(uids["b"],)), tombs=lambda *_: lambda _: Tombs((), ""), at_once=True)
    assert store.held_back() == [] and rows(store.connection, "SELECT * FROM undoable_row") == []


def test_what_came_since_stays(store: SqliteStore) -> None:
    uids = filled(store, "a", "b")
    with store.importing("talks") as intake:
        intake.put(conversation("one", ["first words", "second words"], element=0))
        intake.finish(())
    store.set_undo_window(WEEK)
    erased = forgetting.forget(store, Forgetting(words="second words"))
    # The row's number of the last record is given again.
    later = filled(store, "d", "e")
    assert store.search(Query(words="second")).total == 0
    store.undo(erased.change)
    assert store.search(Query(words="second")).total == 1
    assert all(store.get(uid) is not None for uid in (*uids.values(), *later.values()))
    assert store.check() == []
    (talk,) = store.records("conversation")
    assert len(list(store.messages(talk.uid))) == 2


def test_where_what_it_changed_was_changed_again_nothing_is_undone(store: SqliteStore) -> None:
    uids = filled(store, "a", "b")
    store.set_undo_window(WEEK)
    erased = forgetting.forget(store, Forgetting(uids=(uids["a"],)))
    # The pack that both stand in goes.
    store.undo(2)
    left = contents(store)
    with pytest.raises(UsageError, match="was changed again"):
        store.undo(erased.change)
    assert contents(store) == left and store.held_back()


def test_what_came_again_is_not_overwritten(store: SqliteStore) -> None:
    uids = filled(store, "a", "b")
    store.set_undo_window(WEEK)
    erased = forgetting.forget(store, Forgetting(uids=(uids["a"],)))
    with store.importing("again") as intake:
        intake.allow([uids["a"]])
        intake.put(canaries.single("memory", "a", Marks(random.Random("a")), small=True))
        intake.finish(())
    left = contents(store)
    with pytest.raises(UsageError, match="was changed again") as refused:
        store.undo(erased.change)
    assert contents(store) == left
    # The hint is one that works.
    assert refused.value.hint and refused.value.hint.endswith("satchel undo 4")
    store.undo(4)


def test_somebody_elses_tombstone_leaves_nothing_held(store: SqliteStore) -> None:
    uids = filled(store, "a", "b")
    store.set_undo_window(WEEK)
    forgetting.forget(store, Forgetting(uids=(uids["a"],)))
    with store.importing("tombstones") as intake:
        intake.bury(Tombstone(targets=(uids["b"],), op="delete", format="made", native=b"{}", place=Place("t.jsonl")))
        intake.finish(())
    # Both stood in one pack, whose bytes were held.
    assert store.get(uids["b"]) is None
    assert store.held_back() == [] and rows(store.connection, "SELECT * FROM undoable_row") == []


def test_derived_records_come_back_with_their_links(store: SqliteStore) -> None:
    chance = random.Random(2)
    with store.importing("graph") as intake:
        first = canaries.single("memory", "a", Marks(chance), small=True)
        intake.put(first)
        one = canaries.single("memory", "one", Marks(chance), small=True, links=(Link("derived_from", first.uid),))
        intake.put(one)
        intake.finish(())
    before = contents(store)
    store.set_undo_window(WEEK)
    erased = forgetting.forget(store, Forgetting(uids=(first.uid,)))
    assert set(erased.uids) == {first.uid, one.uid}
    summary = store.undo(erased.change, dry_run=True)
    assert summary.restored == {"memory": 2} and store.get(one.uid) is None
    store.undo(erased.change)
    assert contents(store) == before
    assert [type for type, _ in store.linking_to(first.uid)] == ["derived_from"]


def test_a_row_that_was_tampered_with_is_refused(store: SqliteStore) -> None:
    uids = filled(store, "a")
    store.set_undo_window(WEEK)
    erased = forgetting.forget(store, Forgetting(uids=tuple(uids.values())))
    store.connection.execute("UPDATE undoable_row SET data = x'00' WHERE id = (SELECT max(id) FROM undoable_row)")
    left = contents(store)
    with pytest.raises(VaultError, match="damaged"):
        store.undo(erased.change)
    assert contents(store) == left


def test_vectors_come_back_and_those_made_meanwhile_of_other_words_go(store: SqliteStore) -> None:
    chance = random.Random(6)
    with store.importing("talks") as intake:
        intake.put(canaries.talk("t", Marks(chance), [Marks(chance) for _ in range(3)], file="t.json"))
        intake.put(canaries.single("memory", "m", Marks(chance), small=True))
        intake.finish(())
    embed(store, ONE)
    before = contents(store)
    store.set_undo_window(WEEK)
    uid = canaries.record("message", "t/1", Marks(chance)).uid
    erased = forgetting.forget(store, Forgetting(uids=(uid,)))
    assert len(rows(store.connection, "SELECT * FROM vector")) < len(before["vector"])
    embed(store, ONE, seed=9)
    store.undo(erased.change)
    assert contents(store) == before
