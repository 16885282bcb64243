"""What checking a Portable Memory bundle costs, beside the public SDK and beside the floor.

Makes a bundle of invented episodes, entities, edges and facts, then runs whole processes over it:

    floor             parse every line, SHA-256 every file
    sdk validate      BundleValidator().validate of the PyPI package portable-memory 0.3.0
    satchel validate  satchel validate

Ratios are taken inside a round; every round begins with another step.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from prose import Prose
from run import Cost, StepError, measure, median

from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.moments import write
from satchel.formats.portable_memory.writer import BundleWriter

BENCH = Path(__file__).parent
STEPS = ("floor", "sdk validate", "satchel validate")
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
#: The SDK reads a file into memory and refuses one past 256 MiB.
SDK_RECORDS = 300_000


def make(target: Path, records: int, seed: int) -> None:
    """A bundle of ``records`` rows: seven episodes in ten, the rest entities, edges and facts."""
    rng = random.Random(seed)
    prose = Prose(rng)
    entities = max(1, records // 10)
    episodes = records * 7 // 10
    with BundleWriter(target, Head(created_at=WHEN, generator="satchel-bench/1")) as writer:
        for at in range(records):
            when = write(WHEN + timedelta(minutes=at))
            if at < entities:
                writer.add(
                    "entity",
                    {
                        "aliases": [],
                        "canonicalName": f"Name {at}",
                        "id": f"ent_{at:08}",
                        "sensitivity": "low",
                        "summary": "",
                        "type": "person",
                        "updatedAt": when,
                    },
                )
            elif at < entities + episodes:
                text = prose.sentences(250)
                writer.add(
                    "episode",
                    {
                        "accessCount": at % 7,
                        "actors": ["user"],
                        "categories": ["bench"],
                        "confidence": 0.7,
                        "details": text,
                        "eventTime": when,
                        "extractionState": "done",
                        "id": f"ep_{at - entities:08}",
                        "importance": 0.5,
                        "ingestionTime": when,
                        "lifecycleState": "HOT",
                        "mentionTime": when,
                        "metadata": {"source": "bench"},
                        "pinned": False,
                        "sensitivity": "low",
                        "sourceType": "chat",
                        "summary": text[:120],
                        "vaultRefs": [],
                    },
                )
            elif at % 2:
                writer.add(
                    "edge",
                    {
                        "confidence": rng.random(),
                        "dstEntityID": f"ent_{rng.randrange(entities):08}",
                        "edgeType": "knows",
                        "evidenceEpisodeIDs": [f"ep_{rng.randrange(episodes):08}"],
                        "id": f"edge_{at:08}",
                        "ingestionTime": when,
                        "srcEntityID": f"ent_{rng.randrange(entities):08}",
                        "tValidFrom": when,
                    },
                )
            else:
                writer.add(
                    "fact",
                    {
                        "confidence": rng.random(),
                        "createdAt": when,
                        "episodeID": f"ep_{rng.randrange(episodes):08}",
                        "id": f"fact_{at:08}",
                        "importance": 0.5,
                        "object": "tea",
                        "predicate": "likes",
                        "subject": "user",
                        "tValidFrom": when,
                        "text": prose.sentences(60),
                    },
                )
        writer.finish()


def floor(bundle: Path) -> None:
    """Parse each line and hash each file."""
    for path in sorted(bundle.rglob("*.jsonl")):
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            for line in stream:
                digest.update(line)
                orjson.loads(line)
        sys.stdout.write(f"{digest.hexdigest()}  {path.name}\n")


def sdk(bundle: Path) -> None:
    """The SDK's validator; it has no command that says more."""
    import portable_memory

    result = portable_memory.BundleValidator().validate(bundle)
    if result.issues:
        raise SystemExit(str(result.issues[:3]))


def main(arguments: list[str] | None = None) -> int:
    """Run all sizes; the table goes to standard output, progress to standard error."""
    parser = argparse.ArgumentParser(description="Measure the validation of Portable Memory bundles as whole processes.")
    parser.add_argument("--records", default="20000,100000,1000000", help="default %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=BENCH.parent / "bench-data")
    parser.add_argument("--only", choices=("make", "floor", "sdk"), help="one step over the bundle --data, in this process")
    given = parser.parse_args(arguments)
    if given.only:
        # Steps are processes of their own: a child's peak counts what its parent held.
        steps = {"make": lambda bundle: make(bundle, int(given.records), given.seed), "floor": floor, "sdk": sdk}
        steps[given.only](given.data)
        return 0
    work: Path = given.data / f"mem-{os.getpid()}"
    work.mkdir(parents=True)
    print("| records | MB | step | CPU s | records a CPU s | CPU ÷ floor | rate ÷ SDK | peak MB |")
    print("|---:|---:|---|---:|---:|---:|---:|---:|")
    try:
        for records in map(int, given.records.split(",")):
            bundle = work / "bundle.mem"
            made = [*_itself(bundle), "make", "--records", str(records), "--seed", str(given.seed)]
            measure("make", made, 0, work / "log", dict(os.environ))
            size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 1e6
            costs = _rounds(bundle, records, given.rounds, work)
            for step in costs:
                print(_row(step, records, size, costs), flush=True)
            shutil.rmtree(bundle)
    except StepError as failure:
        print(f"stopped: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not any(given.data.iterdir()):
            given.data.rmdir()
    return 0


def _itself(bundle: Path) -> list[str]:
    return [sys.executable, str(Path(__file__)), "--data", str(bundle), "--only"]


def _rounds(bundle: Path, records: int, rounds: int, work: Path) -> dict[str, list[Cost]]:
    commands = {
        "floor": [*_itself(bundle), "floor"],
        "sdk validate": [*_itself(bundle), "sdk"],
        "satchel validate": [str(Path(sys.executable).with_name("satchel")), "validate", str(bundle)],
    }
    steps = [step for step in STEPS if step != "sdk validate" or records <= SDK_RECORDS]
    costs: dict[str, list[Cost]] = {step: [] for step in steps}
    for round_ in range(rounds):
        turn = round_ % len(steps)
        for step in steps[turn:] + steps[:turn]:
            cost = measure(step, commands[step], round_, work / "log", dict(os.environ))
            costs[step].append(cost)
            print(f"  {records:,} records, round {round_ + 1}: {step} {cost.cpu_s:.2f} s CPU", file=sys.stderr, flush=True)
    return costs


def _row(step: str, records: int, size: float, costs: dict[str, list[Cost]]) -> str:
    mine = sorted(costs[step], key=lambda cost: cost.round)

    def ratio(other: str) -> float | None:
        theirs = sorted(costs.get(other, []), key=lambda cost: cost.round)
        return median([own.cpu_s / cost.cpu_s for own, cost in zip(mine, theirs, strict=True)]) if theirs else None

    cpu = median([cost.cpu_s for cost in mine])
    faster = ratio("sdk validate")
    cells = [
        f"{records:,}",
        f"{size:.0f}",
        step,
        f"{cpu:.2f}",
        f"{records / cpu:,.0f}",
        f"{ratio('floor') or 0:.1f}",
        "-" if faster is None else f"{1 / faster:.1f}",
        f"{median([float(cost.peak_bytes) for cost in mine]) / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
