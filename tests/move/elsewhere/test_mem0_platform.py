"""mem0's platform, by the API that its own client (mem0ai 2.2) speaks, on a TLS server of ours under its name."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

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
        #: What its search holds besides, and all requests.
        self.index: dict[str, str] = {}
        self.refuses = ""
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: bytes, connection: socket.socket) -> None:
        line, *_ = request.decode().split("\r\n")
        self.asked.append((unquote(line), request.decode().partition("\r\n\r\n")[2]))
        method, target, _ = line.split(" ")
        if "Authorization: Token m0-key\r\n" not in request.decode():
            status, value = "401 Unauthorized", {"detail": "no"}
        else:
            body = request.decode().partition("\r\n\r\n")[2]
            status, value = self.answer(method, urlsplit(target).path, urlsplit(target).query, json.loads(body or "{}"))
        answer(json.dumps(value).encode(), status=status)(request, connection)

    def answer(self, method: str, path: str, query: str, body: dict[str, Any]) -> tuple[str, Any]:
        items = [{"id": id, "memory": text} for id, text in self.memories.items()]
        if (method, path) == ("POST", "/v3/memories/"):
            page = int(re.search(r"page=(\d+)", query)[1])  # type: ignore[index]
            shown = items[100 * page - 100 : 100 * page]
            return "200 OK", {"count": len(items), "next": "more" if 100 * page < len(items) else None, "results": shown}
        if (method, path) == ("POST", "/v3/memories/search/"):
            words = set(body["query"].lower().split())
            indexed = [*({"id": id, "memory": text} for id, text in self.index.items()), *items]
            near = sorted(indexed, key=lambda item: -len(words & set(item["memory"].lower().split())))
            return "200 OK", {"results": near[: body["top_k"]]}
        found = re.fullmatch(r"/v1/memories/([^/]+)/(history/)?", path)
        if found and found[2]:
            return "200 OK", self.history.get(found[1], [])
        if found and found[1] in self.memories:
            if method == "DELETE" and found[1] == self.refuses:
                return "500 Internal Server Error", {"detail": "no"}
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
    made, forget = platform
    assert forget(dry_run=True).found == 1
    assert len(made.memories) == 250
    assert not any("orblax" in said or "search" in line for line, said in made.asked)


def test_its_search_is_asked_with_a_text_only_where_a_neutral_word_does_not_find_it(platform: tuple[Platform, Any]) -> None:
    made, forget = platform
    # Behind a hundred others that share nothing with the word either.
    made.index["id-120"] = SECRET
    made.memories = {**{f"memory-{number}": "memory lane" for number in range(100)}, "id-120": SECRET.upper()}
    done = forget()
    told = [said for _, said in made.asked if "zorblax" in said.lower()]
    assert (done.sent, done.still["search"]) == (1, 1), "its search forgot nothing"
    assert len(told) == 1 and SECRET.upper() in told[0], "as it had it"
    assert not any("zorblax" in line.lower() for line, _ in made.asked)


def test_it_is_not_told_what_it_did_not_have(platform: tuple[Platform, Any]) -> None:
    made, forget = platform
    del made.memories["id-120"]
    done = forget()
    assert (done.found, done.sent) == (0, 0)
    assert not any("orblax" in line + said for line, said in made.asked)


def test_a_deletion_that_is_refused_is_counted(platform: tuple[Platform, Any]) -> None:
    made, forget = platform
    made.memories["id-3"] = f" {SECRET} "
    made.refuses = "id-120"
    done = forget()
    assert (done.found, done.deleted, done.failed) == (2, 1, 1)
    assert done.unasked == ("deleting was answered with status 500",)
    assert set(done.still) >= {"list", "search"} and not done.is_gone


class Server(Platform):
    """A server of one's own: its list ends where it likes, and it does not say so."""

    def answer(self, method: str, path: str, query: str, body: dict[str, Any]) -> tuple[str, Any]:
        items = [{"id": id, "memory": text} for id, text in self.memories.items()]
        if (method, path) == ("GET", "/memories"):
            return "200 OK", {"results": items[:20]}
        if (method, path) == ("POST", "/search"):
            return super().answer("POST", "/v3/memories/search/", "", {**body, "top_k": 5})
        return super().answer(method, path.replace("/memories/", "/v1/memories/") + "/" * ("history" in path), query, body)


@pytest.mark.parametrize("said_yes", [False, True])
def test_where_the_list_is_cut_texts_are_sent_only_with_the_users_word(tmp_path: Path, said_yes: bool) -> None:
    pem = certificate(tmp_path, "mem0.example")
    made = Server()
    with Host(pem, made) as host:
        network = Network(resolver=lambda _host, _port: ["127.0.0.1"], tls=ssl.create_default_context(cafile=str(pem)))
        api = Api(
            f"https://mem0.example:{host.port}", Secret(b"m0-key"), header="Authorization", scheme="Token ", network=network
        )
        wanted = [Wanted("ab" * 20, "", SECRET)]
        given: dict[str, Any] = {"user": "anna", "progress": lambda _count: None, "with_texts": said_yes}
        looked = provider_called("mem0").delete(api, wanted, dry_run=True, **given)
        assert not any("orblax" in line + said for line, said in made.asked)
        done = provider_called("mem0").delete(api, wanted, dry_run=False, **given)
    told = [said for _, said in made.asked if "orblax" in said]
    assert "its list ends at 20 memories" in looked.unasked[0]
    assert (done.found, done.sent) == ((1, 2) if said_yes else (0, 0))
    assert len(told) == done.sent
    assert bool(done.unasked) is not said_yes
    assert not any("orblax" in line for line, _ in made.asked)
