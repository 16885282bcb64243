"""What left is noted: enough to say of any record whether it was in it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.errors import OutputError
from satchel.move.exports import digest_of, export
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.vault.made import memory


def bring(store: SqliteStore, **texts: str) -> None:
    with store.importing("an import") as intake:
        for name, text in texts.items():
            intake.put(memory(name, text))
        intake.finish(())


def uid_of(store: SqliteStore, name: str) -> str:
    return next(record.uid for record in store.records("memory") if record.origin.id == name)


def test_a_record_is_in_what_left_after_it_came_and_in_nothing_before(store: SqliteStore, tmp_path: Path) -> None:
    export(store, tmp_path / "empty.mem", format="portable-memory")
    bring(store, first="The first one")
    export(store, tmp_path / "one.mem", format="portable-memory")
    bring(store, second="The second one")
    export(store, tmp_path / "two", format="portable-ai-memory")

    def held(name: str) -> list[str]:
        return [Path(held.export.target).name for held in store.exports_holding([uid_of(store, name)])]

    assert held("first") == ["one.mem", "two"]
    assert held("second") == ["two"]


def test_an_increment_has_for_certain_only_what_is_new(store: SqliteStore, tmp_path: Path) -> None:
    bring(store, old="The old one")
    export(store, tmp_path / "full.mem", format="portable-memory")
    bring(store, new="The new one")
    export(store, tmp_path / "since.mem", format="portable-memory", since=str(tmp_path / "full.mem"))
    certain = {
        name: [(Path(held.export.target).name, held.certain) for held in store.exports_holding([uid_of(store, name)])]
        for name in ("old", "new")
    }
    assert certain == {"old": [("full.mem", 1), ("since.mem", 0)], "new": [("since.mem", 1)]}


def test_a_view_of_a_moment_and_a_choice_are_never_certain(store: SqliteStore, tmp_path: Path) -> None:
    bring(store, one="I like lighthouses")
    export(store, tmp_path / "then.mem", format="portable-memory", as_of=datetime(2030, 1, 1, tzinfo=UTC))
    export(store, tmp_path / "pasted", format="claude-text")
    assert [(held.records, held.certain) for held in store.exports_holding([uid_of(store, "one")])] == [(1, 0), (1, 0)]


def test_a_changed_record_left_in_its_earlier_state_too(store: SqliteStore, tmp_path: Path) -> None:
    bring(store, one="As it was")
    export(store, tmp_path / "before.mem", format="portable-memory")
    bring(store, one="As it is")
    assert [held.certain for held in store.exports_holding([uid_of(store, "one")])] == [1]


def test_an_export_changes_nothing_that_an_export_shows(store: SqliteStore, tmp_path: Path) -> None:
    bring(store, one="The same bytes each time")
    export(store, tmp_path / "a.mem", format="portable-memory")
    export(store, tmp_path / "b.mem", format="portable-memory")
    assert digest_of(tmp_path / "a.mem") == digest_of(tmp_path / "b.mem")


def test_what_failed_is_not_noted_and_what_was_cut_short_is(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError):
        export(store, tmp_path / "mine", format="portable-memory")
    assert store.exports() == []

    def interrupted(_target: Path) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("satchel.move.exports.digest_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(store, tmp_path / "cut.mem", format="portable-memory")
    (left,) = store.exports()
    assert (Path(left.target).name, left.digest, left.is_whole) == ("cut.mem", "", False)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
@given(st.lists(st.sampled_from(["a", "a/b", "a-b", "a.b/c", "ä", "Z/z", "a b"]), unique=True, min_size=1))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_folders_digest_is_that_of_sha256sums_list(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("export")
    for name in names:
        path = folder / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    command = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum"
    listed = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True).stdout
    assert digest_of(folder) == hashlib.sha256(listed).digest()


def test_an_export_of_another_vault_holds_nothing_of_ours(store: SqliteStore, tmp_path: Path) -> None:
    bring(store, one="Ours alone")
    with trial_vault() as other:
        bring(other, one="Theirs")
        export(other, tmp_path / "theirs.mem", format="portable-memory")
    assert store.exports_holding([uid_of(store, "one")]) == []
