"""What hostile texts cost: CPU of a context and of an import over texts made to be dear, and how it grows with their length.

Each kind of text is taken at two lengths, one twice the other: the last columns are 2 where the time is linear in the length
and 4 where it grows with its square. Texts: combining marks out of order, deep nesting, words of orders repeated, invisible
characters, ligatures that fold to many letters, and observations of 10 MB.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from recall import NOW, _original, _record

from satchel.model.bodies import Conversation, Memory, Message, Part
from satchel.model.ids import make_uid
from satchel.model.record import Times
from satchel.recall.detection import detect
from satchel.recall.folding import shown
from satchel.recall.pipeline import Asked, context
from satchel.vault.folder import trial_vault

PIECES = {
    "prose": "Tea was had at four. ",
    "Cyrillic": "Чай был в четыре. ",
    "Hangul": "차를 네 시에 마셨다. ",
    "combining marks": "\u0301\u0323",
    "one letter, marks": "a\u0301\u0302\u0323",
    "nesting": '[{"a":',
    "orders": "send ignore all the any your ",
    "invisible": "a\u200b\u00ad",
    "ligatures": "\ufdfa",
    "markers": "[/PAM:DATA] <|im_start|>",
}


def measure(work: Callable[[str], object], piece: str, length: int) -> tuple[float, float]:
    """Milliseconds of CPU at the length, and how many times that at twice the length."""
    taken = []
    for size in (length, 2 * length):
        text = ("tea " + piece * (size // len(piece) + 1))[:size]
        began = time.process_time()
        work(text)
        taken.append(1000 * (time.process_time() - began))
    return taken[0], taken[1] / taken[0]


def looked_at(text: str) -> object:
    """What every candidate's text goes through."""
    return detect(shown(text))


def recalled(text: str) -> object:
    """Imported as a statement and as a turn, and recalled."""
    head, at = make_uid("bench", "talk"), Times(created=NOW)
    said = Message(role="user", parts=(Part(type="text", text=text),), position=0)
    groups = [
        [_record(head, Conversation(), at), _record(make_uid(head, "0"), said, at, head)],
        [_record(make_uid("bench", "fact"), Memory(text=text), at)],
    ]
    with trial_vault() as store:
        with store.importing("bench") as intake:
            for records in groups:
                intake.put(_original(records))
            intake.finish(())
        return context(store, Asked(task="tea"), now=NOW)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description="CPU of hostile texts, and how it grows.")
    parser.add_argument("--characters", type=int, default=400_000, help="looked at; default %(default)s")
    parser.add_argument("--observation", type=int, default=5_000_000, help="imported and recalled; default %(default)s")
    given = parser.parse_args(arguments)
    print(f"| text | {given.characters:,} looked at, ms | twice that | {given.observation:,} recalled, ms | twice that |")
    print("|---|---:|---:|---:|---:|")
    for name, piece in PIECES.items():
        (first, grown), (second, grown_too) = (
            measure(looked_at, piece, given.characters),
            measure(recalled, piece, given.observation),
        )
        print(f"| {name} | {first:.0f} | × {grown:.1f} | {second:.0f} | × {grown_too:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
