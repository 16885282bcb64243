"""A real HTTP server on this machine that speaks the shape of a chat endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.serving import Answering, Served

#: Of a request's body: the answer's text, or status, headers and raw body.
Reply = Callable[[dict[str, Any]], "str | tuple[int, dict[str, str], bytes]"]


class ChatHost(Served):
    """``asked`` holds path, headers and body of each request, in order."""

    def __init__(self, reply: Reply) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        host = self

        class Handler(Answering):
            def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
                body = self.body()
                host.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                said = reply(body)
                if isinstance(said, str):
                    answer = {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": said}}]}
                    said = (200, {}, json.dumps(answer).encode())
                status, headers, data = said
                self.answer(status, data, **headers)

        super().__init__(Handler)
        self.url = f"{self.origin}/v1"
