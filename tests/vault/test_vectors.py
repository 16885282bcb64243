"""Vectors of records: never another model's, never of what is gone or was said otherwise, and found exactly."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from satchel.errors import UsageError
from satchel.move import forgetting
from satchel.trust.secrets import new_key
from satchel.vault.sqlite import connection as connections
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting, VectorModel
from tests.vault import canaries
from tests.vault.canaries import Marks
from tests.vault.test_forgetting_residue import build

ONE = VectorModel(digest="01" * 32, name="one", dimensions=8, place="here")
OTHER = VectorModel(digest="02" * 32, name="other", dimensions=4, place="there")


def embed(store: SqliteStore, model: VectorModel, seed: int = 0, passages: int = 1) -> dict[int, np.ndarray]:
    """Random unit vectors of all records that lack them, kept; by row."""
    rng = np.random.default_rng(seed)
    store.begin_vectors(model)
    found = store.lacking_vectors(model.digest, most=10_000)
    made = {}
    for row, _ in found.records:
        vectors = rng.standard_normal((passages, model.dimensions)).astype(np.float32)
        made[row] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert store.keep_vectors(model.digest, list(made.items()), found.change)
    return made


def fill(store: SqliteStore, count: int) -> None:
    chance = random.Random(1)
    with store.importing("memories") as intake:
        for number in range(count):
            intake.put(canaries.single("memory", f"m{number}", Marks(chance), small=True))
        intake.finish(())


@pytest.mark.parametrize("passages", [1, 3])
def test_the_nearest_are_those_that_all_cosines_tell(store: SqliteStore, passages: int) -> None:
    fill(store, 700)
    made = embed(store, ONE, passages=passages)
    assert store.finish_vectors(ONE.digest)
    for seed in range(20):
        query = np.random.default_rng(seed).standard_normal(8).astype(np.float32)
        query /= np.linalg.norm(query)
        # What the vault holds is of half precision.
        cosines = {row: float((vectors.astype(np.float16).astype(np.float32) @ query).max()) for row, vectors in made.items()}
        best = sorted(cosines, key=lambda row: -cosines[row])
        found = store.nearest(ONE.digest, query, 10)
        assert [near.row for near in found] == best[:10]
        assert [near.cosine for near in found] == pytest.approx([cosines[row] for row in best[:10]], abs=1e-6)
        also = store.nearest(ONE.digest, query, 10, also=best[-3:])
        assert [near.row for near in also] == best[:10] + best[-3:]
        assert [near.cosine for near in also[-3:]] == pytest.approx([cosines[row] for row in best[-3:]], abs=0.01)


def test_a_record_of_very_many_passages_takes_one_place(store: SqliteStore) -> None:
    fill(store, 3)
    store.begin_vectors(ONE)
    found = store.lacking_vectors(ONE.digest)
    east, north = np.eye(8, dtype=np.float32)[:2]
    made = [(1, np.tile(east, (500, 1))), (2, ((east + north) / 2**0.5)[None]), (3, north[None])]
    assert store.keep_vectors(ONE.digest, made, found.change)
    near = store.nearest(ONE.digest, east, 2)
    assert [each.row for each in near] == [1, 2] and near[1].cosine == pytest.approx(0.5**0.5, abs=1e-3)


def test_a_model_is_used_when_all_records_have_its_vectors_and_the_one_before_until_then(store: SqliteStore) -> None:
    fill(store, 5)
    embed(store, ONE)
    assert [model.in_use for model in store.vector_models()] == [False]
    assert store.finish_vectors(ONE.digest)
    store.begin_vectors(OTHER)
    found = store.lacking_vectors(OTHER.digest, most=2)
    assert len(found.records) == 2
    some = [(row, np.eye(1, 4, dtype=np.float32)) for row, _ in found.records]
    assert store.keep_vectors(OTHER.digest, some, found.change)
    assert not store.finish_vectors(OTHER.digest)
    models = store.vector_models()
    assert [(model.name, model.in_use, model.records) for model in models] == [("one", True, 5), ("other", False, 2)]
    assert len(store.nearest(ONE.digest, np.eye(1, 8, dtype=np.float32)[0], 9)) == 5
    # Killed here, it goes on behind what it has.
    assert [row for row, _ in store.lacking_vectors(OTHER.digest).records] == [3, 4, 5]
    embed(store, OTHER)
    assert store.finish_vectors(OTHER.digest)
    assert [(model.name, model.in_use, model.records) for model in store.vector_models()] == [("other", True, 5)]
    assert rows(store.connection, "SELECT count(*) FROM vector") == [(5,)]
    with pytest.raises(UsageError):
        store.nearest(ONE.digest, np.eye(1, 8, dtype=np.float32)[0], 9)


def test_another_begun_model_takes_the_place_of_one_that_was_not_finished(store: SqliteStore) -> None:
    fill(store, 3)
    embed(store, ONE)
    embed(store, OTHER)
    assert [model.name for model in store.vector_models()] == ["other"]
    assert store.drop_vectors() == 3
    assert store.vector_models() == [] and rows(store.connection, "SELECT * FROM vector") == []


def test_long_records_come_in_smaller_pages(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 5)
    store.begin_vectors(ONE)
    monkeypatch.setattr("satchel.vault.sqlite.vectors._HELD_BYTES", 1)
    assert [row for row, _ in store.lacking_vectors(ONE.digest).records] == [1]
    assert [row for row, _ in store.lacking_vectors(ONE.digest, after=4).records] == [5]
    assert store.lacking_vectors(ONE.digest, after=5).records == []


def test_vectors_of_another_size_are_refused(store: SqliteStore) -> None:
    fill(store, 1)
    store.begin_vectors(ONE)
    change = store.last_change()
    with pytest.raises(UsageError):
        store.keep_vectors(ONE.digest, [(1, np.ones((1, 7), np.float32))], change)
    with pytest.raises(UsageError):
        store.keep_vectors(OTHER.digest, [(1, np.ones((1, 4), np.float32))], change)
    with pytest.raises(UsageError):
        store.nearest(ONE.digest, np.ones(7, np.float32), 1)
    assert store.nearest(ONE.digest, np.ones(8, np.float32), 1) == []


def test_what_was_made_of_an_earlier_state_is_not_kept(store: SqliteStore) -> None:
    """Somebody forgets between reading and keeping: what was read must not come back as a vector."""
    fill(store, 3)
    store.begin_vectors(ONE)
    found = store.lacking_vectors(ONE.digest)
    forgetting.forget(store, Forgetting(uids=(found.records[0][1].uid,)))
    made = [(row, np.ones((1, 8), np.float32)) for row, _ in found.records]
    assert not store.keep_vectors(ONE.digest, made, found.change)
    assert rows(store.connection, "SELECT * FROM vector") == []


def test_a_record_that_changes_has_no_vector_until_it_is_made_anew(store: SqliteStore) -> None:
    chance = random.Random(3)
    with store.importing("first") as intake:
        intake.put(canaries.single("memory", "m", Marks(chance), small=False, updated=1))
        intake.put(canaries.single("memory", "n", Marks(chance), small=False, updated=1))
        intake.finish(())
    embed(store, ONE)
    store.finish_vectors(ONE.digest)
    query = np.ones(8, np.float32)
    assert len(store.nearest(ONE.digest, query, 9)) == 2
    with store.importing("again") as intake:
        intake.put(canaries.single("memory", "m", Marks(chance), small=False, updated=5))
        batch = intake.finish(())
    (lacking,) = store.lacking_vectors(ONE.digest).records
    assert lacking[1].origin.id == "m"
    assert [near.row for near in store.nearest(ONE.digest, query, 9)] == [2]
    embed(store, ONE)
    assert len(store.nearest(ONE.digest, query, 9)) == 2
    store.undo(batch.id)
    assert [row for row, _ in store.lacking_vectors(ONE.digest).records] == [1]


def test_an_undone_import_leaves_no_vector(store: SqliteStore) -> None:
    fill(store, 4)
    embed(store, ONE)
    store.undo(2)
    assert rows(store.connection, "SELECT * FROM vector") == []


def test_a_dry_run_leaves_vectors_as_they_are(store: SqliteStore) -> None:
    fill(store, 2)
    made = embed(store, ONE)
    store.undo(2, dry_run=True)
    assert rows(store.connection, "SELECT record FROM vector ORDER BY 1") == [(row,) for row in made]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vaults without encryption: what is in a page can be read."""
    monkeypatch.setattr(connections, "_unlock", lambda *_: None)


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 1 << 32), mode=st.sampled_from(["delete", "redact"]), size=st.integers(1, 12))
def test_no_vector_of_what_was_forgotten_is_in_any_byte(
    plain: None, tmp_path_factory: pytest.TempPathFactory, seed: int, mode: str, size: int
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("plain")
    store = SqliteStore.create(folder / "vault.db", new_key(), owner_id="o")
    build(store, chance)
    made = embed(store, ONE, seed=seed)
    store.finish_vectors(ONE.digest)
    # One model is in use, another half made.
    also = embed(store, OTHER, seed=seed + 1)
    store.nearest(ONE.digest, np.ones(8, np.float32), 5)
    uids = dict(rows(store.connection, "SELECT id, lower(hex(uid)) FROM record"))

    def bytes_of(row: int) -> list[bytes]:
        return [vectors[row].astype("<f2").tobytes() for vectors in (made, also)]

    def present(row: int) -> list[bool]:
        held = b"\n".join(data for path in sorted(folder.iterdir()) for data in [path.read_bytes()])
        return [needle in held for needle in bytes_of(row)]

    assert all(all(present(row)) for row in made)
    named = chance.sample(sorted(uids.values()), size)
    erased = forgetting.forget(store, Forgetting(uids=tuple(named), mode=mode))  # type: ignore[arg-type]
    gone = [row for row, uid in uids.items() if uid in erased.uids]
    assert erased.stores.vectors == len(gone) > 0
    assert not any(any(present(row)) for row in gone)
    assert store.check() == []
    near = {each.row for each in store.nearest(ONE.digest, np.ones(8, np.float32), 1000)}
    assert not near & set(gone)
    # Memory too: nothing of them is left where the scan looks.
    assert not np.isin(store._matrix._records, gone).any()
    store.close()
    assert not any(any(present(row)) for row in gone)


def test_another_process_that_forgets_is_heard(tmp_path: Path) -> None:
    key = new_key()
    with SqliteStore.create(tmp_path / "vault.db", key, owner_id="o") as store:
        fill(store, 6)
        embed(store, ONE)
        store.finish_vectors(ONE.digest)
        query = np.ones(8, np.float32)
        assert len(store.nearest(ONE.digest, query, 9)) == 6
        with SqliteStore.open(tmp_path / "vault.db", key) as other:
            (record,) = other.by_rows([3])
            assert record is not None
            forgetting.forget(other, Forgetting(uids=(record.uid,)))
        assert {near.row for near in store.nearest(ONE.digest, query, 9)} == {1, 2, 4, 5, 6}
        assert not np.isin(store._matrix._records, [3]).any()


def test_a_check_finds_vectors_of_no_record(store: SqliteStore) -> None:
    fill(store, 2)
    embed(store, ONE)
    assert store.check() == []
    store.connection.execute("UPDATE vector SET record = 99 WHERE record = 1")
    assert [finding.code for finding in store.check()] == ["vault-vectors"]
