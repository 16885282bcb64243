"""mem0's platform, by the API that its own client (mem0ai 2.2) speaks, on a TLS server of ours under its name."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from satchel.errors import NetworkError
from satchel.move.elsewhere import provider_called
from satchel.move.elsewhere.base import Outcome, Wanted
from satchel.trust.api import Api
from satchel.trust.fetch import Network
from satchel.trust.secrets import Secret
from tests.trust.tls_host import Host, answer, certificate

SECRET = "Zorblax the tortoise sleeps behind the boiler"


class Platform:
    """The memories, and what the platform answers."""

    def __init__(self) -> None:
        self.memories = {f"id-{number}": f"note number {number}" for number in range(250)}
        self.memories["id-120"] = SECRET
        self.history = {"id-120": [{"old_memory": None, "new_memory": SECRET, "event": "ADD"}]}
        self.forgets_history = False

    def __call__(self, request: bytes, connection: socket.socket) -> None:
        line, *_ = request.decode().split("\r\n")
        method, target, _ = line.split(" ")
        if "Authorization: Token m0-key\r\n" not in request.decode():
            status, value = "401 Unauthorized", {"detail": "no"}
        else:
            status, value = self.answer(method, urlsplit(target).path, urlsplit(target).query)
        answer(json.dumps(value).encode(), status=status)(request, connection)

    def answer(self, method: str, path: str, query: str) -> tuple[str, Any]:
        items = [{"id": id, "memory": text} for id, text in self.memories.items()]
        if (method, path) == ("POST", "/v3/memories/"):
            page = int(re.search(r"page=(\d+)", query)[1])  # type: ignore[index]
            shown = items[100 * page - 100 : 100 * page]
            return "200 OK", {"count": len(items), "next": "more" if 100 * page < len(items) else None, "results": shown}
        if (method, path) == ("POST", "/v3/memories/search/"):
            return "200 OK", {"results": [item for item in items if "tortoise" in item["memory"]]}
        found = re.fullmatch(r"/v1/memories/([^/]+)/(history/)?", path)
        if found and found[2]:
            return "200 OK", self.history.get(found[1], [])
        if found and found[1] in self.memories:
            if method == "DELETE":
                del self.memories[found[1]]
                if self.forgets_history:
                    self.history.pop(found[1], None)
                return "200 OK", {"message": "Memory deleted successfully!"}
            return "200 OK", {"id": found[1], "memory": self.memories[found[1]]}
        return "404 Not Found", {"detail": "not found"}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[tuple[Platform, Any]]:
    pem = certificate(tmp_path, "api.mem0.ai")
    trusting = ssl.create_default_context(cafile=str(pem))
    made = Platform()
    with Host(pem, made) as host:
        network = Network(resolver=lambda _host, _port: ["127.0.0.1"], tls=trusting)

        def forget(key: str = "m0-key", **asked: Any) -> Outcome:
            api = Api(f"https://api.mem0.ai:{host.port}", Secret(key.encode()), scheme="Token ", network=network)
            given = {"user": "anna", "dry_run": False, "progress": lambda _count: None, **asked}
            return provider_called("mem0").delete(api, [Wanted("ab" * 20, "", SECRET)], **given)

        yield made, forget


def test_it_is_found_on_the_second_page_deleted_and_still_in_the_history(platform: tuple[Platform, Any]) -> None:
    made, forget = platform
    done = forget()
    assert (done.found, done.deleted, done.ids, done.still) == (1, 1, ("id-120",), {"history": 1})
    assert len(made.memories) == 249


def test_where_the_history_forgets_too_it_is_gone(platform: tuple[Platform, Any]) -> None:
    made, forget = platform
    made.forgets_history = True
    assert forget().is_gone


def test_the_key_is_refused(platform: tuple[Platform, Any]) -> None:
    with pytest.raises(NetworkError, match="does not take the key"):
        platform[1](key="wrong")
    assert len(platform[0].memories) == 250


def test_a_dry_run_only_looks(platform: tuple[Platform, Any]) -> None:
    assert platform[1](dry_run=True).found == 1
    assert len(platform[0].memories) == 250
