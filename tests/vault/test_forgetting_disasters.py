"""Killed or out of disk while it forgets: the vault has all of it or none of it, tombstones and bars included."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import VaultFull
from satchel.move import forgetting
from satchel.trust.secrets import Secret, new_key
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting, Query
from tests.conftest import ROOT
from tests.vault.made import conversation
from tests.vault.state import dump_state
from tests.vault.test_disasters import small_disk

__all__ = ["small_disk"]

KILLS = 25
_FILL = "some more words to fill the page with text " * 20


def fill(store: SqliteStore, talks: int, word: str) -> None:
    with store.importing(word) as intake:
        for number in range(talks):
            words = [f"{word if step % 2 else 'other'} {number} {step} {_FILL}" for step in range(8)]
            intake.put(conversation(f"{word}-{number}", words, element=number))
        intake.finish(())


def start(database: Path, key: Secret, words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.vault.forgetter", str(database), key.reveal().hex(), words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        **options,
    )


def state(database: Path, key: Secret) -> dict[str, Any]:
    store = SqliteStore.open(database, key)
    assert store.check() == []
    found = dump_state(store)
    counted = ("tombstone", "grave", "erased_text", "erasure", "audit", "undoable", "undoable_row")
    found["counts"] = [store.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in counted]
    found["hits"] = store.search(Query(words="secretly")).total
    store.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("window", "then"), [(0, "secretly"), (7, "secretly"), (7, "undo"), (7, "purge")])
def test_killed_at_random_moments_all_of_it_is_gone_or_none(tmp_path: Path, window: int, then: str) -> None:
    key = new_key()
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    made = tmp_path / "made.db"
    with SqliteStore.create(made, key, owner_id="o") as store:
        fill(store, 40, "secretly")
        # Made beforehand, so that only the forgetting is under way.
        store.create_signing_key("main")
        if window:
            store.set_undo_window(timedelta(days=window))
        if then != "secretly":
            forgetting.forget(store, Forgetting(words="secretly"))
    before = state(made, key)
    whole = tmp_path / "whole.db"
    shutil.copy(made, whole)
    process = start(whole, key, then)
    assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    began = time.monotonic()
    assert process.stdout.readline().strip() == "done"
    took = time.monotonic() - began
    process.communicate()
    after = state(whole, key)
    assert (bool(before["hits"]), bool(after["hits"])) == {
        "secretly": (True, False),
        "undo": (False, True),
        "purge": (False, False),
    }[then]
    assert before != after
    for attempt in range(KILLS):
        database = tmp_path / f"killed-{attempt}.db"
        shutil.copy(made, database)
        process = start(database, key, then)
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
        time.sleep(took * (chance.uniform(0, 1.05) if chance.random() < 0.5 else chance.uniform(0.7, 1.1)))
        process.send_signal(signal.SIGKILL)
        was_done = "done" in process.communicate()[0]
        found = state(database, key)
        assert found in ((after,) if was_done else (before, after))
        for path in tmp_path.glob(f"killed-{attempt}.db*"):
            path.unlink()


def test_a_full_disk_forgets_nothing(small_disk: Path) -> None:
    key = new_key()
    database = small_disk / "vault.db"
    with SqliteStore.create(database, key, owner_id="o") as store:
        store.create_signing_key("main")
        fill(store, 60, "secretly")
    rest = shutil.disk_usage(small_disk).free
    (small_disk / "stone").write_bytes(bytes(max(0, rest - (150 << 10))))
    before = state(database, key)
    assert start(database, key, "secretly").communicate()[0].split() == ["ready", "vault-full"]
    assert state(database, key) == before
    # With room, it goes.
    (small_disk / "stone").unlink()
    assert start(database, key, "secretly").communicate()[0].split() == ["ready", "done"]
    assert state(database, key)["hits"] == 0


def test_a_quota_forgets_nothing(tmp_path: Path) -> None:
    key = new_key()
    database = tmp_path / "vault.db"
    with SqliteStore.create(database, key, owner_id="o") as store:
        store.create_signing_key("main")
        fill(store, 60, "secretly")
    before = state(database, key)

    def quota() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))

    assert start(database, key, "secretly", preexec_fn=quota).communicate()[0].split() == ["ready", "vault-full"]
    assert state(database, key) == before


def test_an_error_in_the_middle_takes_all_of_it_back(store: SqliteStore) -> None:
    fill(store, 2, "secretly")
    before = dump_state(store)

    def fail(*_: object) -> Any:
        raise VaultFull("no room for tombstones")

    with pytest.raises(VaultFull):
        store.forget(Forgetting(words="secretly"), tombs=lambda *_: fail)
    assert dump_state(store) == before and store.erasures() == []


def test_another_process_that_reads_keeps_the_old_pages_and_that_is_said(tmp_path: Path) -> None:
    key = new_key()
    with SqliteStore.create(tmp_path / "vault.db", key, owner_id="o") as store:
        fill(store, 2, "secretly")
    with SqliteStore.open(tmp_path / "vault.db", key) as store, SqliteStore.open(tmp_path / "vault.db", key) as reader:
        reader.connection.execute("BEGIN")
        assert reader.search(Query(words="secretly")).total
        assert not forgetting.forget(store, Forgetting(words="secretly")).log_cleared
        reader.connection.execute("COMMIT")
        assert reader.search(Query(words="secretly")).total == 0
