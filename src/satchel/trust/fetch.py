"""One small document over HTTPS from a host that somebody else named: the only door by which Satchel reaches out.

    https alone; a host name, never an address; no user, no query, no fragment
    the name is looked up once, every answer must be a public address, and the connection goes to one of those: a name that
        changes its mind between check and connection (DNS rebinding) changes nothing
    the certificate is checked against the name; nothing is sent but the request; no proxy, cookie or credential is used
    a redirect is refused; the answer's type, size and the whole duration are bounded

httpcore2 is the engine of httpx2: it has the seam where the address is pinned, and neither redirects nor the environment's
proxies to switch off. Loaded when something is fetched.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from satchel.errors import LimitExceeded, NetworkError, UnsafeAddress
from satchel.limits import DEFAULT, Limits
from satchel.trust import addresses

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

#: What a host name is here: two or more labels of letters, digits and hyphens. The last one has a letter and does not begin
#: with 0x, so that no spelling of an address passes (decimal, octal, hexadecimal, shortened).
HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!0x)(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_URL = re.compile(r"https://([^/:@?#\[\]\\]+)(?::([1-9][0-9]{0,4}))?(/[A-Za-z0-9._~%!$&'()*+,;=:@/-]*)")
_MOST_URL = 2048

JSON_TYPES = frozenset(
    {"application/json", "application/did+json", "application/did+ld+json", "application/did", "application/ld+json"}
)

#: Looks a host name up: its addresses as text. Raises OSError.
Resolver = Callable[[str, int], list[str]]


def system_resolver(host: str, port: int) -> list[str]:
    """The system's answer, each address once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Network(msgspec.Struct, frozen=True):
    """How a name is looked up, which addresses may be asked, and whose certificates count (None: the system's)."""

    resolver: Resolver = system_resolver
    allowed: Callable[[str], bool] = addresses.is_public
    tls: Any = None


SYSTEM = Network()


class _Target(NamedTuple):
    host: str
    port: int
    path: str


def fetch(url: str, *, types: frozenset[str] = JSON_TYPES, limits: Limits = DEFAULT, network: Network = SYSTEM) -> bytes:
    """The bytes of a document.

    Args:
        types: the media types that it may have.

    Raises:
        UnsafeAddress: the URL is of another form, its host has an address that is not public, or it answers with a redirect
            or another type.
        LimitExceeded: more than ``limits.fetch_bytes``.
        NetworkError: it was not found, not reached, not believed, or not there within ``limits.fetch_s``.
    """
    target = _parse(url)
    deadline = Deadline(limits.fetch_s)
    checked = look_up(target.host, target.port, network, deadline)
    if not all(network.allowed(address) for address in checked):
        raise UnsafeAddress(f"{target.host} has an address that is not public")
    with our_errors(target.host):
        return _get(target, checked, types, limits, network.tls, deadline)


def _parse(url: str) -> _Target:
    found = _URL.fullmatch(url) if len(url) <= _MOST_URL else None
    if found is None or not HOST.fullmatch(found[1]):
        raise UnsafeAddress("only https with a plain host name and path is fetched")
    port = int(found[2] or 443)
    if port > 65535:
        raise UnsafeAddress("there is no such port")
    return _Target(found[1], port, found[3])


class Deadline:
    """The moment when patience ends: each step gets what is left, so that a slow drip of bytes does not add up."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds that are left, more than 0. Raises NetworkError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise NetworkError("took too long", hint="--limit fetch_s=N gives it more time")
        return left


def look_up(host: str, port: int, network: Network, deadline: Deadline) -> list[str]:
    """The addresses of a host. Raises NetworkError when there are none, or none in time."""
    answer: list[list[str] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            answer.append(network.resolver(host, port))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    # The system's resolver takes no time limit: it is left behind when it does not answer.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.left_s())
    if not answer:
        raise NetworkError(f"the name {host} was not found in time")
    found = answer[0]
    if not isinstance(found, list) or not found:
        raise NetworkError(f"the name {host} was not found")
    return found


def _get(
    target: _Target, checked: list[str], types: frozenset[str], limits: Limits, tls: ssl.SSLContext | None, deadline: Deadline
) -> bytes:
    import ssl

    import httpcore2

    from satchel.trust.pinned import PinnedBackend

    headers = [("Accept", ", ".join(sorted(types))), ("Accept-Encoding", "identity"), ("User-Agent", "satchel")]
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), float(limits.fetch_s))
    url = httpcore2.URL(scheme="https", host=target.host, port=target.port, target=target.path)
    pool = httpcore2.ConnectionPool(
        ssl_context=tls or ssl.create_default_context(),
        network_backend=PinnedBackend(checked, deadline.left_s),
        max_connections=1,
        retries=0,
    )
    with closing(pool), pool.stream("GET", url, headers=headers, extensions={"timeout": timeouts}) as response:
        if 300 <= response.status < 400:
            raise UnsafeAddress(f"{target.host} sends elsewhere, which is not followed")
        if response.status != 200:
            raise NetworkError(f"{target.host} answered with status {response.status}")
        said = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        kind = said.get(b"content-type", "").partition(";")[0].strip().lower()
        if kind not in types:
            raise UnsafeAddress(f"{target.host} answered with another type of document")
        if said.get(b"content-encoding", "identity").strip().lower() != "identity":
            raise UnsafeAddress(f"{target.host} answered compressed, though not asked to")
        data = bytearray()
        for chunk in response.iter_stream():
            data += chunk
            if len(data) > limits.fetch_bytes:
                raise LimitExceeded(
                    f"{target.host} answered with more than {limits.fetch_bytes:,} bytes",
                    hint="--limit fetch_bytes=N raises it",
                )
    return bytes(data)


@contextmanager
def our_errors(host: str) -> Iterator[None]:
    """Turn what the HTTP library raises into ours; the host's own words are not repeated."""
    import ssl

    import httpcore2

    try:
        yield
    except httpcore2.TimeoutException as error:
        raise NetworkError(f"{host} took too long", hint="--limit fetch_s=N gives it more time") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError, OSError, ValueError) as error:
        raise NetworkError(f"{host} cannot be asked: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What went wrong in the library's words for TLS, in ours otherwise: what the host sends is not repeated."""
    import ssl

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate does not hold ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "no secure connection came about"
        cause = cause.__cause__ or cause.__context__
    return "no connection, or it broke off"
