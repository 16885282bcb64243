"""What checking a Portable AI Memory store costs, beside the public SDK and beside the floor.

Makes a store of invented memories, relations and index entries, indented as the SDK writes it; whole processes run over it:

    floor             parse, hash every content, hash all memories dumped with sorted keys, look up every reference
    sdk validate      pam validate, the command of the PyPI package portable-ai-memory 1.0.0
    sdk api           its load() and validate() without the command
    satchel validate  satchel validate
    sdk checksum      json.load and the SDK's compute_integrity_checksum
    satchel checksum  satchel's checksum_of

Ratios are taken inside a round; every round begins with another step.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import random
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from prose import Prose
from run import Cost, measure, median
from working import itself, within

from satchel.codec import canonical

BENCH = Path(__file__).parent
#: Each step and the step of the SDK that it is compared with.
STEPS = {
    "floor": "sdk validate",
    "sdk validate": "sdk validate",
    "sdk api": "sdk validate",
    "satchel validate": "sdk validate",
    "sdk checksum": "sdk checksum",
    "satchel checksum": "sdk checksum",
}
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = ("fact", "preference", "skill", "context", "goal", "project")


def _moment(minutes: int) -> str:
    return (WHEN + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _memories(count: int, rng: random.Random) -> Iterator[tuple[dict[str, Any], str]]:
    """Memories in the form that both checksums agree on, each with the conversation that it was derived from, or ""."""
    prose = Prose(rng)
    for at in range(count):
        content = prose.sentences(rng.randrange(60, 600))
        talk = f"talk-{rng.randrange(max(1, count // 10)):08}" if at % 3 == 0 else ""
        provenance = {
            "platform": "chatgpt",
            "extraction_method": "llm_inference",
            "extracted_at": _moment(at + 5),
            "extractor": "bench/1.0.0",
        }
        if talk:
            provenance["conversation_ref"] = talk
        yield (
            {
                "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "type": TYPES[at % len(TYPES)],
                "status": "active",
                "content": content,
                "content_hash": "sha256:" + hashlib.sha256(" ".join(content.lower().split()).encode()).hexdigest(),
                "summary": content[:60],
                "tags": ["bench", f"tag-{at % 40}"],
                "confidence": {
                    "initial": 0.9,
                    "current": round(rng.uniform(0.01, 0.99), 2),
                    "decay_model": "time_linear",
                    "last_reinforced": _moment(at + 20),
                },
                "temporal": {"created_at": _moment(at), "updated_at": _moment(at + 10), "valid_from": _moment(at)},
                "provenance": provenance,
                "access": {"visibility": "private", "exportable": True, "shared_with": []},
                "metadata": {"language": "en", "domain": "personal", "bench": {"row": at, "weight": rng.uniform(0.1, 0.9)}},
            },
            talk,
        )


def make(target: Path, count: int, seed: int, *, in_order: bool) -> None:
    """A store of ``count`` memories: ids random UUIDs, ascending only with ``in_order``; a relation for every second memory."""
    rng = random.Random(seed)
    pairs = list(_memories(count, rng))
    if in_order:
        pairs.sort(key=lambda pair: str(pair[0]["id"]))
    memories = [memory for memory, _ in pairs]
    derived: dict[str, list[str]] = {}
    for memory, talk in pairs:
        if talk:
            derived.setdefault(talk, []).append(memory["id"])
    relations = [
        {
            "id": f"rel-{at:08}",
            "from": memories[at]["id"],
            "to": memories[at + 1]["id"],
            "type": "related_to",
            "created_at": _moment(at),
        }
        for at in range(0, count - 1, 2)
    ]
    index = [
        {"id": talk, "platform": "chatgpt", "temporal": {"created_at": _moment(0)}, "derived_memories": ids}
        for talk, ids in sorted(derived.items())
    ]
    digest = hashlib.sha256(canonical.encode(sorted(memories, key=lambda memory: str(memory["id"])))).hexdigest()
    store = {
        "schema": "portable-ai-memory",
        "schema_version": "1.0",
        "export_id": str(uuid.UUID(int=seed, version=4)),
        "export_date": _moment(0),
        "owner": {"id": "bench"},
        "memories": memories,
        "relations": relations,
        "conversations_index": index,
        "integrity": {"canonicalization": "RFC8785", "checksum": f"sha256:{digest}", "total_memories": count},
    }
    target.write_text(json.dumps(store, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def floor(path: Path) -> None:
    """Parse the store, hash every content, hash the sorted memories, look up what relations and provenance name."""
    gc.disable()
    store = orjson.loads(path.read_bytes())
    memories = store["memories"]
    ids = {memory["id"] for memory in memories}
    talks = {entry["id"] for entry in store["conversations_index"]}
    wrong = sum(
        memory["content_hash"][7:] != hashlib.sha256(" ".join(memory["content"].lower().split()).encode()).hexdigest()
        or memory["provenance"].get("conversation_ref", next(iter(talks))) not in talks
        for memory in memories
    )
    wrong += sum(relation["from"] not in ids or relation["to"] not in ids for relation in store["relations"])
    memories.sort(key=lambda memory: memory["id"])
    digest = hashlib.sha256(orjson.dumps(memories, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if wrong or store["integrity"]["checksum"] != f"sha256:{digest}":
        raise SystemExit(f"{wrong} wrong, checksum {digest}")


def sdk_api(path: Path) -> None:
    """The SDK's loader and validator."""
    import portable_ai_memory

    result = portable_ai_memory.validate(portable_ai_memory.load(path))
    if result.issues:
        raise SystemExit(str(result.issues[:3]))


