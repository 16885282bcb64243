"""httpcore2's network seam with the address pinned and the time bounded; see satchel.trust.fetch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import httpcore2

if TYPE_CHECKING:
    import ssl

    from httpcore2 import SOCKET_OPTION


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the given addresses, in their order, whatever host is named; TLS still names and checks the host."""

    def __init__(self, checked: list[str], left_s: Callable[[], float]) -> None:
        self._checked = checked
        self._left_s = left_s
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception | None = None
        for place, address in enumerate(self._checked):
            # One that does not answer leaves time for the others.
            patience_s = self._left_s() / (len(self._checked) - place)
            try:
                stream = self._system.connect_tcp(address, port, patience_s, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            return _Bounded(stream, self._left_s)
        raise failure or httpcore2.ConnectError("no address")


class _Bounded(httpcore2.NetworkStream):
    """A stream whose every step ends by the one deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, left_s: Callable[[], float]) -> None:
        self._stream = stream
        self._left_s = left_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._left_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, self._left_s()), self._left_s)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
