"""The floor: the least that any importer of these bytes has to do, as one process.

One pass over a conversations.json: each conversation is cut out, parsed and hashed, and each of its messages written as
one line of JSON. What a real import costs is told as a multiple of this. Memory is bounded by one conversation.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from satchel.codec.arrays import iter_array


def messages(conversation: dict[str, Any]) -> Iterator[Any]:
    """The messages of a ChatGPT or a Claude conversation."""
    if "mapping" in conversation:
        for node in conversation["mapping"].values():
            if node["message"] is not None:
                yield node["message"]
    else:
        yield from conversation["chat_messages"]


def run(source: Path, target: Path) -> tuple[int, int, str]:
    """Conversations and messages seen, and the SHA-256 over the conversations' bytes."""
    digest = hashlib.sha256()
    talks = lines = 0
    with source.open("rb") as stream, target.open("wb", buffering=1 << 20) as out:
        for element in iter_array(stream, file=source.name):
            digest.update(element.data)
            talks += 1
            for message in messages(orjson.loads(element.data)):
                out.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
                lines += 1
    return talks, lines, digest.hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Parse, hash and write once: the floor.")
    parser.add_argument("source", type=Path, metavar="INPUT", help="a conversations.json")
    parser.add_argument("target", type=Path, metavar="OUT", help="the file of JSON lines to write")
    given = parser.parse_args(arguments)
    # Parsed JSON has no cycles; looking for some would make the floor higher than it is.
    gc.disable()
    talks, lines, digest = run(given.source, given.target)
    sys.stdout.write(f"{talks} conversations, {lines} messages, sha256 {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
