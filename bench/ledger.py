"""What a loss ledger costs: the same conversions with and without one, in one run.

Makes a Portable AI Memory store of invented memories (``pam.make``) and converts it; each conversion is a process of its own,
and each round begins with another. The ratio is of CPU time (user and system) inside a round: with the ledger over without.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pam import make
from run import measure, median

#: What a conversion is to: made anew in the first two, out again as they came in the last.
TARGETS = ("portable-memory", "portable-agent-memory", "portable-ai-memory")


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Measure what a loss ledger costs.")
    parser.add_argument("--memories", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--to", default=",".join(TARGETS), help="which conversions, with commas")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--make", type=Path, metavar="FILE", help="only make the store")
    given = parser.parse_args(arguments)
    if given.make is not None:
        make(given.make, given.memories, 1, in_order=True)
        return 0
    figures: dict[str, dict[str, float]] = {}
    with TemporaryDirectory(prefix="satchel-ledger-") as name:
        folder = Path(name)
        (folder / "in").mkdir()
        store = folder / "in" / "memory-store.json"
        # In a process of its own: the kernel counts what a parent holds to its children's peak.
        subprocess.run([sys.executable, __file__, "--memories", str(given.memories), "--make", str(store)], check=True)
        for to in given.to.split(","):
            figures[to] = _conversion(folder, to, given.rounds)
            said = figures[to]
            sys.stdout.write(
                f"{to}: {said['without']:.1f} s CPU, {said['with']:.1f} s with a ledger, {100 * said['ratio'] - 100:+.1f} %;"
                f" {said['peak_without_mb']:.0f} and {said['peak_with_mb']:.0f} MB; ledger {said['ledger_mb']:.1f} MB\n"
            )
            sys.stdout.flush()
    if given.out is not None:
        given.out.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def _conversion(folder: Path, to: str, rounds: int) -> dict[str, float]:
    costs: dict[str, list[tuple[float, float]]] = {"without": [], "with": []}
    ratios = []
    for round_ in range(rounds):
        here: dict[str, float] = {}
        for which in ("without", "with") if round_ % 2 == 0 else ("with", "without"):
            target = folder / f"{to}-{which}-{round_}"
            ledger = ["--ledger", str(folder / f"{to}-{round_}.json")] if which == "with" else []
            command = [sys.executable, "-m", "satchel", "convert", str(folder / "in"), str(target), "--to", to, *ledger]
            cost = measure(which, command, round_, folder / "log", dict(os.environ))
            here[which] = cost.cpu_s
            costs[which].append((cost.cpu_s, cost.peak_bytes / 1e6))
        ratios.append(here["with"] / here["without"])
    return {
        "without": median([cpu for cpu, _ in costs["without"]]),
        "with": median([cpu for cpu, _ in costs["with"]]),
        "ratio": median(ratios),
        "peak_without_mb": max(peak for _, peak in costs["without"]),
        "peak_with_mb": max(peak for _, peak in costs["with"]),
        "ledger_mb": (folder / f"{to}-0.json").stat().st_size / 1e6,
    }


if __name__ == "__main__":
    raise SystemExit(main())
