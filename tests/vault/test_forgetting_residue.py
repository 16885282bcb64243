"""Nothing of what was forgotten is in any byte: random vaults of every kind, random requests, marks in every field."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from satchel.model.bodies import KINDS
from satchel.model.record import Link
from satchel.move import forgetting
from satchel.trust.secrets import new_key
from satchel.vault.sqlite import connection as connections
from satchel.vault.sqlite import erasing, excision
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting
from tests.vault import canaries
from tests.vault.canaries import Marks
from tests.vault.state import dump_state


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vaults without encryption: what is in a page can be read."""
    monkeypatch.setattr(connections, "_unlock", lambda *_: None)


def build(store: SqliteStore, chance: random.Random) -> dict[str, list[str]]:
    """A vault with something of every kind; the marks by uid."""
    marks: dict[str, Marks] = {}
    held: dict[str, list[str]] = {}

    def fresh() -> Marks:
        return Marks(chance)

    def keep(uid: str, found: Marks) -> Marks:
        held.setdefault(uid, found.all)
        marks[uid] = found
        return found

    with store.importing(f"import {chance.random()}") as intake:
        for kind in KINDS:
            if kind in ("message", "conversation"):
                continue
            for number in range(2):
                found = fresh()
                intake.put(canaries.single(kind, f"{kind}{number}", found, small=bool(number), updated=0))
                keep(canaries.record(kind, f"{kind}{number}", fresh()).uid, found)
        for number in range(2):
            found = fresh()
            made = canaries.asset(f"file{number}", found)
            intake.put_asset(made)
            keep(made.record.uid, found)
        for number in range(2):
            talk = [fresh() for _ in range(3)]
            head = fresh()
            intake.put(canaries.talk(f"talk{number}", head, talk, file="talks.json"))
            keep(canaries.record("conversation", f"talk{number}", fresh()).uid, head)
            for at, found in enumerate(talk):
                keep(canaries.record("message", f"talk{number}/{at}", fresh()).uid, found)
        intake.finish(())
    # Later states: versions, rewritten originals, a talk that came twice.
    with store.importing("again") as intake:
        for kind in ("memory", "entity"):
            found = fresh()
            made = canaries.single(kind, f"{kind}0", found, small=False, updated=5)
            intake.put(made)
            held[made.uid] += found.all
        head, talk = fresh(), [fresh() for _ in range(3)]
        intake.put(canaries.talk("talk0", head, talk, file="talks.json", updated=9))
        held[canaries.record("conversation", "talk0", fresh()).uid] += head.all
        for at, found in enumerate(talk):
            held[canaries.record("message", f"talk0/{at}", fresh()).uid] += found.all
        intake.finish(())
    return held


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 1 << 32), mode=st.sampled_from(["delete", "redact"]), size=st.integers(1, 12))
def test_no_mark_of_what_was_forgotten_is_in_any_byte(
    plain: None, tmp_path_factory: pytest.TempPathFactory, seed: int, mode: str, size: int
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("plain")
    store = SqliteStore.create(folder / "vault.db", new_key(), owner_id="o")
    held = build(store, chance)
    everything = [mark for marks in held.values() for mark in marks]
    # The positive control: the look finds what is there.
    assert canaries.residue(folder, everything, store) == set(everything)
    named = chance.sample(sorted(held), min(size, len(held)))
    erased = forgetting.forget(store, Forgetting(uids=tuple(named), mode=mode))  # type: ignore[arg-type]
    gone = [mark for uid in erased.uids for mark in held.get(uid, [])]
    staying = [mark for uid, marks in held.items() if uid not in erased.uids for mark in marks]
    assert erased.log_cleared
    assert canaries.residue(folder, gone, store) == set()
    assert store.check() == []
    store.close()
    assert canaries.residue(folder, gone) == set()
    # What stays, stays whole.
    store = SqliteStore.open(folder / "vault.db", new_key())
    assert canaries.residue(folder, staying, store) == set(staying)
    for uid in held:
        assert (store.get(uid) is None) == (uid in erased.uids and mode == "delete")
    store.close()


def test_undo_and_the_past_do_not_bring_it_back(plain: None, tmp_path: Path) -> None:
    store = SqliteStore.create(tmp_path / "vault.db", new_key(), owner_id="o")
    chance = random.Random(1)
    held = build(store, chance)
    uid = canaries.record("memory", "memory0", Marks(chance)).uid
    forgetting.forget(store, Forgetting(uids=(uid,)))
    store.undo(3)
    assert store.get(uid) is None and store.versions(uid) == []
    assert canaries.residue(tmp_path, held[uid], store) == set()


def test_what_rests_on_two_stays_and_what_rests_on_one_goes(store: SqliteStore) -> None:
    chance = random.Random(2)
    with store.importing("graph") as intake:
        uids = []
        for name in ("a", "b"):
            made = canaries.single("memory", name, Marks(chance), small=True)
            intake.put(made)
            uids.append(made.uid)
        a, b = uids
        both = canaries.single(
            "memory", "both", Marks(chance), small=True, links=(Link("derived_from", a), Link("evidence", b))
        )
        one = canaries.single("memory", "one", Marks(chance), small=True, links=(Link("derived_from", a),))
        further = canaries.single("memory", "further", Marks(chance), small=True, links=(Link("derived_from", one.uid),))
        for made in (both, one, further):
            intake.put(made)
        intake.finish(())
    closure = forgetting.preview(store, Forgetting(uids=(a,)))
    how = {record.uid: record.how for record in closure.records}
    assert how == {a: "named", one.uid: "unfounded", further.uid: "unfounded", both.uid: "witness"}
    erased = forgetting.forget(store, Forgetting(uids=(a,)), expected=closure)
    assert set(erased.uids) == {a, one.uid, further.uid} and store.get(both.uid) is not None
    # Its last evidence takes it along.
    assert set(forgetting.forget(store, Forgetting(uids=(b,))).uids) == {b, both.uid}


@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 1 << 32), mode=st.sampled_from(["delete", "redact"]), size=st.integers(2, 30))
def test_some_at_a_time_comes_to_the_same(
    plain: None, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, seed: int, mode: str, size: int
) -> None:
    """However few are erased at once, the vault is the same afterwards, and what is told of it."""
    told = []
    for together in (500, 1):
        monkeypatch.setattr(erasing, "_TOGETHER", together)
        chance = random.Random(seed)
        folder = tmp_path_factory.mktemp("plain")
        with SqliteStore.create(folder / "vault.db", new_key(), owner_id="o") as store:
            held = build(store, chance)
            named = random.Random(seed).sample(sorted(held), min(size, len(held)))
            erased = forgetting.forget(store, Forgetting(uids=tuple(named), mode=mode))  # type: ignore[arg-type]
            gone = [mark for uid in erased.uids for mark in held.get(uid, [])]
            assert canaries.residue(folder, gone, store) == set()
            assert store.check() == []
            state = dump_state(store)
            # What was emptied has a digest of chance.
            records = [(*row[:7], row[8]) for row in state["records"]]
            told.append((erased.uids, erased.counts, erased.stores, records, state["versions"], state["blobs"]))
    assert told[0] == told[1]


def test_what_shares_kept_bytes_is_erased_at_once(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "_TOGETHER", 1)
    chance = random.Random(4)
    with store.importing("talks") as intake:
        for number in range(3):
            intake.put(canaries.talk(f"t{number}", Marks(chance), [Marks(chance) for _ in range(4)], file="t.json"))
        intake.put(canaries.single("memory", "m", Marks(chance), small=True))
        intake.finish(())
    read = excision.reader(store.connection, store._kept)
    found = [excision.find(store.connection, bytes.fromhex(record.uid), read) for record in store.records()]
    chance.shuffle(found)
    groups = list(erasing.together(store.connection, [each for each in found if each]))
    assert sorted(map(len, groups)) == [1, 5, 5, 5]
    # Their states are at hand, for the bytes they are read from go first.
    assert all(each.read is None and each.states for group in groups for each in group)
