"""A server on this machine that speaks the part of Letta's API that is asked (its release 0.16.8): agents, archives, archival
passages, memory blocks, messages. It keeps what its release keeps: a deleted passage is gone, a message stays. It can be told
to do what that release does not, such as to forget nothing. ``test_letta_real`` holds its answers against the real server's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.serving import Answering, Served

KEY = "letta-test-key"


class Letta(Served):
    """The server, while its context lasts. ``forgets`` False: a passage is said to be deleted and stays; ``lingers``: search
    shows it on. ``finds``: how many its search shows at most. ``by_body`` False: an older one, without ``/v1/passages/search``
    and archives.
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
        #: By the ids of agents, and of archives that no agent has.
        self.passages: dict[str, list[dict[str, Any]]] = {}
        self.blocks: dict[str, list[dict[str, Any]]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        #: Archives, each with its agent or "".
        self.archives: dict[str, str] = {}
        #: Blocks that no agent has.
        self.loose: list[dict[str, Any]] = []
        #: What was sent to a model, by the ids of steps.
        self.traces: dict[str, Any] = {}
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
                self.answer(status, b"" if value is None else json.dumps(value).encode())

            do_GET = do_DELETE = do_POST = _answer  # noqa: N815

        super().__init__(Handler)
        self.url = self.origin

    def agent(
        self,
        id: str,
        passages: dict[str, str],
        *,
        block: str = "",
        said: str = "",
        messages: Sequence[dict[str, Any]] | None = None,
    ) -> None:
        """An agent with passages by their ids, a block and messages: where ``None``, three with ``said`` as the second. One
        that is ``hidden``, a tool's answer, is counted in a page and not shown where the message before it is."""
        self._hold(id, passages)
        self.blocks[id] = [{"id": f"block-{id}", "label": "human", "value": block, "limit": 100000}]
        if passages:
            self.archives[f"archive-of-{id}"] = id
        self.messages[id] = list(
            [
                {"id": f"message-{id}-{at}", "message_type": "user_message", "content": text}
                for at, text in enumerate(["hello", said, "bye"])
            ]
            if messages is None
            else messages
        )

    def archive(self, id: str, passages: dict[str, str]) -> None:
        """An archive that no agent has, with passages by their ids."""
        self._hold(id, passages)
        self.archives[id] = ""

    def _hold(self, place: str, passages: dict[str, str]) -> None:
        self.passages[place] = [
            {"id": id, "text": text, "tags": None, "created_at": f"2026-01-01T00:00:{at / 1000:09.6f}Z"}
            for at, (id, text) in enumerate(passages.items())
        ]
        self._index[place] = list(self.passages[place])

    def _found(self, agent: str, asked: str) -> list[dict[str, Any]]:
        """The passages that share most words with what is asked, as many as it shows; the others after them."""
        words = set(asked.lower().split())
        index = self._index[agent] if self._lingers else self.passages[agent]
        near = sorted(index, key=lambda item: -len(words & set(item["text"].lower().split())))
        return near[: self._finds]

    def answer(self, method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        """Status and body of an answer."""
        limit, after = int(query.get("limit", 50)), query.get("after", "")
        agents = [id for id in self.passages if id not in self.archives]
        match (method, path):
            case ("GET", ["v1", "agents" | "archives" | "blocks"]):
                # To the same with a slash.
                return 307, None
            case ("GET", ["v1", "agents", ""]):
                return 200, _page([{"id": id, "name": id} for id in agents], after, limit)
            case ("GET", ["v1", "blocks", ""]):
                return 200, _page(self.loose, after, limit)
            case (_, ["v1", "archives" | "passages", *_rest]) if not self._by_body:
                return 404, {"detail": "Not Found"}
            case ("GET", ["v1", "steps", step, "trace"]):
                return 200, self.traces.get(step)
            case ("GET", ["v1", "archives", ""]):
                return 200, _page([{"id": id} for id in self.archives], after, limit)
            case ("GET", ["v1", "archives", id, "agents"]):
                return 200, [{"id": self.archives[id]}] if self.archives[id] else []
            case ("POST", ["v1", "passages", "search"]):
                return 200, [{"passage": item, "score": 0.5, "metadata": {}} for item in self._searched(body)]
            case ("DELETE", ["v1", "agents" | "archives", _, _, passage]) if passage in self._refuses:
                return self._refuses[passage], {"detail": "no"}
            case ("DELETE", ["v1", "agents" | "archives", _, "archival-memory" | "passages", passage]):
                return self._deleted(path[1], passage)
            case ("GET", ["v1", "agents", id, "archival-memory"]):
                # Empty for an agent that is not there, and behind a passage that is not.
                items = self.passages.get(id, [])
                known = not after or any(item.get("id") == after for item in items)
                return 200, _page(items, after, limit) if known else []
            case (_, ["v1", "agents", id, *_rest]) if id not in agents:
                return 404, {"detail": "Agent not found"}
            case ("GET", ["v1", "agents", id]):
                return 200, {"id": id, "name": id}
            case ("GET", ["v1", "agents", id, "archival-memory", "search"]):
                if not self._searches:
                    return 500, {"detail": "no embedding model"}
                found = self._found(id, query["query"])[: int(query.get("top_k", 5))]
                results = [{"id": item.get("id"), "content": item["text"], "tags": []} for item in found]
                return 200, {"results": results, "count": len(found)}
            case ("GET", ["v1", "agents", id, "core-memory", "blocks"]):
                return 200, self.blocks[id]
            case ("GET", ["v1", "agents", id, "messages"]):
                return self._talk(self.messages[id], query)
        return 404, {"detail": "Not Found"}

    def _searched(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """By a text, or without one by time."""
        place = body.get("agent_id") or body["archive_id"]
        if body.get("query"):
            return self._found(place, body["query"])[: body["limit"]]
        return [item for item in self.passages[place] if item["created_at"] >= body.get("start_date", "")][: body["limit"]]

    def _deleted(self, kind: str, passage: str) -> tuple[int, Any]:
        if not any(item.get("id") == passage for items in self.passages.values() for item in items):
            return 404, {"detail": f"Passage with id {passage} not found in database."}
        if self._forgets:
            for place, items in self.passages.items():
                self.passages[place] = [item for item in items if item.get("id") != passage]
        return (200, {"message": f"Memory id={passage} successfully deleted"}) if kind == "agents" else (204, None)

    @staticmethod
    def _talk(messages: list[dict[str, Any]], query: dict[str, str]) -> tuple[int, Any]:
        """A page is cut from the newest on, unless it is asked for otherwise, and shown from the oldest on."""
        limit, ids = int(query.get("limit", 100)), [message["id"] for message in messages]
        for cursor in ("after", "before"):
            if query.get(cursor, ids[0]) not in ids:
                return 404, {"detail": "No message found"}
        first = ids.index(query["after"]) + 1 if "after" in query else 0
        last = ids.index(query["before"]) if "before" in query else len(ids)
        rows = messages[first:last]
        page = rows[:limit] if query.get("order") == "asc" else rows[-limit:]
        shown = [row for at, row in enumerate(page) if not row.get("hidden") or at == 0]
        return 200, [{name: value for name, value in row.items() if name != "hidden"} for row in shown]


def _page(items: list[dict[str, Any]], after: str, limit: int) -> list[dict[str, Any]]:
    start = next((at + 1 for at, item in enumerate(items) if after and item.get("id") == after), 0)
    return items[start : start + limit]
