"""What an artifact of Portable Agent Memory costs, beside the floor of the same bytes and beside the public SDK's figures.

Makes artifacts of invented entries in the mix of the SDK's own measurement (127 to 100,000 entries; 127 is the set of the
protocol's paper: 42 episodic, 35 semantic, 20 procedural, 25 working, 5 identity) and times, in one process a size:

    floor            orjson parse and BLAKE3 of the indented JSON: nobody who verifies can do less
    build            every entry completed, its id worked out (the profile's rules)
    sign             root hash, signature and the seal over the whole envelope
    json, compact    written as the SDK writes it, and without white space
    cbor, canonical  bare with 64-bit floats as the SDK writes it, and deterministic behind the magic
    parse json/cbor  bytes to an artifact: profile, duplicates, depth, UTF-8, no tags; bounds included
    verify           every id and the root
    graph            the provenance graph built and checked
    check            all of it: versions, sizes, schema, root, seal, ids, graph, order

The SDK is not on the package index. Its figures are the project's own of an earlier day (``SDK_MS``, CPython 3.11 on a like
machine); both stand as ratios to the floor of this run, which is kind to neither. CPU time, the best of the rounds.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from blake3 import blake3
from prose import Prose

from satchel.formats.portable_agent_memory import provenance, wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.hashing import entry_ids, root_hash
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SDK, SPEC, Component
from satchel.formats.portable_agent_memory.sealing import complete, resign, seal
from satchel.limits import DEFAULT
from satchel.trust.secrets import Secret
from satchel.trust.signatures import PrivateKey

#: Entries by component, in the order of COMPONENTS.
MIXES = {
    127: (42, 35, 20, 25, 5),
    1_000: (331, 276, 157, 197, 39),
    10_000: (4_569, 2_756, 1_575, 1_000, 100),
    100_000: (61_341, 27_559, 10_000, 1_000, 100),
}
#: The public SDK's, in milliseconds, by size.
SDK_MS = {
    "build": {127: 3.8, 1_000: 24.7, 10_000: 245, 100_000: 3_141},
    "sign": {127: 0.11, 1_000: 0.50, 10_000: 5.5, 100_000: 88},
    "json": {127: 1.5, 1_000: 13.0, 10_000: 134, 100_000: 1_733},
    "compact": {127: 0.53, 1_000: 4.1, 10_000: 61, 100_000: 968},
    "cbor": {127: 0.53, 1_000: 4.4, 10_000: 54, 100_000: 894},
    "parse json": {127: 0.62, 1_000: 4.8, 10_000: 64, 100_000: 1_923},
    "parse cbor": {127: 0.57, 1_000: 6.5, 10_000: 176, 100_000: 2_932},
    "verify": {127: 1.0, 1_000: 7.8, 10_000: 82, 100_000: 981},
    "graph": {127: 0.04, 1_000: 0.43, 10_000: 5.9, 100_000: 103},
}
#: The paper's sizes of its 127 entries.
PAPER_BYTES = {"json": 89_000, "cbor": 61_000}
#: The seed of RFC 8032's first test key: nobody's.
KEY = PrivateKey("Ed25519", Secret(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))
AGENT = {"name": "bench", "model_family": "none", "runtime": "bench"}


def time_of(number: int) -> str:
    day, second = divmod(number, 86_400)
    return f"2025-{1 + day // 28:02}-{1 + day % 28:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


class Ascii:
    """Text of a small vocabulary in ASCII, as the SDK was measured with."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def sentences(self, characters: int) -> str:
        """Words up to about that many characters, and a full stop."""
        return " ".join(self._rng.choices(_WORDS, k=max(1, characters // 7))).capitalize() + "."


_TEXT = (
    "kettle budget harbour review signal cluster window memory invoice planner ticket garden metric forecast vendor bridge "
    "archive meeting captain deploy summary weather journal recipe station account lantern process network village compile "
    "storage context request quarter support airport morning library version monitor teacher pattern traffic balance curtain"
)
_WORDS = _TEXT.split()


def made_up(count: int, seed: int, text: str = "ascii") -> dict[Component, list[dict[str, Any]]]:
    """Entries without ids; every second semantic one derives from an episodic one, whose id is then worked out."""
    rng = random.Random(seed)
    prose: Ascii | Prose = Ascii(rng) if text == "ascii" else Prose(rng)
    episodic = [
        {
            "parent_ids": [],
            "created_at": time_of(number),
            "tags": rng.sample(["finance", "infra", "travel", "tea"], 2),
            "timestamp": time_of(number),
            "actor": rng.choice(["user", "agent"]),
            "observation": prose.sentences(170),
            "salience": round(rng.random(), 2),
            "event_type": rng.choice(["interaction", "observation", "outcome", "reflection"]),
        }
        for number in range(MIXES[count][0])
    ]
    ids = [complete(entry, "episodic", SDK)["id"] for entry in episodic]
    semantic = []
    for number in range(MIXES[count][1]):
        source = [rng.choice(ids)] if number % 2 else []
        semantic.append(
            {
                "parent_ids": source,
                "created_at": time_of(number),
                "tags": ["fact"],
                "subject": prose.sentences(15),
                "predicate": f"likes_{rng.randrange(40)}",
                "object": prose.sentences(110),
                "confidence": round(rng.random(), 2),
                "source_event_ids": source,
            }
        )
    procedural = [
        {
            "created_at": time_of(number),
            "name": f"skill_{number}",
            "description": prose.sentences(80),
            "parameters": [{"name": "x", "type": "string", "required": True}],
            "body": prose.sentences(250),
            "preconditions": [prose.sentences(25)],
            "usage_count": rng.randrange(200),
            "last_used": time_of(number),
        }
        for number in range(MIXES[count][2])
    ]
    working = [
        {
            "created_at": time_of(number),
            "goals": [prose.sentences(50)],
            "subgoals": [{"goal": prose.sentences(35), "status": "pending", "parent_goal": "g"}],
            "scratch": prose.sentences(110),
            "pending_actions": [{"action": "tool_call", "args": {"q": prose.sentences(20)}, "status": "queued"}],
        }
        for number in range(MIXES[count][3])
    ]
    identity = [
        {
            "created_at": time_of(number),
            "preferences": {"verbosity": "concise", "style": prose.sentences(20)},
            "persona": prose.sentences(50),
            "policies": [prose.sentences(55), prose.sentences(55)],
            "custom_instructions": prose.sentences(60),
        }
        for number in range(MIXES[count][4])
    ]
    return dict(zip(COMPONENTS, (episodic, semantic, procedural, working, identity), strict=True))


def timed(rounds: int, work: Callable[[], Any]) -> float:
    """The best CPU time in milliseconds; what the work gave is let go before the next round."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best * 1000


def verify(artifact: Artifact) -> None:
    """All ids and the root."""
    for component in COMPONENTS:
        entries = artifact.entries(component)
        for entry, own in zip(entries, entry_ids(entries, component, artifact.profile), strict=True):
            if entry["id"] != own:
                raise SystemExit("an id is wrong")
    if root_hash(artifact) != artifact.root_hash:
        raise SystemExit("the root is wrong")


def graph(artifact: Artifact) -> None:
    """The graph, built and looked at."""
    if any(fault.is_error() for fault in provenance.faults(artifact, provenance.graph_of(artifact), DEFAULT)):
        raise SystemExit("the graph is wrong")


def measure(count: int, rounds: int, seed: int, text: str) -> dict[str, Any]:
    """Every step at one size, in this process."""
    plain, cost = made_up(count, seed, text), {}
    cost["build"] = timed(rounds, lambda: seal(SDK, plain, source_agent=AGENT, created_at=time_of(0)))
    made = _written(seal(SDK, plain, source_agent=AGENT, created_at=time_of(0)), rounds, cost)
    # What was made is let go: from here on there is what a reader has.
    sizes = {name: len(data) for name, data in made.items()}
    _read(made.pop("json"), count, rounds, cost)
    gc.collect()
    packed = made.pop("cbor")
    cost["parse cbor"] = timed(rounds, lambda: wire.parse(packed))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"entries": count, "ms": cost, "bytes": sizes, "peak_bytes": peak}


def _written(unsigned: Artifact, rounds: int, cost: dict[str, float]) -> dict[str, bytes]:
    """The writing steps; the bytes of both encodings."""
    cost["sign"] = timed(rounds, lambda: resign(unsigned, KEY))
    signed = resign(unsigned, KEY)
    cost["json"] = timed(rounds, lambda: wire.serialise(signed))
    cost["compact"] = timed(rounds, lambda: wire.serialise(signed, pretty=False))
    cost["cbor"] = timed(rounds, lambda: wire.serialise(signed, "cbor"))
    of_spec = Artifact(SPEC, signed.envelope)
    cost["canonical"] = timed(rounds, lambda: wire.serialise(of_spec, "cbor"))
    return {"json": wire.serialise(signed), "cbor": wire.serialise(signed, "cbor")}


def _read(data: bytes, count: int, rounds: int, cost: dict[str, float]) -> None:
    """The reading steps, and the floor of the same bytes."""

    def floor() -> None:
        gc.disable()
        try:
            orjson.loads(data)
            blake3(data).digest()
        finally:
            gc.enable()

    cost["floor"] = timed(rounds, floor)
    cost["parse json"] = timed(rounds, lambda: wire.parse(data))
    read = wire.parse(data)
    if sum(read.counts.values()) != sum(MIXES[count]):
        raise SystemExit("what was read is not what was written")
    cost["verify"] = timed(rounds, lambda: verify(read))
    cost["graph"] = timed(rounds, lambda: graph(read))

    def everything() -> None:
        report = check(read, keys=[KEY.public])
        if report.verdict(strict=True, require_signature=True) or not report.sealed:
            raise SystemExit("it is not sound")

    cost["check"] = timed(rounds, everything)


STEPS = (
    "floor",
    "build",
    "sign",
    "json",
    "compact",
    "cbor",
    "canonical",
    "parse json",
    "parse cbor",
    "verify",
    "graph",
    "check",
)


def table(results: Sequence[dict[str, Any]]) -> list[str]:
    """The results as a Markdown table."""
    lines = ["| entries | step | CPU ms | ÷ floor | SDK ms | SDK ÷ floor | ours ÷ SDK |", "|---:|---|---:|---:|---:|---:|---:|"]
    for result in results:
        count, cost = result["entries"], result["ms"]
        for step in STEPS:
            theirs = SDK_MS.get(step, {}).get(count)
            ratio = cost[step] / cost["floor"]
            beside = f"{theirs:,} | {theirs / cost['floor']:.2f} | {cost[step] / theirs:.2f}" if theirs else "– | – | –"
            lines.append(f"| {count:,} | {step} | {cost[step]:,.2f} | {ratio:.2f} | {beside} |")
    lines += ["", "| entries | JSON bytes | CBOR bytes | peak MB |", "|---:|---:|---:|---:|"]
    for result in results:
        sizes = result["bytes"]
        peak = result["peak_bytes"] / 1e6
        lines.append(f"| {result['entries']:,} | {sizes['json']:,} | {sizes['cbor']:,} | {peak:,.0f} |")
        if result["entries"] == 127:
            paper = " | ".join(f"{size:,}" for size in PAPER_BYTES.values())
            lines.append(f"| 127, the paper's | {paper} | – |")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="127,1000,10000,100000", metavar="N,…", help="how many entries")
    parser.add_argument("--rounds", type=int, default=0, help="rounds a step (default: 100 to 2, by size)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--text", choices=["ascii", "mixed"], default="ascii", help="mixed: with CJK and emoji, which are escaped"
    )
    parser.add_argument("--out", metavar="FILE", help="the figures as JSON, too")
    parser.add_argument("--one", type=int, choices=list(MIXES), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        rounds = given.rounds or {127: 100, 1_000: 20, 10_000: 5, 100_000: 2}[given.one]
        sys.stdout.write(json.dumps(measure(given.one, rounds, given.seed, given.text)))
        return 0
    results = []
    for size in [int(text) for text in given.sizes.split(",")]:
        if size not in MIXES:
            parser.error("there are mixes of " + ", ".join(f"{each:,}" for each in MIXES))
        # Each size in a process of its own, so that its peak is its own.
        command = [sys.executable, __file__, "--one", str(size), "--rounds", str(given.rounds), "--seed", str(given.seed)]
        command += ["--text", given.text]
        results.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    sys.stdout.write("\n".join(table(results)) + "\n")
    if given.out:
        with open(given.out, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
