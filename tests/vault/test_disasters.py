"""kill -9 at any moment, a full disk, two writers at once: the vault opens, and nothing is half-applied."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel.errors import VaultBusy
from satchel.trust.secrets import Secret, new_key
from satchel.vault.sqlite import connection as connections
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.conftest import ROOT
from tests.vault.made import conversation
from tests.vault.state import dump_state

KILLS = 50
TALKS = 60


def start(database: Path, key: Secret, talks: int, word: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.vault.importer", str(database), key.reveal().hex(), str(talks), word],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        **options,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def state(database: Path, key: Secret) -> dict[str, Any]:
    store = SqliteStore.open(database, key)
    assert store.check() == []
    found = dump_state(store)
    found.pop("summaries")
    store.close()
    return found


@pytest.mark.slow
def test_killed_at_random_moments_the_vault_is_as_before_or_as_after(tmp_path: Path) -> None:
    key = new_key()
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    whole = tmp_path / "whole.db"
    SqliteStore.create(whole, key, owner_id="o").close()
    before = state(whole, key)
    process = start(whole, key, TALKS, "talk")
    assert line(process) == "ready"
    began = time.monotonic()
    assert line(process) == "done"
    took = time.monotonic() - began
    process.communicate()
    after = state(whole, key)
    assert before != after

    database = tmp_path / "killed.db"
    SqliteStore.create(database, key, owner_id="o").close()
    killed = finished = 0
    while killed < KILLS:
        process = start(database, key, TALKS, "talk")
        assert line(process) == "ready"
        # The last tenth is the commit and the folding-in of the log: more than its share of kills goes there.
        moment = took * (chance.uniform(0, 1.05) if chance.random() < 0.5 else chance.uniform(0.8, 1.15))
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        was_done = "done" in process.communicate()[0]
        killed += process.returncode == -signal.SIGKILL
        found = state(database, key)
        assert found in ((after,) if was_done else (before, after))
        if found == after:
            finished += 1
            for path in tmp_path.glob("killed.db*"):
                path.unlink()
            SqliteStore.create(database, key, owner_id="o").close()
    process = start(database, key, TALKS, "talk")
    assert process.communicate()[0].split() == ["ready", "done"]
    assert state(database, key) == after


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("mounting a small file system needs the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_full_disk_is_told_and_nothing_is_half_applied(small_disk: Path) -> None:
    key = new_key()
    database = small_disk / "vault.db"
    SqliteStore.create(database, key, owner_id="o").close()
    store = SqliteStore.open(database, key)
    with store.importing("kept") as intake:
        intake.put(conversation("kept", ["kept words"]))
        intake.finish(())
    store.close()
    before = state(database, key)
    process = start(database, key, 2000, "flood")
    out = process.communicate()[0].split()
    assert out == ["ready", "vault-full"], out
    assert state(database, key) == before
    # There is room for a small one, and it goes in.
    store = SqliteStore.open(database, key)
    with store.importing("more") as intake:
        intake.put(conversation("more", ["room for this"]))
        intake.finish(())
    assert store.search(Query(words="room")).total == 1
    store.close()


def test_file_size_quota_is_told_like_a_full_disk(tmp_path: Path) -> None:
    key = new_key()
    database = tmp_path / "vault.db"
    SqliteStore.create(database, key, owner_id="o").close()
    before = state(database, key)

    def quota() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))

    process = start(database, key, 2000, "flood", preexec_fn=quota)
    assert process.communicate()[0].split() == ["ready", "vault-full"]
    assert state(database, key) == before


def test_two_importers_at_once_both_arrive_whole(tmp_path: Path) -> None:
    key = new_key()
    both, alone = tmp_path / "both.db", tmp_path / "alone.db"
    for database in (both, alone):
        SqliteStore.create(database, key, owner_id="o").close()
    processes = [start(both, key, TALKS, word) for word in ("first", "second")]
    outputs = [process.communicate()[0].split() for process in processes]
    assert all(output[0] == "ready" and output[-1] == "done" for output in outputs), outputs
    for word in ("first", "second"):
        assert start(alone, key, TALKS, word).communicate()[0].split()[-1] == "done"
    assert state(both, key) == state(alone, key)


def test_readers_go_on_while_an_import_runs(store: SqliteStore, tmp_path: Path, key: Secret) -> None:
    reader = SqliteStore.open(tmp_path / "vault.db", key)
    with store.importing("made") as intake:
        intake.put(conversation("a", ["not yet to be seen"]))
        assert reader.search(Query(words="seen")).total == 0
        intake.finish(())
    assert reader.search(Query(words="seen")).total == 1
    reader.close()


def test_opening_waits_while_another_process_folds_its_log_into_the_file(
    store: SqliteStore, tmp_path: Path, key: Secret
) -> None:
    """The last process to close holds the whole file meanwhile; one that comes then must not be turned away."""
    store.close()
    database = tmp_path / "vault.db"
    closing = connections.connect(database, key)
    closing.pragma("locking_mode", "exclusive")
    closing.execute("BEGIN IMMEDIATE; INSERT INTO meta VALUES ('made', 1); COMMIT")
    closer = threading.Timer(0.6, closing.close)
    closer.start()
    SqliteStore.open(database, key).close()
    closer.join()


def test_a_writer_that_does_not_finish_is_told(
    store: SqliteStore, tmp_path: Path, key: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WAIT_S", 0.1)
    other = SqliteStore.open(tmp_path / "vault.db", key)
    waited: list[bool] = []
    with store.importing("one"), pytest.raises(VaultBusy, match="another process"):
        other.importing("two", on_wait=lambda: waited.append(True)).__enter__()
    assert waited == [True]
    other.close()
