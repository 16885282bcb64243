"""What a conversion between each two of the three standards costs: time, peak memory, and how they grow.

Makes a package of each standard at two sizes, then runs `satchel convert` as whole processes, one for each ordered pair:

    portable-memory          a bundle: seven episodes in ten, the rest entities, edges and facts (mem.py)
    portable-ai-memory       a memory store, ids in random order, with relations and an index of conversations (pam.py)
    portable-agent-memory    one artifact in the mix of the SDK's own measurement (pam_agent.py)

A size counts what is made: rows, memories, entries. Into artifacts, the target is a folder of as many as it takes. *Growth* is
the CPU time of one record at the larger size, in CPU times of one at the smaller: 1 is linear, less is linear behind a start.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple

import mem
import pam
from pam_agent import AGENT, made_up
from run import Cost, StepError, environment_of, measure

from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.profiles import SDK
from satchel.formats.portable_agent_memory.sealing import seal

SUFFIXES = {"portable-memory": ".mem", "portable-ai-memory": ".json", "portable-agent-memory": ".pam"}
STANDARDS = tuple(SUFFIXES)
#: What the bench aims at.
MOST_BYTES = 300_000_000
SIZES = (10_000, 100_000)


class Pair(NamedTuple):
    """A conversion at one size; ``records`` is what ``satchel convert`` says it read."""

    source: str
    target: str
    size: int
    records: int
    cost: Cost


def make(target: Path, size: int, seed: int) -> None:
    """A package of the standard that the target's name ends as."""
    if target.suffix == ".mem":
        mem.make(target, size, seed)
    elif target.suffix == ".json":
        pam.make(target, size, seed, in_order=False)
    else:
        artifact = seal(SDK, made_up(size, seed), source_agent=AGENT, created_at="2026-01-01T00:00:00Z")
        target.write_bytes(wire.serialise(artifact))


def made(standard: str, size: int, work: Path, seed: int) -> Path:
    """Such a package, made in a process of its own: the kernel counts what a parent holds to its children's peak."""
    target = work / f"{size}{SUFFIXES[standard]}"
    subprocess.run([sys.executable, __file__, "--make", str(target), "--sizes", str(size), "--seed", str(seed)], check=True)
    return target


def convert(source: str, target: str, size: int, path: Path, work: Path, round_: int) -> Pair:
    """One conversion, in a process of its own. Raises StepError."""
    out = work / f"out{'.mem' if target == 'portable-memory' else ''}"
    log = work / "log"
    command = [sys.executable, "-m", "satchel", "convert", str(path), str(out), "--to", target, "--json"]
    environment = {**environment_of(work), "SOURCE_DATE_EPOCH": "1767225600"}
    cost = measure(f"{source} to {target}", command, round_, log, environment)
    counts = json.loads(log.read_bytes())["read"]["counts"]
    records = sum(count for of_kind in counts.values() for count in of_kind.values())
    shutil.rmtree(out) if out.is_dir() else out.unlink()
    return Pair(source, target, size, records, cost)


def table(pairs: list[Pair]) -> list[str]:
    """The medians of each pair as lines of Markdown."""
    lines = [
        "| from | to | records | CPU s | records a CPU s | growth | peak MB |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    each: dict[tuple[str, str, int], list[Pair]] = {}
    for pair in pairs:
        each.setdefault((pair.source, pair.target, pair.size), []).append(pair)
    smallest = min(pair.size for pair in pairs)
    for (source, target, size), found in each.items():
        records = found[0].records
        cpu = median(pair.cost.cpu_s for pair in found)
        peak = max(pair.cost.peak_bytes for pair in found)
        small = each[source, target, smallest]
        before = median(pair.cost.cpu_s for pair in small) / small[0].records
        growth = f"{cpu / records / before:.2f}" if size > smallest else "-"
        lines.append(f"| {source} | {target} | {records:,} | {cpu:.2f} | {records / cpu:,.0f} | {growth} | {peak / 1e6:,.0f} |")
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="sizes: 127, 1000, 10000 or 100000 (10000,100000)")
    parser.add_argument("--from", dest="sources", default=",".join(STANDARDS), help="standards to begin from")
    parser.add_argument("--to", dest="targets", default=",".join(STANDARDS), help="standards to end in")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("bench-data"))
    parser.add_argument("--make", type=Path, metavar="FILE", help="only make an input of the (one) size")
    given = parser.parse_args(arguments)
    if given.make is not None:
        make(given.make, int(given.sizes), given.seed)
        return 0
    work = given.data / "convert"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    pairs: list[Pair] = []
    try:
        for size in sorted(map(int, given.sizes.split(","))):
            for source in given.sources.split(","):
                path = made(source, size, work, given.seed)
                for round_ in range(given.rounds):
                    for target in given.targets.split(","):
                        pair = convert(source, target, size, path, work, round_)
                        pairs.append(pair)
                        over = " (over the aim)" if pair.cost.peak_bytes > MOST_BYTES else ""
                        said = f"{source} to {target}, {size:,}: {pair.cost.cpu_s:.1f} s, {pair.cost.peak_bytes / 1e6:.0f} MB"
                        print(said + over, file=sys.stderr, flush=True)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not any(given.data.iterdir()):
            given.data.rmdir()
    print("\n".join(table(pairs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
