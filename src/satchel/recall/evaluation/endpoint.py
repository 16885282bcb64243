"""A chat model behind an OpenAI-compatible URL, asked one question at a time.

The person names the address, so any host may be asked, this machine's too; a key, which comes from the environment alone, never
goes over a connection that is not encrypted but to this machine. Certificates are checked; no redirect is followed, no proxy
or cookie used; what the server says of a fault is not repeated.
"""

from __future__ import annotations

import os
import time
from contextlib import closing

import msgspec

from satchel.errors import LimitExceeded, MalformedInput, NetworkError, UsageError
from satchel.model.text import normalised

KEY_VARIABLE = "SATCHEL_API_KEY"
ANSWER_BYTES = 4 << 20
#: How often a server that is busy is asked again, and how long is waited at most where it names a time.
TRIES = 4
LONGEST_WAIT_S = 60.0
_BUSY = frozenset({429, 502, 503, 504})
_HERE = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Answer(msgspec.Struct):
    choices: list[_Choice]


class Endpoint(msgspec.Struct, frozen=True):
    """``url`` is the base that ``/chat/completions`` follows: ``http://localhost:8000/v1``."""

    url: str
    key: str = ""
    timeout_s: float = 120.0

    @classmethod
    def named(cls, url: str) -> Endpoint:
        """The endpoint at a URL, with the environment's key.

        Raises:
            UsageError: no http or https URL, one with a user, query or fragment; or the key would go in clear.
        """
        import httpcore2

        key = os.environ.get(KEY_VARIABLE, "")
        try:
            parsed = httpcore2.URL(url.rstrip("/") + "/chat/completions")
            scheme, host, target = parsed.scheme.decode(), parsed.host.decode(), parsed.target.decode()
        except (ValueError, UnicodeError, TypeError):
            scheme = host = target = ""
        if scheme not in ("http", "https") or not host or any(mark in url for mark in "@?#") or not target.isprintable():
            raise UsageError("an endpoint is a plain http or https URL", hint="for example http://localhost:8000/v1")
        if key and scheme == "http" and normalised(host) not in _HERE:
            raise UsageError(f"the key in {KEY_VARIABLE} would go to {host} in clear", hint="use https")
        if not key.isascii() or not key.isprintable():
            raise UsageError(f"{KEY_VARIABLE} holds no key")
        return cls(url.rstrip("/"), key)

    def ask(self, model: str, prompt: str, answer_tokens: int) -> str:
        """The model's answer to one user turn; "" where it gave none.

        Raises:
            NetworkError: no answer, or a refusal.
            MalformedInput: an answer of another shape.
            LimitExceeded: an answer of more than ``ANSWER_BYTES``.
        """
        body = msgspec.json.encode(
            {
                "model": model,
                "messages": [{"role": "user", "content": prompt}],
                "max_tokens": answer_tokens,
                "temperature": 0,
            }
        )
        for attempt in range(TRIES):
            status, wait_s, data = self._post(body)
            if status not in _BUSY or attempt == TRIES - 1:
                break
            time.sleep(min(LONGEST_WAIT_S, 2.0**attempt if wait_s is None else wait_s))
        if status != 200:
            hint = f"set {KEY_VARIABLE}" if status in (401, 403) else "run the command again to go on where it stopped"
            raise NetworkError(f"{self.url} answered with status {status}", hint=hint)
        try:
            choices = msgspec.json.decode(data, type=_Answer).choices
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise MalformedInput(f"{self.url} answered, but not as a chat endpoint does") from None
        return (choices[0].message.content or "") if choices else ""

    def _post(self, body: bytes) -> tuple[int, float | None, bytes]:
        """Status, the seconds that the server asks to wait, and the answer."""
        import ssl

        import httpcore2

        headers = [("Content-Type", "application/json"), ("Accept", "application/json"), ("Accept-Encoding", "identity")]
        headers += [("User-Agent", "satchel"), ("Content-Length", str(len(body)))]
        if self.key:
            headers.append(("Authorization", f"Bearer {self.key}"))
        timeouts = {"connect": 10.0, "read": self.timeout_s, "write": self.timeout_s, "pool": 10.0}
        try:
            pool = httpcore2.ConnectionPool(ssl_context=ssl.create_default_context(), max_connections=1, retries=0)
            with (
                closing(pool),
                pool.stream(
                    "POST", f"{self.url}/chat/completions", headers=headers, content=body, extensions={"timeout": timeouts}
                ) as response,
            ):
                told = {name.lower(): value.decode("latin-1") for name, value in response.headers}
                data = bytearray()
                for chunk in response.iter_stream():
                    data += chunk
                    if len(data) > ANSWER_BYTES:
                        raise LimitExceeded(f"{self.url} answered with more than {ANSWER_BYTES:,} bytes")
                return response.status, _seconds(told.get(b"retry-after", "")), bytes(data)
        except httpcore2.TimeoutException as error:
            raise NetworkError(f"{self.url} took too long", hint="run the command again to go on") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError, OSError, ValueError) as error:
            raise NetworkError(f"{self.url} cannot be asked: no connection, or it broke off") from error


def _seconds(told: str) -> float | None:
    return float(told) if told.isdecimal() and told.isascii() and len(told) < 6 else None
