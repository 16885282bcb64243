"""A provider's API: what is sent, what is refused, and that the key is seen nowhere else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from satchel.errors import LimitExceeded, NetworkError, SatchelError, UnsafeAddress, UsageError
from satchel.limits import Limits
from satchel.trust.api import Api
from satchel.trust.fetch import Network
from satchel.trust.secrets import Secret
from tests.trust.tls_host import whole_request

KEY = "sk-very-secret-0123"


class Server:
    """Answers each connection with the bytes it was told; ``requests`` holds what came."""

    def __init__(self, answer: bytes) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._stopped = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(5)
            with connection:
                self.requests.append(whole_request(connection))
                connection.sendall(self._answer)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._listener.close()


def answering(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def serve() -> Iterator[Any]:
    servers: list[Server] = []

    def start(answer: bytes) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_what_is_sent(serve: Any) -> None:
    server = serve(answering(b'{"results": []}'))
    api = Api(server.url + "/api/", Secret(KEY.encode()), scheme="Token ")
    answer = api.call("POST", "memories", "a b/../c?", "", query={"page": "1&2"}, body={"query": "ä"})
    assert (answer.status, answer.value) == (200, {"results": []})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/memories/a%20b%2F..%2Fc%3F/?page=1%262 HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Token sk-very-secret-0123" in head
    assert body == '{"query":"ä"}'.encode()


def test_the_key_is_in_no_error_and_no_representation(serve: Any) -> None:
    server = serve(answering(b"<html>no</html>", "Content-Type: text/html"))
    api = Api(server.url, Secret(KEY.encode()))
    with pytest.raises(NetworkError) as caught:
        api.get("memories")
    assert KEY not in str(caught.value) + repr(api.__dict__)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/",
        "http://",
        "https://user:pw@host/",
        "https://key@host",
        "http://host?key=1",
        "http://host:99999",
        "http://[1",
    ],
)
def test_what_is_no_url_of_an_api(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Api(url)
    assert "pw" not in str(caught.value)


def test_a_key_does_not_cross_the_internet_in_the_clear() -> None:
    public = Network(resolver=lambda _host, _port: ["93.184.216.34"])
    with pytest.raises(UnsafeAddress, match="https"):
        Api("http://memories.example", Secret(b"k"), network=public).get("memories")


def test_one_public_address_among_private_ones_is_enough_to_refuse() -> None:
    mixed = Network(resolver=lambda _host, _port: ["127.0.0.1", "93.184.216.34"])
    with pytest.raises(UnsafeAddress):
        Api("http://memories.example", network=mixed).get("memories")


def test_it_goes_to_the_address_that_was_looked_up(serve: Any) -> None:
    server = serve(answering(b"[]"))
    asked: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = server.url.replace("127.0.0.1", "memories.internal")
    assert Api(url, network=Network(resolver=resolver)).get("memories").value == []
    assert asked == ["memories.internal"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answering(b"", "Location: http://elsewhere.example/", status="302 Found"), UnsafeAddress),
        (answering(b"[" + b" " * 5000 + b"]"), LimitExceeded),
        (answering(b"not json"), NetworkError),
        (b"nonsense\r\n\r\n", NetworkError),
        (b"", NetworkError),
    ],
)
def test_answers_that_are_refused(serve: Any, answer: bytes, error: type[SatchelError]) -> None:
    with pytest.raises(error):
        Api(serve(answer).url, limits=Limits(answer_bytes=4000)).get("memories")


def test_a_status_is_an_answer_too(serve: Any) -> None:
    found = Api(serve(answering(b"<p>gone</p>", status="404 Not Found")).url).get("memories", "1")
    assert (found.status, found.value, found.is_missing, found.is_good) == (404, None, True, False)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NetworkError):
        Api(f"http://127.0.0.1:{port}").get("memories")
