"""Write an invented ChatGPT or Claude export of a wanted size: ``generate.py chatgpt --size 1GB --seed 1 DIR``.

One conversation is made, written and forgotten at a time, so memory does not grow with the size. The same provider,
seed and size give the same bytes; a larger size of the same seed begins with the smaller one's conversations.
"""

from __future__ import annotations

import argparse
import codecs
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chatgpt_shapes
import claude_shapes
import orjson
from prose import Prose
from sizes import size_bytes

_SHAPES: dict[str, Callable[[random.Random, Prose], dict[str, Any]]] = {
    "chatgpt": chatgpt_shapes.conversation,
    "claude": claude_shapes.conversation,
}
PROVIDERS = tuple(_SHAPES)


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), error.end


codecs.register_error("json-escape", _escape)


def conversations(provider: str, seed: int) -> Iterator[bytes]:
    """Without end, the JSON of one conversation after another. ChatGPT escapes what is not ASCII, Claude does not."""
    rng = random.Random(f"{provider}/{seed}")
    prose = Prose(rng)
    make = _SHAPES[provider]
    while True:
        data = orjson.dumps(make(rng, prose))
        if provider == "chatgpt" and not data.isascii():
            data = data.decode().encode("ascii", "json-escape")
        yield data


def write(provider: str, seed: int, size: int, folder: Path) -> Path:
    """``folder``/conversations.json, the first to reach ``size`` bytes at the end of a conversation."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "conversations.json"
    written = 2
    with path.open("wb", buffering=1 << 20) as file:
        file.write(b"[")
        for data in conversations(provider, seed):
            file.write(data)
            written += len(data)
            if written >= size:
                break
            file.write(b",")
            written += 1
        file.write(b"]")
    return path


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Write an invented export.")
    parser.add_argument("provider", choices=PROVIDERS)
    parser.add_argument("folder", type=Path, metavar="OUT_DIR")
    parser.add_argument("--size", type=size_bytes, default=size_bytes("10MB"), help="decimal: 10MB, 1GB")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    path = write(given.provider, given.seed, given.size, given.folder)
    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
