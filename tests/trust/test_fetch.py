"""The guarded fetch against a real TLS host: what it takes, and every way in which a host could lead it astray."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import LimitExceeded, NetworkError, SatchelError, UnsafeAddress
from satchel.limits import DEFAULT, raised
from satchel.trust import fetch as fetching
from satchel.trust.addresses import is_public
from satchel.trust.fetch import Network, fetch
from tests.trust.tls_host import Answer, Host, answer, certificate

NAME = "did.host.example"
DOCUMENT = b'{"id":"did:web:did.host.example"}'
HERE = ["127.0.0.1"]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), NAME)


def network(pem: Path, resolver: Callable[[str, int], list[str]] = lambda host, port: HERE) -> Network:
    """This machine stands for a public one: only here, by what the test passes."""
    return Network(resolver=resolver, allowed=HERE.__contains__, tls=ssl.create_default_context(cafile=pem))


@contextmanager
def asked(pem: Path, send: Answer, limits: list[str] | None = None) -> Iterator[tuple[Host, Callable[[], bytes]]]:
    bounds = raised(["fetch_s=8", *(limits or [])])
    with Host(pem, send) as host:
        url = f"https://{NAME}:{host.port}/.well-known/did.json"
        yield host, lambda: fetch(url, limits=bounds, network=network(pem))


def test_a_document_comes_and_nothing_is_sent_but_the_request(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with asked(pem, answer(DOCUMENT)) as (host, get):
        assert get() == DOCUMENT
    lines = host.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /.well-known/did.json HTTP/1.1"
    sent = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert sent == {"host", "accept", "accept-encoding", "user-agent"}
    assert f"Host: {NAME}:{host.port}" in lines and host.connections == 1


@pytest.mark.parametrize("type", ["application/did+json", "application/did+ld+json", "Application/JSON; charset=utf-8"])
def test_the_types_of_a_document(pem: Path, type: str) -> None:
    with asked(pem, answer(DOCUMENT, type=type)) as (_, get):
        assert get() == DOCUMENT


@pytest.mark.parametrize("type", ["text/html", "", "application/jsonp", "text/plain", "application/octet-stream"])
def test_other_types_are_refused(pem: Path, type: str) -> None:
    with asked(pem, answer(DOCUMENT, type=type)) as (_, get), pytest.raises(UnsafeAddress, match="type"):
        get()


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "304 Not Modified"]
)
def test_redirects_are_not_followed(pem: Path, status: str) -> None:
    for location in (
        "https://127.0.0.1/",
        f"https://{NAME}/x",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ):
        moved = answer(b"", f"Location: {location}", status=status)
        with asked(pem, moved) as (host, get), pytest.raises(UnsafeAddress, match="not followed"):
            get()
        assert host.connections == 1


@pytest.mark.parametrize("status", ["404 Not Found", "500 Broken", "204 No Content", "206 Partial", "401 Who"])
def test_answers_that_are_no_document(pem: Path, status: str) -> None:
    with asked(pem, answer(DOCUMENT, status=status)) as (_, get), pytest.raises(NetworkError, match="status"):
        get()


def test_more_than_the_limit_is_not_read(pem: Path) -> None:
    with asked(pem, answer(b"x" * 1000), ["fetch_bytes=1000"]) as (_, get):
        assert len(get()) == 1000
    with asked(pem, answer(b"x" * 1001), ["fetch_bytes=1000"]) as (_, get), pytest.raises(LimitExceeded, match="1,000"):
        get()

    def endless(_request: bytes, connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1000\r\n" + bytes(4096) + b"\r\n")

    with asked(pem, endless) as (_, get), pytest.raises(LimitExceeded):  # type: ignore[arg-type]
        get()


def test_compressed_answers_are_refused(pem: Path) -> None:
    with asked(pem, answer(DOCUMENT, "Content-Encoding: gzip")) as (_, get), pytest.raises(UnsafeAddress, match="compressed"):
        get()


def test_a_drip_of_bytes_ends_with_the_patience(pem: Path) -> None:
    stop = threading.Event()

    def drip(_request: bytes, connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b" ")

    with asked(pem, drip, ["fetch_s=1"]) as (_, get):  # type: ignore[arg-type]
        with pytest.raises(NetworkError, match="too long"):
            get()
        stop.set()


def test_a_host_that_says_nothing(pem: Path) -> None:
    stop = threading.Event()
    with asked(pem, lambda request, connection: stop.wait(20) and None, ["fetch_s=1"]) as (_, get):
        with pytest.raises(NetworkError, match="too long"):
            get()
        stop.set()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{}",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
    ],
)
def test_answers_that_are_no_http(pem: Path, data: bytes) -> None:
    with asked(pem, lambda request, connection: connection.sendall(data)) as (_, get), pytest.raises(NetworkError):
        get()


def test_certificates_of_another_name_an_ended_one_and_a_stranger_s(pem: Path, tmp_path: Path) -> None:
    other, ended = certificate(tmp_path, "other.example"), certificate(tmp_path, NAME, days=-1)
    for served, believed in ((other, other), (ended, ended), (certificate(tmp_path, NAME), pem)):
        with Host(served, answer(DOCUMENT)) as host, pytest.raises(NetworkError, match="certificate"):
            fetch(f"https://{NAME}:{host.port}/x", network=network(believed))
        assert host.requests == []


def test_a_name_that_changes_its_mind_is_asked_once(pem: Path) -> None:
    """DNS rebinding: public when checked, this machine when connected."""
    answers = [["203.0.113.9"], HERE, HERE]
    with Host(pem, answer(DOCUMENT)) as host:
        resolved: list[str] = []

        def rebinding(name: str, port: int) -> list[str]:
            resolved.append(name)
            return answers[len(resolved) - 1]

        there = Network(
            resolver=rebinding, allowed=lambda address: address == "203.0.113.9", tls=ssl.create_default_context(cafile=pem)
        )
        with pytest.raises(NetworkError):
            fetch(f"https://{NAME}:{host.port}/x", network=there, limits=raised(["fetch_s=1"]))
    assert (resolved, host.connections) == ([NAME], 0)


def test_one_address_that_is_not_public_refuses_them_all(pem: Path) -> None:
    for found in (
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%eth0"],
        ["x"],
    ):
        there = Network(resolver=lambda host, port, found=found: found)
        with pytest.raises(UnsafeAddress, match="not public"):
            fetch(f"https://{NAME}/x", network=there)


def test_addresses_are_tried_in_turn(pem: Path) -> None:
    with Host(pem, answer(DOCUMENT)) as host:
        there = Network(
            resolver=lambda name, port: ["127.0.0.2", "127.0.0.1"],
            allowed=lambda a: True,
            tls=ssl.create_default_context(cafile=pem),
        )
        assert fetch(f"https://{NAME}:{host.port}/x", network=there) == DOCUMENT


def test_this_machine_is_not_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment variable opens the door."""
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *words, **more: [(2, 1, 6, "", ("127.0.0.1", 443))])
    with pytest.raises(UnsafeAddress):
        fetch("https://localhost.example/x")


