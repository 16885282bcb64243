"""The bench of recall measures contexts of the vaults that it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"


def test_a_row_for_each_size_and_budget() -> None:
    words = ["--records", "45", "--budgets", "2000", "--questions", "3"]
    done = subprocess.run([sys.executable, str(BENCH / "recall.py"), *words], check=True, capture_output=True, text=True)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["127", "2,000"], ["127", "128,000"], ["45", "2,000"]]
    assert all(0 < float(row[2]) <= float(row[3]) for row in rows)
