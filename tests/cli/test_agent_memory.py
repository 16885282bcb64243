"""An artifact of Portable Agent Memory from the command line: in, found, shown, out, in another profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.profiles import SDK
from tests.cli.conftest import Run
from tests.formats.portable_agent_memory.made import artifact, entries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    values = entries(SDK)
    values["episodic"][0]["observation"] = "Rides a bicycle"
    path = tmp_path / "agent.pam"
    path.write_bytes(wire.serialise(artifact(SDK, values)))
    return path


def test_an_artifact_comes_in_is_found_and_leaves_as_it_came(path: Path, satchel: Run, tmp_path: Path) -> None:
    assert satchel("import", path).code == 0
    (hit,) = json.loads(satchel("search", "bicycle", "--json").out)["hits"]
    shown = json.loads(satchel("show", hit["record"]["uid"], "--raw").out)
    assert shown == wire.parse(path.read_bytes()).entries("episodic")[0]
    wrote = satchel("export", "--to", "portable-agent-memory", tmp_path / "out.pam")
    assert (wrote.code, wrote.err) == (0, "")
    assert "episodic" in wrote.out
    assert (tmp_path / "out.pam").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("words", [("portable-agent-memory=spec-1.0",), ("portable-agent-memory", "--profile", "spec-1.0")])
def test_a_profile_is_named_behind_the_format_or_beside_it(
    path: Path, satchel: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    satchel("import", path)
    target = tmp_path / "out.pam.cbor"
    wrote = satchel("export", "--to", *words, "--json", target)
    assert wrote.code == 0
    assert json.loads(wrote.out)["format"] == "portable-agent-memory"
    assert target.read_bytes()[:4] == b"PAM\x01"
    checked = satchel("validate", target, "--json")
    assert (checked.code, json.loads(checked.out)["valid"]) == (0, True)


def test_two_profiles_are_one_too_many(path: Path, satchel: Run, tmp_path: Path) -> None:
    satchel("import", path)
    wrote = satchel("export", "--to", "portable-agent-memory=spec-1.0", "--profile", "sdk-0.1", tmp_path / "out.pam")
    assert wrote.code == 2
    assert "leave one of them out" in wrote.err
    assert not (tmp_path / "out.pam").exists()
    assert satchel("export", "--to", "portable-memory=spec", tmp_path / "out.mem").code == 0


def test_a_damaged_artifact_is_refused_in_one_line(path: Path, satchel: Run, tmp_path: Path) -> None:
    values = entries(SDK)
    path.write_bytes(wire.serialise(artifact(SDK, values, key=None)))
    path.write_bytes(path.read_bytes().replace(values["episodic"][0]["observation"].encode(), b"Drives a lorry!"))
    said = satchel("import", path)
    assert said.code == 1
    (told,) = [line for line in said.err.splitlines() if line.startswith("satchel: ")]
    assert told.startswith("satchel: agent.pam, at /episodic/0/id: PAM_HASH_MISMATCH: ")


def test_a_trial_keeps_nothing(path: Path, satchel: Run) -> None:
    satchel("import", path)
    before = satchel("log", "--json").out
    said = satchel("import", "--dry-run", "--json", path)
    assert json.loads(said.out)["dry_run"] is True
    assert satchel("log", "--json").out == before


def test_an_artifact_is_signed_with_a_key_of_ones_own(path: Path, satchel: Run, tmp_path: Path) -> None:
    satchel("import", path)
    assert satchel("keys", "create", "main").code == 0
    wrote = satchel("export", "--to", "portable-agent-memory", "--sign", "main", tmp_path / "out.pam")
    assert wrote.code == 0
    checked = satchel("verify", tmp_path / "out.pam", "--json")
    assert checked.code == 0
    assert json.loads(checked.out)["verdict"] == "verified"
    # Somebody who does not know the key is told so, and can go on.
    assert satchel("import", tmp_path / "out.pam").code == 0
