"""A JSON API at a place that the user named: asked with the user's key, and only what the user asked for.

    https, or http to this machine and to private addresses: a key does not cross the internet in the clear
    the name is looked up once, and the connection goes to an address of that answer
    no redirect is followed, no proxy or cookie used; answers are bounded in size and time
    the key is a header of the request and nothing else: no URL, error or log has it

See trust.fetch for what nobody named, which is asked under stricter rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from satchel.errors import LimitExceeded, NetworkError, UnsafeAddress, UsageError
from satchel.limits import DEFAULT, Limits
from satchel.trust import addresses
from satchel.trust.fetch import SYSTEM, Deadline, Network, look_up, our_errors
from satchel.trust.secrets import Secret


class Answer(NamedTuple):
    """The status of an answer and the JSON value of its body; None where there is no body."""

    status: int
    value: Any

    @property
    def is_good(self) -> bool:
        """Whether what was asked was done."""
        return 200 <= self.status < 300

    @property
    def is_missing(self) -> bool:
        """Whether it says that there is no such thing."""
        return self.status in (404, 410)


class Api:
    """An API under a URL.

    Args:
        url: as the user gave it; a path in it stands before every path that is asked for.
        key: the value of the header ``header``, behind ``scheme``; None to send none.

    Raises:
        UsageError: it is no URL of an API.
    """

    def __init__(
        self,
        url: str,
        key: Secret | None = None,
        *,
        header: str = "Authorization",
        scheme: str = "Bearer ",
        limits: Limits = DEFAULT,
        network: Network = SYSTEM,
    ) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"https://{url}")
            port = parts.port
        except ValueError:
            raise UsageError("that is no URL of an API", hint="for example http://localhost:8000") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise UsageError("that is no URL of an API", hint="for example http://localhost:8000")
        if parts.username is not None or parts.password is not None:
            raise UsageError("a URL must not hold a user or a key", hint="the key comes from the environment")
        self.host = parts.hostname
        self._secure = parts.scheme == "https"
        self._port = port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._key = (header, scheme, key) if key is not None else None
        self._limits = limits
        self._network = network

    def get(self, *path: str, query: Mapping[str, str] | None = None) -> Answer:
        """GET; each of ``path`` is one segment, escaped here."""
        return self.call("GET", *path, query=query)

    def call(self, method: str, *path: str, query: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        """Ask. A status that is no success is an answer too.

        Raises:
            UnsafeAddress: http to a public address; a redirect.
            LimitExceeded: the answer is larger than ``limits.answer_bytes``.
            NetworkError: not found, not reached, no JSON, or not there within ``limits.answer_s``.
        """
        deadline = Deadline(self._limits.answer_s)
        checked = look_up(self.host, self._port, self._network, deadline)
        if not self._secure and any(addresses.is_public(address) for address in checked):
            raise UnsafeAddress(f"{self.host} is asked over https alone", hint="http is for this machine and private addresses")
        target = self._path + "".join(f"/{quote(segment, safe='')}" for segment in path)
        if query:
            target += "?" + urlencode(query)
        with our_errors(self.host):
            return self._ask(method, target, body, checked, deadline)

    def _ask(self, method: str, target: str, body: Any, checked: list[str], deadline: Deadline) -> Answer:
        import ssl

        import httpcore2

        from satchel.trust.pinned import PinnedBackend

        data = None if body is None else msgspec.json.encode(body)
        url = httpcore2.URL(scheme="https" if self._secure else "http", host=self.host, port=self._port, target=target)
        context = (self._network.tls or ssl.create_default_context()) if self._secure else None
        backend = PinnedBackend(checked, deadline.left_s)
        pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=backend, max_connections=1, retries=0)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), float(self._limits.answer_s))
        with (
            closing(pool),
            pool.stream(method, url, headers=self._headers(data), content=data, extensions={"timeout": timeouts}) as response,
        ):
            status = response.status
            if 300 <= status < 400:
                raise UnsafeAddress(f"{self.host} sends elsewhere, which is not followed", hint="name the place itself")
            held = bytearray()
            for chunk in response.iter_stream():
                held += chunk
                if len(held) > self._limits.answer_bytes:
                    raise LimitExceeded(
                        f"{self.host} answered with more than {self._limits.answer_bytes:,} bytes",
                        hint="--limit answer_bytes=N raises it",
                    )
        return Answer(status, self._value(bytes(held), status))

    def _headers(self, data: bytes | None) -> list[tuple[str, str]]:
        headers = [("Accept", "application/json"), ("Accept-Encoding", "identity"), ("User-Agent", "satchel")]
        if data is not None:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        if self._key is not None:
            name, scheme, secret = self._key
            headers.append((name, scheme + secret.reveal().decode("latin-1")))
        return headers

    def _value(self, data: bytes, status: int) -> Any:
        if not data.strip():
            return None
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if status >= 400:
                # A page of a proxy: the status says enough.
                return None
            raise NetworkError(f"{self.host} did not answer with JSON", hint="is that the address of its API?") from None
