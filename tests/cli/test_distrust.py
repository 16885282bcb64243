"""``satchel distrust`` and ``satchel reach`` of a source, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT


def given(satchel: Run, task: str = "brakes, repair course") -> set[str]:
    told = json.loads(satchel("context", "--task", task, "--reader", "desk", "--json").out)
    return {item["uid"] for item in told["context"]["given"]}


@pytest.fixture
def vault(satchel: Run) -> Run:
    assert satchel("import", ROOT / "examples" / "claude").code == 0
    return satchel


def test_a_poisoned_source_in_one_command(vault: Run) -> None:
    before = given(vault)
    assert before
    done = vault("distrust", "--source", "claude", "--dry-run")
    assert done.code == 0 and "Dry run" in done.out and "desk" in done.out
    assert given(vault) == before
    refused = vault("distrust", "--source", "claude")
    assert refused.code == 2 and "--yes" in refused.err
    done = vault("distrust", "--source", "claude", "--yes")
    assert done.code == 0 and "--lift 1" in done.out
    assert given(vault) == set() and "Nothing" in vault("recall", "brakes").out
    # Kept from recall, and from nothing else.
    assert "Nothing" not in vault("search", "brakes").out
    assert "claude" not in vault("distrust", "--list").out and "platform" in vault("distrust", "--list").out
    assert vault("distrust", "--lift", "1").code == 0 and given(vault) == before
    assert vault("stats", "--check").code == 0


def test_forgotten_instead(vault: Run) -> None:
    told = json.loads(vault("distrust", "--import", "2", "--forget", "--yes", "--json").out)
    assert told["done"]["mode"] == "delete" and told["closure"]["going"]
    assert "Nothing" in vault("search", "brakes").out and vault("stats", "--check").code == 0


def test_who_saw_a_source(vault: Run) -> None:
    given(vault)
    told = json.loads(vault("reach", "--source", "claude", "--json").out)
    assert len(told["records"]) > 3 and told["contexts"][0]["reader"] == "desk"
    assert "of it" in vault("reach", "--source", "claude").out


def test_wrong_uses(vault: Run) -> None:
    for words, hint in [
        (["distrust"], "nothing was named"),
        (["reach"], "nothing was named"),
        (["distrust", "--source", "nowhere"], "nothing in the vault"),
        (["distrust", "--key", "x"], "no public key"),
        (["distrust", "--lift", "7"], "no quarantine 7"),
        (["distrust", "--import", "99"], "nothing in the vault"),
    ]:
        refused = vault(*words)
        assert refused.code in (1, 2) and hint in refused.err, refused


def test_a_signed_store_by_its_key(satchel: Run, tmp_path: Path) -> None:
    satchel("import", ROOT / "examples" / "claude")
    satchel("keys", "create")
    public = next(iter(json.loads(satchel("keys", "list", "--json").out).values()))[0]["public"]
    assert satchel("export", "--to", "portable-ai-memory", tmp_path / "store", "--sign", "main").code == 0
    satchel_other = tmp_path / "other"
    assert satchel("--vault", satchel_other, "import", tmp_path / "store").code == 0
    told = json.loads(satchel("--vault", satchel_other, "distrust", "--key", public, "--dry-run", "--json").out)
    assert sum(sum(kinds.values()) for kinds in told["closure"]["going"].values()) > 3
