"""The dossier's fixtures: three files in, the expected episodes and the expected engrams out, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from satchel.adapters.engram import render
from satchel.adapters.engram.values import canonical
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from tests.adapters.engram.harness import FIXTURES, NAMES, fixture, run
from tests.vault.state import dump_state


@pytest.fixture(autouse=True)
def _needs_the_fixtures(shared: Path) -> None:
    assert FIXTURES.is_dir()


def test_the_expected_episodes_byte_for_byte() -> None:
    outcome = run(*map(fixture, NAMES))
    assert outcome.findings == []
    lines = [canonical(episode) for episode in sorted(outcome.episodes(), key=lambda episode: episode["id"])]
    assert "\n".join(lines).encode() + b"\n" == fixture("expected-episode.jsonl")


def test_the_expected_engrams_byte_for_byte() -> None:
    assert render(run(*map(fixture, NAMES)).episodes()).encode() == fixture("expected-render.yaml")


def test_what_was_rendered_reads_as_the_same_episodes() -> None:
    episodes = run(*map(fixture, NAMES)).episodes()
    engrams = [episode for episode in episodes if episode["metadata"]["engram_record"] == "engram"]
    for wrapped in (False, True):
        assert run(render(episodes, wrapped=wrapped)).episodes() == engrams
    plur = [episode for episode in episodes if episode not in engrams]
    assert run(render(plur, kind="episode", wrapped=True)).episodes() == plur


def test_each_fixture_is_recognised() -> None:
    assert len(run(*map(fixture, NAMES), is_forced=False).roles) == 3
    assert len(run(fixture("expected-render.yaml"), is_forced=False).roles) == 1


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(fixture(name))
    with trial_vault() as store:
        batch = import_paths(store, [tmp_path])
        assert batch.platforms == ("engram",)
        assert batch.summary.counts == {"memory": {"new": 7}}
        before = dump_state(store)
        again = import_paths(store, [tmp_path])
        assert again.summary.counts == {"memory": {"unchanged": 7}}
        after = dump_state(store)
        before.pop("summaries"), after.pop("summaries")
        assert before == after
        assert store.check() == []
        kept = {store.native(record) for record in store.records("memory")}
        assert kept == {fixture(name) for name in NAMES}


def test_an_edited_memory_is_a_new_version_of_the_same(tmp_path: Path) -> None:
    path = tmp_path / "engrams.yaml"
    path.write_bytes(fixture("engrams.yaml"))
    with trial_vault() as store:
        import_paths(store, [path])
        path.write_bytes(fixture("engrams.yaml").replace(b"status: dormant", b"status: retired"))
        assert import_paths(store, [path]).summary.counts == {"memory": {"unchanged": 2, "updated": 1}}
        assert sorted(record.status for record in store.records("memory")) == ["active", "active", "archived"]
