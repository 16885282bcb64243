"""Every seed, each fault that the fuzzer found among them, through what the fuzzer runs; no fuzzer is needed."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import InputError
from satchel.formats.portable_memory.validation import validate
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.fuzz import mutators, seeds
from tests.fuzz.cases import Case
from tests.fuzz.targets import TARGETS

KEPT = [(target, path) for target in TARGETS for path in seeds.kept(target)]


@pytest.mark.parametrize(("target", "path"), KEPT, ids=[f"{target}-{path.stem}" for target, path in KEPT])
def test_seed(target: str, path: Path) -> None:
    TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_shared_bundles(shared: Path, target: str) -> None:
    found = list(seeds.shared(target))
    assert found
    for data in found:
        TARGETS[target](data)


def test_what_is_taken_can_leave_again(store: SqliteStore, tmp_path: Path) -> None:
    """All seeds into one vault, as hops of many bundles are: what it holds then is a valid bundle, and can be taken anew."""
    taken = 0
    for at, path in enumerate(seeds.kept("bundle")):
        root = tmp_path / f"{at}.mem"
        root.mkdir()
        Case.parse(path.read_bytes()).write(root)
        with contextlib.suppress(InputError):
            import_paths(store, [root])
            taken += 1
    assert taken >= 15
    assert store.check() == []
    export(store, tmp_path / "out.mem", format="portable-memory")
    assert [finding for finding in validate(tmp_path / "out.mem") if finding.severity == "error"] == []
    with trial_vault() as other:
        import_paths(other, [tmp_path / "out.mem"])


def test_derived_lists_of_tombstones_with_one_id_are_joined(store: SqliteStore, tmp_path: Path) -> None:
    """A vendor's member among them, of any type, is not."""
    root = tmp_path / "made.mem"
    root.mkdir()
    Case.parse((seeds.FOLDER / "bundle" / "tombstones-of-one-id").read_bytes()).write(root)
    import_paths(store, [root])
    export(store, tmp_path / "out.mem", format="portable-memory")
    (line,) = (tmp_path / "out.mem" / "audit" / "tombstones.jsonl").read_bytes().split(b"\n")[:-1]
    derived = json.loads(line)["derived"]
    assert (set(derived["factIDs"]), derived["episodeLinkCount"]) == ({"f1", "f2"}, 3)
    assert derived["x"] in ("abc", 1)


@given(st.binary(max_size=300))
def test_every_input_is_some_case(data: bytes) -> None:
    once = bytes(Case.parse(data))
    assert bytes(Case.parse(once)) == once


@pytest.mark.parametrize("at", range(40))
def test_what_mutations_make_holds(at: int) -> None:
    """A little fuzzing without coverage, from fixed numbers: the harness itself stays whole."""
    draw = random.Random(at)
    begun = list(seeds.all_of("bundle"))
    data = draw.choice(begun)
    for _ in range(4):
        data = mutators.mutate_bundle(data, 8 << 10, draw.getrandbits(32), lambda given, most: given[:most] + b"x")
        data = mutators.cross_bundles(data, draw.choice(begun), 8 << 10, draw.getrandbits(32))
        TARGETS["bundle"](data)
    row = b'{"id":"a"}'
    for _ in range(20):
        row = mutators.mutate_line(row, 4096, draw.getrandbits(32), lambda given, most: given[: most - 1] + b"}")
        TARGETS["line"](row)


def test_a_file_outside_that_is_opened_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")

    def careless(*given: object, **more: object) -> list[object]:
        outside.read_bytes()
        return []

    monkeypatch.setattr("tests.fuzz.targets.validation.validate", careless)
    with pytest.raises(AssertionError, match="opened"):
        TARGETS["bundle"](bytes(Case(b"", [])))


@pytest.mark.parametrize("target", TARGETS)
def test_the_fuzzer_itself_runs(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the dependency group fuzz is not installed")
    command = [sys.executable, "-m", "tests.fuzz", target, str(tmp_path), "-runs=200", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done 200 runs" in done.stderr
