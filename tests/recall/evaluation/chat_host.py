"""A real HTTP server on this machine that speaks the shape of a chat endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Of a request's body: the answer's text, or status, headers and raw body.
Reply = Callable[[dict[str, Any]], "str | tuple[int, dict[str, str], bytes]"]


class ChatHost:
    """``asked`` holds path, headers and body of each request, in order."""

    def __init__(self, reply: Reply) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                host.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                said = reply(body)
                if isinstance(said, str):
                    answer = {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": said}}]}
                    said = (200, {"Content-Type": "application/json"}, json.dumps(answer).encode())
                status, headers, data = said
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> ChatHost:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
