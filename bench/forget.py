"""What forgetting costs beside inserting, in CPU seconds of one process: one record, and many, in an encrypted vault.

python bench/forget.py --records 1000000 --many 1
python bench/forget.py --records 100000 --many 5000
python bench/forget.py --records 100000 --many 5000 --talks      messages in conversations of twenty
python bench/forget.py --records 60000 --many 50000 --words 160  texts of about 1 KB; a text of --words 1600 has 10

The forgetting runs in a process of its own, whose peak memory is told as well. --window holds what goes back, and --undo takes
the many back again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from prose import Prose

from satchel.errors import Place
from satchel.model.bodies import Conversation, Memory, Message, Part
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Origin, Original, Provenance, Reading, Record
from satchel.move import forgetting
from satchel.trust.secrets import Secret, new_key
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting

_TALK = 20


def statements(count: int, prose: Prose, words: int) -> Iterator[Original]:
    """Objects that are one memory each, as a bundle's rows are. No two texts share a sentence, as in real ones."""
    for number in range(count):
        text = prose.words(words)
        uid = make_uid("bench", "memory", str(number))
        record = Record(
            uid=uid,
            body=Memory(text=text),
            origin=Origin(format="bench", id=str(number), kind="bench.memory"),
            provenance=Provenance(platform="bench"),
        )
        yield Original(
            uid=uid,
            kind="bench.memory",
            native=msgspec.json.encode({"id": number, "text": text}),
            place=Place("bench.jsonl", number),
            reader="bench/1",
            updated=None,
            read=lambda record=record: Reading((record,)),  # type: ignore[misc]
            small=True,
        )


def talks(count: int, prose: Prose, words: int) -> Iterator[Original]:
    """Conversations of twenty messages."""
    for number in range(count // _TALK):
        whole = make_uid("bench", "conversation", str(number))
        made = Provenance(platform="bench")
        records = [
            Record(
                uid=whole,
                body=Conversation(title=prose.words(5)),
                origin=Origin(format="bench", id=str(number), kind="bench.conversation"),
                provenance=made,
            )
        ]
        texts = [prose.words(words) for _ in range(_TALK)]
        for at, text in enumerate(texts):
            records.append(
                Record(
                    uid=make_uid(whole, "message", str(at)),
                    body=Message(role="user", parts=(Part(type="text", text=text),), position=at),
                    origin=Origin(format="bench", id=f"{number}-{at}", kind="bench.message"),
                    links=(Link("part_of", whole),),
                    provenance=made,
                    native=Native(pointer=f"/messages/{at}"),
                )
            )
        yield Original(
            uid=whole,
            kind="bench.conversation",
            native=msgspec.json.encode({"id": number, "messages": [{"text": text} for text in texts]}),
            place=Place("bench.json", number),
            reader="bench/1",
            updated=None,
            read=lambda records=tuple(records): Reading(records),  # type: ignore[misc]
        )


def forget(path: Path, key: Secret, kind: str, many: int, *, window: bool, undo: bool) -> dict[str, Any]:
    """Forget one record and then many, of a vault that was made."""
    results: dict[str, Any] = {}
    with SqliteStore.open(path, key) as store:
        if window:
            store.set_undo_window(timedelta(days=7))
        uids = [uid.hex() for (uid,) in store.connection.execute("SELECT uid FROM record WHERE kind = ?", (kind,))]
        chosen = random.Random(7).sample(uids, many + 1)
        del uids
        for name, some in (("one", chosen[:1]), (f"{many}", chosen[1:])):
            asked = Forgetting(uids=tuple(some))
            before = time.process_time()
            closure = forgetting.preview(store, asked)
            results[f"preview_{name}_cpu_s"] = round(time.process_time() - before, 3)
            before = time.process_time()
            erased = forgetting.forget(store, asked, expected=closure)
            results[f"forget_{name}_cpu_s"] = round(time.process_time() - before, 3)
            assert sum(erased.counts.values()) == len(some)
        results["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        if undo:
            before = time.process_time()
            store.undo(erased.change)
            results[f"undo_{many}_cpu_s"] = round(time.process_time() - before, 3)
            results["undo_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=5_000, help="how many are forgotten at once, after one alone")
    parser.add_argument("--talks", action="store_true")
    parser.add_argument("--words", type=int, default=45, help="how many words a text has")
    parser.add_argument("--window", action="store_true", help="with an undo window")
    parser.add_argument("--undo", action="store_true", help="and take the many back")
    parser.add_argument("--data", type=Path, help="where the vault is made for the while")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.data) as folder:
        key, path = new_key(), Path(folder) / "vault.db"
        store = SqliteStore.create(path, key, owner_id="bench")
        makers = talks if given.talks else statements
        began = time.process_time()
        making = 0.0
        with store.importing("bench") as intake:
            objects = makers(given.records, Prose(random.Random(3)), given.words)
            while True:
                before = time.process_time()
                original = next(objects, None)
                making += time.process_time() - before
                if original is None:
                    break
                intake.put(original)
            intake.finish(())
        inserting = time.process_time() - began - making
        kind = "message" if given.talks else "memory"
        results: dict[str, Any] = {"records": given.records, "kind": kind, "insert_cpu_s": round(inserting, 2)}
        store.close()
        results["vault_mb"] = path.stat().st_size >> 20
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            asked = {"window": given.window or given.undo, "undo": given.undo}
            results |= pool.apply(forget, (path, key, kind, given.many), asked)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
