"""What a context costs: CPU of ``recall.pipeline.context`` on a warm vault.

Records are turns of invented talks; a question is some words of one of them, rare and common, as a person would ask back.
Vaults of 1,000 and 100,000 records, and one of 127 in the mix of the Portable Agent Memory paper (42 episodes, 35 facts, 20
skills, 25 goals, 5 identities), whose full re-hydration took 12.7 ms on an Apple M2. That figure includes parsing and verifying
the file; ours does not, for a vault's records were verified when they came in.

With ``--vectors`` each record has a vector of 384 numbers and every question goes through all of them. They are the hashing
embedder's, taken for a model that knows meanings, since one with weights is not at hand: what its own forward pass takes comes
on top. CPU is of the whole process: matrix products may run in threads.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from prose import Prose

from satchel.errors import Place
from satchel.model.bodies import AnyBody, Conversation, Memory, Message, Part, Profile, Skill, Task
from satchel.model.ids import make_uid
from satchel.model.record import Link, Origin, Original, Provenance, Reading, Record, Times
from satchel.model.words import words_of
from satchel.recall.embedders.hashing import HashingEmbedder
from satchel.recall.pipeline import Asked, context
from satchel.recall.telling import told
from satchel.recall.vectors import Sense, make
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TURNS = 20
PAPER_MS = 12.7
_FORMAT = "bench"


def talks(count: int, rng: random.Random) -> Iterator[list[Record]]:
    """Talks of ``TURNS`` turns between a person and an assistant until ``count`` turns were made, head first."""
    prose = Prose(rng)
    for number in range(-(-count // TURNS)):
        head = make_uid(_FORMAT, "talk", str(number))
        at = Times(created=NOW - timedelta(hours=rng.randrange(24 * 700)))
        records = [_record(head, Conversation(), at)]
        for position in range(min(TURNS, count - number * TURNS)):
            part = Part(type="text", text=prose.sentences(rng.randrange(60, 600)))
            body = Message(role="assistant" if position % 2 else "user", parts=(part,), position=position)
            records.append(_record(make_uid(head, str(position)), body, at, head))
        yield records


def paper(rng: random.Random) -> Iterator[list[Record]]:
    """The paper's 127 entries, each a source object of its own."""
    prose = Prose(rng)
    for number in range(127):
        text = prose.sentences(rng.randrange(60, 400))
        body: AnyBody
        if number < 42:
            body = Memory(text=text, type="episode", salience=rng.random())
        elif number < 77:
            body = Memory(text=text, confidence=rng.random())
        elif number < 97:
            body = Skill(name=f"skill {number}", description=prose.sentences(60), text=text)
        elif number < 122:
            body = Task(title=prose.sentences(40), text=text)
        else:
            body = Profile(text=text)
        yield [_record(make_uid(_FORMAT, "entry", str(number)), body, Times(created=NOW - timedelta(hours=number)))]


def _record(uid: str, body: AnyBody, times: Times, whole: str = "") -> Record:
    return Record(
        uid=uid,
        body=body,
        origin=Origin(format=_FORMAT, id=uid),
        times=times,
        links=(Link("part_of", whole),) if whole else (),
        provenance=Provenance(platform=_FORMAT),
    )


def fill(store: SqliteStore, groups: Iterator[list[Record]], rng: random.Random, questions: int) -> list[str]:
    """Import all, and give back questions of some of it."""
    asked: list[str] = []
    seen = 0
    with store.importing(_FORMAT) as intake:
        for records in groups:
            intake.put(_original(records))
            for record in records:
                words = words_of(told(record))
                if len(words) < 8:
                    continue
                seen += 1
                question = " ".join(rng.sample(words, 8))
                # Each record with the same chance, whatever their number.
                if len(asked) < questions:
                    asked.append(question)
                elif (place := rng.randrange(seen)) < questions:
                    asked[place] = question
        intake.finish(())
    return asked


def _original(records: list[Record]) -> Original:
    return Original(
        uid=records[0].uid,
        kind=_FORMAT,
        native=msgspec.json.encode([record.body for record in records]),
        place=Place(file=_FORMAT),
        reader=f"{_FORMAT}/1",
        updated=None,
        read=lambda: Reading(records=tuple(records)),
    )


class Stand(HashingEmbedder):
    """Stands for a model with weights: as many numbers as the usual small ones have, and asked whatever the words find."""

    is_lexical = False

    def __init__(self) -> None:
        super().__init__(384)


def measure(store: SqliteStore, questions: list[str], budget: int, sense: Sense | None = None) -> list[float]:
    """Milliseconds of CPU of each question's context, sorted; asked once before, so that pages and caches are warm."""
    taken = []
    for question in questions:
        asked = Asked(task=question, budget=budget)
        context(store, asked, now=NOW, sense=sense)
        began = time.process_time()
        context(store, asked, now=NOW, sense=sense)
        taken.append(1000 * (time.process_time() - began))
    return sorted(taken)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description="CPU of a context, warm, by records and budget.")
    parser.add_argument("--records", default="1000,100000", help="default %(default)s")
    parser.add_argument("--budgets", default="4096,16384", help="in bytes; default %(default)s")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--vectors", action="store_true", help="also with vectors of 384 numbers")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    print("| records | budget | by | context p50 ms | p95 ms | beside |")
    print("|---:|---:|---|---:|---:|---|")
    sizes = [int(size) for size in given.records.split(",")]
    for count in [127, *sizes]:
        rng = random.Random(given.seed)
        with trial_vault() as store:
            groups = paper(rng) if count == 127 else talks(count, rng)
            questions = fill(store, groups, rng, given.questions)
            ways: list[tuple[str, Sense | None]] = [("words", None)]
            if given.vectors:
                embedder = Stand()
                began = time.process_time()
                make(store, embedder, "")
                taken_s = time.process_time() - began
                print(f"<!-- {count:,} records embedded in {taken_s:.1f} s of CPU -->", flush=True)
                ways.append(("words and vectors", Sense(embedder)))
            for way, sense in ways:
                for budget in [int(size) for size in given.budgets.split(",")] + ([128_000] if count == 127 else []):
                    taken = measure(store, questions, budget, sense)
                    p50, p95 = taken[len(taken) // 2], taken[min(len(taken) - 1, len(taken) * 95 // 100)]
                    beside = f"paper, M2: {PAPER_MS} ms" if budget == 128_000 else ""
                    print(f"| {count:,} | {budget:,} | {way} | {p50:.1f} | {p95:.1f} | {beside} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
