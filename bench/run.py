"""The runner: what an import, a re-import and an export cost, beside the reference SDK and beside the floor.

Every step is a whole process, start to end, as a person would run it. A round runs each step once, and every round
begins with another group of steps, so that a machine that slows down or warms up touches all alike. Ratios are taken
inside a round, then the median over the rounds.

CPU seconds are user and system time of the child and of the children it waited for; peak memory is its largest resident
set.
"""

# Few imports on purpose: a child starts as a copy of this process, and Linux counts that copy into the child's peak.
from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from sizes import size_bytes, size_text

BENCH = Path(__file__).parent
PROVIDERS = ("chatgpt", "claude")
GROUPS = ("floor", "pam", "convert", "satchel")
STEPS = ("floor", "pam convert", "satchel convert", "satchel import", "satchel re-import", "satchel export")
SIZES = "10MB,200MB,1GB"
#: From here on one round is enough: a long step averages by itself.
LARGE_BYTES = 500_000_000
#: A bench's own; it protects invented text in a folder that is deleted afterwards.
PASSPHRASE = "bench only"
#: Input, the reference's bundle, the vault, our bundle and the floor's lines, each about as large as the input.
DISK_FACTOR = 6


class StepError(Exception):
    """A child ended with an error; the text holds the end of what it said."""


@dataclass(frozen=True)
class Cost:
    """One step of one round."""

    step: str
    round: int
    cpu_s: float
    wall_s: float
    peak_bytes: int


@dataclass(frozen=True)
class Case:
    """All rounds over one provider's export of one size."""

    provider: str
    size: str
    input_bytes: int
    costs: list[Cost]


def measure(step: str, command: list[str], round_: int, log: Path, environment: dict[str, str]) -> Cost:
    """Run ``command`` to its end.

    Raises:
        StepError: it exited with something else than 0.
    """
    with log.open("wb") as output:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        raise StepError("\n".join([f"{step} ended with {child.returncode}: {' '.join(command)}", *said]))
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(step, round_, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit)


def _tool(name: str) -> str:
    """The command of this name in the environment that runs us."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise StepError(f"there is no command {name!r} beside {Path(sys.executable).name}; run `uv sync` first")
    return found


def _empty(path: Path) -> None:
    """Give back the room of the files below ``path``. They stay, empty, until the end: ext4 lets whoever makes files pass over
    those that were just deleted, and the next step would pay for that."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            os.truncate(file, 0)


def _put_behind(out: Path) -> None:
    """Move what a step wrote out of the way."""
    behind = out.parent / "behind"
    behind.mkdir(exist_ok=True)
    _empty(out)
    out.rename(behind / str(len(list(behind.iterdir()))))


def _group(group: str, source: Path, work: Path, run: Callable[[str, list[str]], Cost]) -> list[Cost]:
    """The steps of one group, its outputs put behind it."""
    if group == "floor":
        out = work / "floor.jsonl"
        costs = [run("floor", [sys.executable, str(BENCH / "floor.py"), str(source), str(out)])]
    elif group == "pam":
        out = work / "pam"
        command = [_tool("pam"), "convert", str(source.parent), "-o", str(out)]
        costs = [run("pam convert", command)]
    elif group == "convert":
        out = work / "converted"
        command = [_tool("satchel"), "convert", str(source), str(out), "--to", "portable-ai-memory", "--json"]
        costs = [run("satchel convert", command)]
    else:
        out = work / "satchel"
        out.mkdir()
        satchel = [_tool("satchel"), "--vault", str(out / "vault")]
        costs = [
            run("satchel import", [*satchel, "import", "--json", str(source)]),
            run("satchel re-import", [*satchel, "import", "--json", str(source)]),
            run("satchel export", [*satchel, "export", "--to", "portable-ai-memory", str(out / "bundle")]),
        ]
    _put_behind(out)
    return costs


