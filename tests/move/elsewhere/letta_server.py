"""A server on this machine that speaks the part of Letta's API that is asked (its release 0.16.8): agents, archival passages,
memory blocks, messages. It keeps what its release keeps: a deleted passage is gone, a message stays."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.serving import Answering, Served

KEY = "letta-test-key"


class Letta(Served):
    """The server, while its context lasts. ``forgets`` False: a passage is said to be deleted and stays; ``lingers``: search
    shows it on. ``finds``: how many its search shows at most. ``by_body`` False: an older one, without ``/v1/passages/search``.
    ``refuses``: passages that it does not delete, with the status that it answers with; 0 cuts the connection.

    ``asked`` has each request's method and path, ``sent`` all that it was told: targets and bodies.
    """

    def __init__(
        self,
        *,
        forgets: bool = True,
        searches: bool = True,
        lingers: bool = False,
        finds: int = 100,
        by_body: bool = True,
        refuses: dict[str, int] | None = None,
    ) -> None:
        self.sent: list[tuple[str, str]] = []
        self._lingers = lingers
        self._finds = finds
        self._by_body = by_body
        self._refuses = refuses or {}
        self._index: dict[str, list[dict[str, Any]]] = {}
        self.passages: dict[str, list[dict[str, Any]]] = {}
        self.blocks: dict[str, list[dict[str, Any]]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, str]] = []
        self._forgets = forgets
        self._searches = searches
        letta = self

        class Handler(Answering):
            def _answer(self) -> None:
                parts = urlsplit(self.path)
                letta.asked.append((self.command, parts.path))
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                letta.sent.append((unquote(self.path), data))
                if self.headers.get("Authorization") != f"Bearer {KEY}":
                    status, value = 401, {"detail": "Unauthorized"}
                else:
                    path = [unquote(part) for part in parts.path.removeprefix("/").split("/")]
                    query = dict(parse_qsl(parts.query))
                    status, value = letta.answer(self.command, path, query, json.loads(data) if data else {})
                if not status:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.answer(status, json.dumps(value).encode())

            do_GET = do_DELETE = do_POST = _answer  # noqa: N815

        super().__init__(Handler)
        self.url = self.origin

    def agent(self, id: str, passages: dict[str, str], *, block: str = "", said: str = "") -> None:
        """An agent with passages by their ids."""
        self.passages[id] = [{"id": key, "text": text, "tags": []} for key, text in passages.items()]
        self._index[id] = list(self.passages[id])
        self.blocks[id] = [{"id": f"block-{id}", "label": "human", "value": block, "limit": 5000}]
        self.messages[id] = [
            {"id": f"message-{id}-{at}", "message_type": "user_message", "content": text}
            for at, text in enumerate(["hello", said, "bye"])
        ]

    def _found(self, agent: str, asked: str) -> list[dict[str, Any]]:
        """The passages that share most words with what is asked, as many as it shows; the others after them."""
        words = set(asked.lower().split())
        index = self._index[agent] if self._lingers else self.passages[agent]
        near = sorted(index, key=lambda item: -len(words & set(item["text"].lower().split())))
        return near[: self._finds]

    def answer(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        """Status and body of an answer."""
        limit, after = int(query.get("limit", 50)), query.get("after", "")
        match (method, path):
            case ("GET", ["v1", "agents", ""]):
                return 200, _page([{"id": id, "name": id} for id in self.passages], after, limit)
            case (_, ["v1", "agents", id, *_rest]) if id not in self.passages:
                return 404, {"detail": "Agent not found"}
            case ("GET", ["v1", "agents", id, "archival-memory"]):
                return 200, _page(self.passages[id], after, limit)
            case ("GET", ["v1", "agents", id, "archival-memory", "search"]):
                if not self._searches:
                    return 500, {"detail": "no embedding model"}
                found = self._found(id, query["query"])
                return 200, {
                    "results": [{"id": item.get("id"), "content": item["text"]} for item in found],
                    "count": len(found),
                }
            case ("POST", ["v1", "passages", "search"]) if self._by_body:
                return 200, [{"passage": item, "score": 0.5} for item in self._found(body["agent_id"], body["query"])]
            case ("DELETE", ["v1", "agents", id, "archival-memory", passage]) if passage in self._refuses:
                return self._refuses[passage], {"detail": "no"}
            case ("DELETE", ["v1", "agents", id, "archival-memory", passage]):
                if self._forgets:
                    self.passages[id] = [item for item in self.passages[id] if item.get("id") != passage]
                return 200, {"message": f"Memory id={passage} successfully deleted"}
            case ("GET", ["v1", "agents", id, "core-memory", "blocks"]):
                return 200, self.blocks[id]
            case ("GET", ["v1", "agents", id, "messages"]):
                return 200, _page(list(reversed(self.messages[id])), query.get("before", ""), limit)
        return 404, {"detail": "Not Found"}


def _page(items: list[dict[str, Any]], after: str, limit: int) -> list[dict[str, Any]]:
    start = next((at + 1 for at, item in enumerate(items) if after and item.get("id") == after), 0)
    return items[start : start + limit]
