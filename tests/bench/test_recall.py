"""The bench of recall measures contexts of the vaults that it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"


def test_a_row_for_each_size_and_budget() -> None:
    words = ["--records", "45", "--budgets", "2000", "--questions", "3", "--vectors"]
    done = subprocess.run([sys.executable, str(BENCH / "recall.py"), *words], check=True, capture_output=True, text=True)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()[2:] if line[0] == "|"]
    both = ("words", "words and vectors")
    assert [row[:3] for row in rows] == [
        *(["127", budget, way] for way in both for budget in ("2,000", "128,000")),
        *(["45", "2,000", way] for way in both),
    ]
    assert all(0 < float(row[3]) <= float(row[4]) for row in rows)
