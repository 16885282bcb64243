"""What a Portable Memory bundle costs, beside the public SDK and beside the floor.

Makes a bundle of invented episodes, entities, edges and facts, then runs whole processes over it:

    floor             parse every line, SHA-256 every file
    sdk validate      BundleValidator().validate of the PyPI package portable-memory 0.3.0
    satchel validate  satchel validate
    sdk import        BundleImporter().import_bundle into its InMemoryStore
    satchel import    satchel import into a new, encrypted, indexed vault
    sdk export        BundleExporter().export of that store, the call alone: to fill the store is the step before
    satchel export    satchel export --to portable-memory of that vault

Ratios are taken inside a round; every round begins with another group. Rates are of the rows that a step took in or gave: the
SDK's store in memory does not keep every kind.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from prose import Prose
from run import environment_of, measure, median
from working import itself, within

from satchel.formats.portable_memory.manifest import Head
from satchel.formats.portable_memory.moments import write
from satchel.formats.portable_memory.writer import BundleWriter

BENCH = Path(__file__).parent
GROUPS = ("floor", "validate", "sdk", "satchel")
#: Steps of the SDK, beside which ours are set.
BESIDE = {"satchel validate": "sdk validate", "satchel import": "sdk import", "satchel export": "sdk export"}
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Done:
    """One step of one round."""

    step: str
    round: int
    cpu_s: float
    peak_bytes: int
    rows: int

    @property
    def rate(self) -> float:
        """Rows a CPU second."""
        return self.rows / self.cpu_s


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


def sdk_validate(bundle: Path) -> None:
    """The SDK's validator; it has no command that says more."""
    import portable_memory

    result = portable_memory.BundleValidator().validate(bundle)
    if result.issues:
        raise SystemExit(str(result.issues[:3]))


def sdk_move(bundle: Path) -> None:
    """Import into the SDK's store in memory and export of it; says the CPU seconds and the rows of each."""
    import portable_memory

    store = portable_memory.InMemoryStore()
    begin = time.process_time()
    report = portable_memory.BundleImporter().import_bundle(store, bundle, reembed=False)
    middle = time.process_time()
    manifest = portable_memory.BundleExporter().export(store, bundle.with_name("sdk.mem"))
    end = time.process_time()
    print(f"import {middle - begin} {sum(report.applied.values())}")
    print(f"export {end - middle} {sum(manifest.counts.values())}")


def main(arguments: list[str] | None = None) -> int:
    """Run all sizes; the table goes to standard output, progress to standard error."""
    parser = argparse.ArgumentParser(description="Measure what Portable Memory bundles cost, as whole processes.")
    parser.add_argument("--records", default="20000,100000,1000000", help="default %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=BENCH.parent / "bench-data")
    parser.add_argument(
        "--only", choices=("make", "floor", "validate", "move"), help="one step over the bundle --data, in this process"
    )
    given = parser.parse_args(arguments)
    if given.only:
        # Steps are processes of their own: a child's peak counts what its parent held.
        steps = {
            "make": lambda bundle: make(bundle, int(given.records), given.seed),
            "floor": floor,
            "validate": sdk_validate,
            "move": sdk_move,
        }
        steps[given.only](given.data)
        return 0
    print("| records | MB | step | CPU s | records a CPU s | CPU ÷ floor | rate ÷ SDK | peak MB |")
    print("|---:|---:|---|---:|---:|---:|---:|---:|")

    def sizes(work: Path) -> None:
        for records in map(int, given.records.split(",")):
            bundle = work / "bundle.mem"
            made = [*itself(__file__, bundle), "make", "--records", str(records), "--seed", str(given.seed)]
            measure("make", made, 0, work / "log", environment_of(work))
            size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 1e6
            costs = _rounds(bundle, records, given.rounds, work)
            for step in costs:
                print(_row(step, records, size, costs), flush=True)
            shutil.rmtree(bundle)

    return within(given.data, "mem", sizes)


def _rounds(bundle: Path, records: int, rounds: int, work: Path) -> dict[str, list[Done]]:
    done: dict[str, list[Done]] = {}
    with_sdk = records <= SDK_RECORDS
    for round_ in range(rounds):
        turn = round_ % len(GROUPS)
        for group in GROUPS[turn:] + GROUPS[:turn]:
            if group == "sdk" and not with_sdk:
                continue
            for one in _group(group, bundle, records, round_, work, with_sdk=with_sdk):
                done.setdefault(one.step, []).append(one)
                print(
                    f"  {records:,} records, round {round_ + 1}: {one.step} {one.cpu_s:.2f} s CPU", file=sys.stderr, flush=True
                )
    return {step: done[step] for step in ("floor", *(name for pair in BESIDE.items() for name in pair[::-1])) if step in done}


def _group(group: str, bundle: Path, records: int, round_: int, work: Path, *, with_sdk: bool) -> list[Done]:
    """The steps of one group, what they wrote removed behind them."""
    satchel = [str(Path(sys.executable).with_name("satchel")), "--vault", str(work / "vault")]
    environment = environment_of(work)

    def run(step: str, command: list[str]) -> Done:
        cost = measure(step, command, round_, work / "log", environment)
        return Done(step, round_, cost.cpu_s, cost.peak_bytes, records)

    if group == "floor":
        return [run("floor", [*itself(__file__, bundle), "floor"])]
    if group == "validate":
        sdk = [run("sdk validate", [*itself(__file__, bundle), "validate"])] if with_sdk else []
        return [*sdk, run("satchel validate", [satchel[0], "validate", str(bundle)])]
    if group == "sdk":
        peak = run("sdk", [*itself(__file__, bundle), "move"]).peak_bytes
        said = [line.split() for line in (work / "log").read_text(encoding="utf-8").splitlines()]
        shutil.rmtree(bundle.with_name("sdk.mem"))
        return [Done(f"sdk {name}", round_, float(cpu_s), peak, int(rows)) for name, cpu_s, rows in said]
    made = [
        run("satchel import", [*satchel, "import", "--json", str(bundle)]),
        run("satchel export", [*satchel, "export", "--to", "portable-memory", str(work / "out.mem")]),
    ]
    for name in ("vault", "out.mem"):
        shutil.rmtree(work / name)
    return made


def _row(step: str, records: int, size: float, done: dict[str, list[Done]]) -> str:
    mine = sorted(done[step], key=lambda one: one.round)

    def beside(other: str) -> list[tuple[Done, Done]]:
        theirs = sorted(done.get(other, []), key=lambda one: one.round)
        return list(zip(mine, theirs, strict=True)) if theirs else []

    floors = [own.cpu_s / other.cpu_s for own, other in beside("floor")]
    faster = [own.rate / other.rate for own, other in beside(BESIDE.get(step, ""))]
    cells = [
        f"{records:,}",
        f"{size:.0f}",
        step,
        f"{median([one.cpu_s for one in mine]):.2f}",
        f"{median([one.rate for one in mine]):,.0f}",
        f"{median(floors):.1f}" if floors else "-",
        f"{median(faster):.1f}" if faster else "-",
        f"{median([float(one.peak_bytes) for one in mine]) / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