def environment_of(work: Path) -> dict[str, str]:
    """The children's: what Satchel keeps outside its vault must not come from, or go to, the person who benches."""
    home = {f"XDG_{name}_HOME": str(work / "home" / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **home, "SATCHEL_PASSPHRASE": PASSPHRASE}


def run_case(
    provider: str, size: int, rounds: int, groups: list[str], work: Path, seed: int, tell: Callable[[str], None]
) -> Case:
    """Generate the export, then run ``rounds`` rounds over it.

    Raises:
        StepError: as measure; nothing after it has run.
    """
    folder = work / f"{provider}-{size_text(size)}"
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size * DISK_FACTOR:
        raise StepError(f"{size_text(size)} need about {size_text(size * DISK_FACTOR)} of disk; {size_text(free)} are free")
    environment = environment_of(work)
    log = folder / "log"
    make = [sys.executable, str(BENCH / "generate.py"), provider, "--size", str(size), "--seed", str(seed)]
    made = measure("generate", [*make, str(folder / "export")], 0, log, environment)
    source = folder / "export" / "conversations.json"
    tell(f"{provider} {size_text(size)}: made in {made.wall_s:.1f} s")
    costs: list[Cost] = []
    for round_ in range(rounds):

        def run(step: str, command: list[str], round_: int = round_) -> Cost:
            cost = measure(step, command, round_, log, environment)
            tell(f"  round {round_ + 1}/{rounds}  {step:<18} {cost.cpu_s:8.2f} s CPU  {cost.peak_bytes / 1e6:8.0f} MB")
            return cost

        turn = round_ % len(groups)
        for group in groups[turn:] + groups[:turn]:
            costs += _group(group, source, folder, run)
    return Case(provider, size_text(size), source.stat().st_size, costs)


def median(values: list[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def summarise(case: Case) -> list[dict[str, Any]]:
    """One row a step: medians, and the medians of the ratios to the floor and to pam convert in the same round."""
    by_step = {step: {cost.round: cost for cost in case.costs if cost.step == step} for step in STEPS}
    rows = []
    for step, costs in by_step.items():
        if not costs:
            continue
        cpu = median([cost.cpu_s for cost in costs.values()])
        row: dict[str, Any] = {
            "provider": case.provider,
            "size": case.size,
            "step": step,
            "cpu_s": cpu,
            "wall_s": median([cost.wall_s for cost in costs.values()]),
            "mb_per_cpu_s": case.input_bytes / 1e6 / cpu,
            "peak_bytes": median([float(cost.peak_bytes) for cost in costs.values()]),
        }
        for key, other in (("floor", "floor"), ("pam", "pam convert")):
            pairs = [(cost, by_step[other][at]) for at, cost in costs.items() if at in by_step[other]]
            row[f"cpu_to_{key}"] = median([mine.cpu_s / theirs.cpu_s for mine, theirs in pairs]) if pairs else None
            row[f"peak_to_{key}"] = median([mine.peak_bytes / theirs.peak_bytes for mine, theirs in pairs]) if pairs else None
        rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as Markdown."""

    def ratio(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    lines = [
        "| export | size | step | CPU s | wall s | MB per CPU s | CPU ÷ floor | CPU ÷ pam | peak MB | peak ÷ pam |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [
            row["provider"],
            row["size"],
            row["step"],
            f"{row['cpu_s']:.2f}",
            f"{row['wall_s']:.2f}",
            f"{row['mb_per_cpu_s']:.1f}",
            ratio(row["cpu_to_floor"]),
            ratio(row["cpu_to_pam"]),
            f"{row['peak_bytes'] / 1e6:.0f}",
            ratio(row["peak_to_pam"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def machine() -> dict[str, Any]:
    """What the figures hold for: processor, memory, versions."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        processor = models[0].partition(":")[2].strip() if models else processor
    versions = {}
    for name in ("satchel", "portable-ai-memory", "msgspec", "orjson", "apsw-sqlite3mc"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = ""
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    def many(of: Callable[[str], Any]) -> Callable[[str], list[Any]]:
        return lambda text: [of(word.strip()) for word in text.split(",")]

    def one_of(known: tuple[str, ...]) -> Callable[[str], str]:
        def check(word: str) -> str:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(known)}")
            return word

        return check

    parser = argparse.ArgumentParser(description="Measure import, re-import and export as whole processes.")
    parser.add_argument("--sizes", type=many(size_bytes), default=SIZES, help=f"default {SIZES}")
    parser.add_argument("--providers", type=many(one_of(PROVIDERS)), default=",".join(PROVIDERS))
    parser.add_argument("--groups", type=many(one_of(GROUPS)), default=",".join(GROUPS), help="leave some out")
    parser.add_argument("--rounds", type=int, help="default 3, and 1 from 500MB on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-reference-at", type=many(size_bytes), default=[], metavar="SIZE", help="skip pam convert there")
    parser.add_argument("--data", type=Path, default=BENCH.parent / "bench-data", help="where exports and vaults go")
    parser.add_argument("--keep", action="store_true", help="do not delete the generated exports and logs")
    parser.add_argument("--out", type=Path, help="write every sample and the summary as JSON")
    given = parser.parse_args(arguments)
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds must be at least 1")
    return given


def main(arguments: list[str] | None = None) -> int:
    """Run all cases; the table goes to standard output, progress and faults to standard error."""
    given = _arguments(arguments)
    work: Path = given.data / f"run-{os.getpid()}"
    cases: list[Case] = []
    rows: list[dict[str, Any]] = []

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        for size in given.sizes:
            groups = [group for group in given.groups if group != "pam" or size not in given.no_reference_at]
            if not groups:
                continue
            rounds = given.rounds or (1 if size >= LARGE_BYTES else 3)
            for provider in given.providers:
                case = run_case(provider, size, rounds, groups, work, given.seed, tell)
                cases.append(case)
                rows += summarise(case)
                if not given.keep:
                    _empty(work)
    except StepError as failure:
        tell(f"stopped: {failure}")
        return 1
    finally:
        if rows:
            print(table(rows), end="")
        if given.out and cases:
            result = {"machine": machine(), "seed": given.seed, "rows": rows, "cases": [asdict(case) for case in cases]}
            given.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        if not given.keep:
            shutil.rmtree(work, ignore_errors=True)
            if given.data.is_dir() and not any(given.data.iterdir()):
                given.data.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
