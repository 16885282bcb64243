"""The real mem0 in a process of its own, behind the routes of its own server: ``python mem0_process.py FOLDER EMBEDDER_URL``.

mem0's server is no package; its routes are few, and this answers them from ``mem0.Memory`` as that server does. It prints its
port. It needs no network, no key and no model: ``infer=False`` keeps what it is given.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

KEY = "m0-test-key"
_SCOPES = ("user_id", "agent_id", "run_id")


def opened(folder: Path, url: str) -> Any:
    """A mem0 whose whole store is in ``folder``."""
    os.environ["MEM0_TELEMETRY"] = "False"
    os.environ["MEM0_DIR"] = str(folder / "home")
    from mem0 import Memory

    openai = {"api_key": "none", "openai_base_url": url}
    store = {"path": str(folder / "qdrant"), "on_disk": True, "embedding_model_dims": 64, "collection_name": "memories"}
    return Memory.from_config(
        {
            "vector_store": {"provider": "qdrant", "config": store},
            "history_db_path": str(folder / "history.db"),
            "embedder": {"provider": "openai", "config": {**openai, "model": "letters", "embedding_dims": 64}},
            "llm": {"provider": "openai", "config": openai},
        }
    )


class _Handler(BaseHTTPRequestHandler):
    memory: Any

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        if self.headers.get("X-API-Key") != KEY:
            self._send(401, {"detail": "Invalid API key."})
            return
        try:
            self._send(200, self._done([unquote(part) for part in parts.path.strip("/").split("/")], query, body))
        except Exception as error:
            traceback.print_exc()
            self._send(404 if "not found" in str(error).lower() else 500, {"detail": "upstream error"})

    def _done(self, path: list[str], query: dict[str, str], body: dict[str, Any]) -> Any:
        memory = self.memory
        scope = {name: value for name, value in {**query, **body}.items() if name in _SCOPES}
        match (self.command, path):
            case ("POST", ["memories"]):
                return memory.add(body["messages"], infer=body.get("infer", True), **scope)
            case ("GET", ["memories"]):
                return memory.get_all(filters=scope, top_k=int(query.get("top_k", 20)))
            case ("DELETE", ["memories"]):
                memory.delete_all(**scope)
                return {"message": "All relevant memories deleted"}
            case ("GET", ["memories", id]):
                return memory.get(id)
            case ("DELETE", ["memories", id]):
                memory.delete(memory_id=id)
                return {"message": "Memory deleted successfully"}
            case ("GET", ["memories", id, "history"]):
                return memory.history(memory_id=id)
            case ("POST", ["search"]):
                return memory.search(query=body["query"], filters=body["filters"], top_k=body.get("top_k", 20))
            case ("POST", ["reset"]):
                memory.reset()
                return {"message": "All memories reset"}
        raise LookupError("not found")

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def _send(self, status: int, value: Any) -> None:
        whole = json.dumps(value, default=str).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole)

    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    _Handler.memory = opened(Path(sys.argv[1]), sys.argv[2])
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
