"""A server on this machine that speaks OpenAI's embeddings API: a vector of a text's letters, the same for the same text."""

from __future__ import annotations

import json
import math
from typing import Any

from tests.serving import Answering, Served

DIMENSIONS = 64


def embed(text: str) -> list[float]:
    """Pairs of letters, counted into a few boxes: texts that share words are near."""
    counts = [0.0] * DIMENSIONS
    for pair in zip(text.lower(), text.lower()[1:], strict=False):
        counts[(ord(pair[0]) * 31 + ord(pair[1])) % DIMENSIONS] += 1.0
    length = math.sqrt(sum(count * count for count in counts)) or 1.0
    return [count / length for count in counts]


class _Handler(Answering):
    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        request = self.body()
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        data = [{"object": "embedding", "index": at, "embedding": embed(text)} for at, text in enumerate(texts)]
        body: dict[str, Any] = {"object": "list", "model": request["model"], "data": data}
        body["usage"] = {"prompt_tokens": 0, "total_tokens": 0}
        self.answer(200, json.dumps(body).encode())


class Embedder(Served):
    """The server, while its context lasts; ``url`` is the base of its API."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.url = f"{self.origin}/v1"