def test_names_that_nobody_knows() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no")

    def odd(host: str, port: int) -> list[str]:
        raise UnicodeError("no")

    for resolver in (unknown, odd, lambda host, port: []):
        with pytest.raises(NetworkError, match="not found"):
            fetch("https://nobody.example/x", network=Network(resolver=resolver))
    stop = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        stop.wait(20)
        return []

    with pytest.raises(NetworkError, match="in time"):
        fetch("https://nobody.example/x", network=Network(resolver=slow), limits=raised(["fetch_s=1"]))
    stop.set()


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "HTTPS://a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "//a.example/",
        "https:/a.example/",
        "https:a.example",
        "https://a.example",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://a.example@evil.example/",
        "https://a.example\\@evil.example/",
        "https://a.example#@evil.example/",
        "https://a.example/?q",
        "https://a.example/#f",
        "https://a.example/ x",
        "https://a.example/\r\nX: y",
        "https://a.example/\n",
        "https://a.example/é",
        "https://é.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0x7f.0.0.0x1/",
        "https://1.2.3.0x4/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://::1/",
        "https://localhost/",
        "https://a/",
        "https://a.example./",
        "https://a..example/",
        "https://a.example:/",
        "https://a.example:0/",
        "https://a.example:65536/",
        "https://a.example:99999999/",
        "https://a.example:0443/",
        "https://a.example:x/",
        "https://A.example/",
        "https://a.example/" + "x" * 3000,
        "https://" + "a." * 200 + "example/",
        "",
        " https://a.example/",
        "https://①②⑦.⓪.⓪.①/",
        "https://a。example/",
    ],
)
def test_urls_that_are_not_fetched(url: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"{host} was looked up")

    with pytest.raises(UnsafeAddress):
        fetch(url, network=Network(resolver=never))


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(["https://", "a.example", "127.0.0.1", ":", "80", "/", "@", "%", "\\", "#", "?", "\x00", "[::1]"])
        ).map("".join),
    )
)
def test_any_text_as_a_url_is_refused_or_names_a_host(url: str) -> None:
    asked: list[str] = []

    def look(host: str, port: int) -> list[str]:
        asked.append(host)
        return []

    with pytest.raises(SatchelError):
        fetch(url, network=Network(resolver=look))
    assert all(host in url and not host.replace(".", "").isdecimal() for host in asked)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "::8.8.8.8",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
        "",
        "x",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "8.8.8.8 ",
        "08.8.8.8",
        "1.2.3",
        "::ffff:0x7f000001",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "172.32.0.1",
        "100.128.0.1",
        "192.0.1.1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "64:ff9b::8.8.8.8",
        "::ffff:8.8.8.8",
    ],
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


def test_the_defaults_are_bounded() -> None:
    assert DEFAULT.fetch_bytes <= 1 << 20 and DEFAULT.fetch_s <= 30