def sdk_checksum(path: Path) -> None:
    """The SDK's checksum of the memories as they were parsed: the cheapest way to it."""
    import portable_ai_memory

    store = json.loads(path.read_bytes())
    if portable_ai_memory.compute_integrity_checksum(store["memories"]) != store["integrity"]["checksum"]:
        raise SystemExit("another checksum")


def satchel_checksum(path: Path) -> None:
    """Ours; the declared one is read by nobody here, it was compared when the store was made."""
    from satchel.formats.portable_ai_memory.checksum import checksum_of

    sys.stdout.write(checksum_of(path) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run all sizes; the table goes to standard output, progress to standard error."""
    parser = argparse.ArgumentParser(description="Measure the validation of Portable AI Memory stores as whole processes.")
    parser.add_argument("--memories", default="10000,100000", help="default %(default)s")
    parser.add_argument("--order", choices=("random", "ascending", "both"), default="both", help="of the ids in the file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=BENCH.parent / "bench-data")
    parser.add_argument("--only", help="one step over the store --data, in this process; for the bench itself")
    given = parser.parse_args(arguments)
    if given.only:
        # Steps are processes of their own: a child's peak counts what its parent held.
        steps = {
            "make": lambda path: make(path, int(given.memories), given.seed, in_order=given.order == "ascending"),
            "floor": floor,
            "sdk api": sdk_api,
            "sdk checksum": sdk_checksum,
            "satchel checksum": satchel_checksum,
        }
        steps[given.only](given.data)
        return 0
    print("| memories | MB | order of ids | step | CPU s | memories a CPU s | CPU ÷ floor | rate ÷ SDK | peak MB |")
    print("|---:|---:|---|---|---:|---:|---:|---:|---:|")

    def sizes(work: Path) -> None:
        for memories in map(int, given.memories.split(",")):
            for order in ("random", "ascending") if given.order == "both" else (given.order,):
                store = work / "memory-store.json"
                options = ["--memories", str(memories), "--order", order, "--seed", str(given.seed)]
                measure("make", [*itself(__file__, store), "make", *options], 0, work / "log", dict(os.environ))
                costs = _rounds(store, memories, given.rounds, work)
                for step in STEPS:
                    print(_row(step, memories, store.stat().st_size / 1e6, order, costs), flush=True)

    return within(given.data, "pam", sizes)


def _rounds(store: Path, memories: int, rounds: int, work: Path) -> dict[str, list[Cost]]:
    tools = Path(sys.executable)
    commands = {step: [*itself(__file__, store), step] for step in STEPS}
    commands["sdk validate"] = [str(tools.with_name("pam")), "validate", str(store)]
    commands["satchel validate"] = [str(tools.with_name("satchel")), "validate", str(store)]
    costs: dict[str, list[Cost]] = {step: [] for step in STEPS}
    for round_ in range(rounds):
        turn = round_ % len(STEPS)
        steps = list(STEPS)
        for step in steps[turn:] + steps[:turn]:
            cost = measure(step, commands[step], round_, work / "log", dict(os.environ))
            costs[step].append(cost)
            print(f"  {memories:,} memories, round {round_ + 1}: {step} {cost.cpu_s:.2f} s CPU", file=sys.stderr, flush=True)
    return costs


def _row(step: str, memories: int, size: float, order: str, costs: dict[str, list[Cost]]) -> str:
    mine = sorted(costs[step], key=lambda cost: cost.round)

    def ratio(other: str) -> float:
        theirs = sorted(costs[other], key=lambda cost: cost.round)
        return median([own.cpu_s / cost.cpu_s for own, cost in zip(mine, theirs, strict=True)])

    cpu = median([cost.cpu_s for cost in mine])
    cells = [
        f"{memories:,}",
        f"{size:.0f}",
        order,
        step,
        f"{cpu:.2f}",
        f"{memories / cpu:,.0f}",
        f"{ratio('floor'):.1f}",
        f"{1 / ratio(STEPS[step]):.1f}",
        f"{median([float(cost.peak_bytes) for cost in mine]) / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
