"""The runner: what it measures, how it sums up, and that a failing child stops it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    """run.py as a module; its neighbours are found as when it runs as a script."""
    sys.path.insert(0, str(BENCH))
    try:
        spec = importlib.util.spec_from_file_location("satchel_bench_run", BENCH / "run.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCH))
    return module


def test_cpu_and_memory_of_a_child(runner: ModuleType, tmp_path: Path) -> None:
    code = "data = bytearray(80_000_000); data[::4096] = b'x' * len(data[::4096]); sum(range(2_000_000))"
    cost = runner.measure("step", [sys.executable, "-c", code], 0, tmp_path / "log", dict(os.environ))
    # No upper bound: a child's peak counts what its parent, here a test worker, held when it was forked.
    assert cost.peak_bytes > 80_000_000
    assert 0.01 < cost.cpu_s < 20


def test_a_failing_child_stops_and_shows_its_words(runner: ModuleType, tmp_path: Path) -> None:
    code = "import sys; sys.exit('the disk is made of cheese')"
    with pytest.raises(runner.StepError, match="cheese") as caught:
        runner.measure("satchel import", [sys.executable, "-c", code], 0, tmp_path / "log", dict(os.environ))
    assert str(caught.value).startswith("satchel import ended with 1: ")


def test_ratios_are_taken_inside_a_round(runner: ModuleType) -> None:
    costs = [
        runner.Cost(step, round_, cpu, cpu, peak)
        for step, round_, cpu, peak in [
            ("floor", 0, 1.0, 10_000_000),
            ("floor", 1, 2.0, 10_000_000),
            ("floor", 2, 4.0, 10_000_000),
            ("pam convert", 0, 10.0, 100_000_000),
            ("pam convert", 1, 10.0, 100_000_000),
            ("satchel import", 0, 3.0, 50_000_000),
            ("satchel import", 1, 6.0, 50_000_000),
            ("satchel import", 2, 20.0, 50_000_000),
        ]
    ]
    floor, pam, satchel = runner.summarise(runner.Case("claude", "10MB", 12_000_000, costs))
    assert (floor["step"], pam["step"], satchel["step"]) == ("floor", "pam convert", "satchel import")
    assert satchel["cpu_s"] == 6.0
    assert satchel["mb_per_cpu_s"] == 2.0
    assert satchel["cpu_to_floor"] == 3.0
    assert satchel["cpu_to_pam"] == pytest.approx(0.45)
    assert satchel["peak_to_pam"] == 0.5
    text = runner.table([floor, satchel | {"cpu_to_pam": None}])
    assert "| claude | 10MB | satchel import | 6.00 | 6.00 | 2.0 | 3.00 | - | 50 | 0.50 |\n" in text


@pytest.mark.parametrize(("text", "value"), [("10MB", 10**7), ("1gb", 10**9), ("1.5 K", 1500), ("17", 17)])
def test_sizes(runner: ModuleType, text: str, value: int) -> None:
    assert runner.size_bytes(text) == value


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCH / "run.py"), *arguments], capture_output=True, text=True)


def test_whole_run_over_the_floor(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    data = tmp_path / "data"
    done = run("--sizes", "200KB", "--groups", "floor", "--rounds", "2", "--data", str(data), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| floor |") == 2
    result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert [len(case["costs"]) for case in result["cases"]] == [2, 2]
    assert result["machine"]["python"] and "hostname" not in result["machine"]
    assert not data.exists()


@pytest.mark.parametrize("wrong", [["--sizes", "0"], ["--providers", "poe"], ["--rounds", "0"]])
def test_wrong_use(wrong: list[str]) -> None:
    assert run(*wrong).returncode == 2
