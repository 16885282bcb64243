"""The client's side of the host protocol (docs/certify.md): start a host, ask it, and never hang on it.

A host that hangs, dies, floods, or answers with what is no answer is killed, with all of its process group, and told of as a
HostFault. A host that answers with an error has refused: that is an answer, and raises Refused.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec

from satchel.errors import SatchelError, UsageError

PROTOCOL = 1
#: One line, either way.
LINE_BYTES = 16 << 20
#: Kinds, routes and features that a host may declare, each.
MANY = 64
#: What is kept of a host's standard error, for the message when it fails.
STDERR_BYTES = 4 << 10

RouteType = Literal["lexical", "dense", "graph", "cache", "as_of", "replica", "summary", "other"]
T = TypeVar("T")


class Timeouts(msgspec.Struct, frozen=True):
    """How long a host may take, in seconds."""

    start_s: float = 30
    request_s: float = 60
    close_s: float = 5
    #: For a bundle made to hang whoever reads it.
    hostile_s: float = 10


class Route(msgspec.Struct, frozen=True):
    name: str
    type: RouteType
    #: For cache routes: the models whose entries it holds.
    models: list[str] = []


class Hello(msgspec.Struct, frozen=True):
    protocol: int
    name: str
    version: str
    kinds: Annotated[list[str], msgspec.Meta(max_length=MANY)]
    routes: Annotated[list[Route], msgspec.Meta(max_length=MANY)]
    features: Annotated[list[str], msgspec.Meta(max_length=MANY)] = []


class Flag(msgspec.Struct, frozen=True):
    """A row that the host took out, put aside or warns about."""

    kind: str
    key: str
    why: str = ""


class Report(msgspec.Struct, frozen=True):
    """What an import did, by the host's own account; verdicts rest on searches and exports, not on this."""

    applied: dict[str, int] = {}
    refused: int = 0
    tombstones: int = 0
    flagged: list[Flag] = []
    warnings: list[str] = []
    #: "applied" or "ignored", where the bundle was an Evidence Pack and the host says what it did with it.
    evidence_pack: str = ""


class Deleted(msgspec.Struct, frozen=True):
    tombstone: str = ""
    flagged: list[Flag] = []


class Hit(msgspec.Struct, frozen=True):
    id: str
    text: str = ""
    kind: str = ""


class Hits(msgspec.Struct, frozen=True):
    hits: list[Hit]


class Paths(msgspec.Struct, frozen=True):
    paths: list[str]


class Findings(msgspec.Struct, frozen=True):
    findings: list[str]


class Nothing(msgspec.Struct, frozen=True):
    pass


class HostFault(SatchelError):
    """The host broke the protocol. ``how``: start, hang, died, flood, garbage, wrong-type."""

    code = "host"

    def __init__(self, how: str, message: str, *, said: str = "") -> None:
        self.how = how
        super().__init__(message + (f"; it said: {said}" if said else ""))


class Refused(SatchelError):
    """The host answered a request with an error: it will not do it, and did nothing of it."""

    code = "refused"


class _Error(msgspec.Struct, frozen=True):
    code: str
    message: str = ""


class _Answer(msgspec.Struct, frozen=True):
    id: int
    result: msgspec.Raw = msgspec.Raw()
    error: _Error | None = None


class Host:
    """A running host. Requests are answered in the order in which they were sent."""

    def __init__(self, command: Sequence[str], *, timeouts: Timeouts, state: str = "") -> None:
        """Start ``command`` and greet it; ``state`` is the folder in which the host may keep its store.

        Raises:
            UsageError: there is no such command.
            HostFault: it does not answer, or not as the protocol says.
        """
        self._timeouts = timeouts
        self._last = 0
        self._ended = False
        self._read = bytearray()
        self._stderr = bytearray()
        try:
            # A group of its own, so that what the host starts ends with it.
            self._process = subprocess.Popen(  # noqa: S603  # the command is what the user asked to certify
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                # A stranger's program: what opens your vault is not for it.
                env={name: value for name, value in os.environ.items() if not name.startswith("SATCHEL_")},
            )
        except OSError as error:
            raise UsageError(f"the host cannot be started: {command[0]}: {error.strerror}") from None
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._in, self._out, self._err = (
            pipe.fileno() for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        for pipe in (self._in, self._out, self._err):
            os.set_blocking(pipe, False)
        self.pid = self._process.pid
        params = {"protocol": PROTOCOL, "state": state}
        try:
            self.hello = self.ask("hello", params, Hello, timeout_s=timeouts.start_s)
        except Refused as refused:
            self.kill()
            raise HostFault("start", f"the host will not begin: {refused}") from None
        except BaseException:
            self.kill()
            raise
        if self.hello.protocol != PROTOCOL:
            self.kill()
            raise HostFault("wrong-type", f"the host speaks protocol {self.hello.protocol}, not {PROTOCOL}")

    @property
    def alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    def ask(self, method: str, params: dict[str, Any], type: type[T], *, timeout_s: float | None = None) -> T:
        """One request and its answer.

        Raises:
            Refused: the host answered with an error.
            HostFault: it did not answer as the protocol says; it is dead now.
        """
        return self.answer(self.send(method, params), method, type, timeout_s=timeout_s)

    def send(self, method: str, params: dict[str, Any]) -> int:
        """Send a request without waiting for its answer; gives the id to wait for with ``answer``."""
        self._last += 1
        line = msgspec.json.encode({"id": self._last, "method": method, "params": params}) + b"\n"
        deadline = time.monotonic() + self._timeouts.request_s
        while line:
            self._wait(method, deadline, writing=True)
            try:
                line = line[os.write(self._in, line) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                self._fail("died", f"the host ended before {method}")
        return self._last

    def answer(self, number: int, method: str, type: type[T], *, timeout_s: float | None = None) -> T:
        """The answer to request ``number``. Raises as ``ask``."""
        deadline = time.monotonic() + (timeout_s or self._timeouts.request_s)
        line = self._line(method, deadline)
        try:
            answer = msgspec.json.decode(line, type=_Answer)
        except msgspec.ValidationError as error:
            self._fail("wrong-type", f"the answer to {method} is not of the protocol: {error}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            shown = bytes(line[:60]).decode("utf-8", "replace")
            self._fail("garbage", f"the answer to {method} is no JSON: {shown!r}")
        if answer.id != number:
            self._fail("garbage", f"an answer to request {answer.id} came where {number} ({method}) was asked")
        if answer.error is not None:
            raise Refused(f"{method}: {answer.error.code}: {answer.error.message[:200]}")
        if not bytes(answer.result):
            self._fail("wrong-type", f"the answer to {method} has neither result nor error")
        try:
            return msgspec.json.decode(answer.result, type=type)
        except msgspec.ValidationError as error:
            self._fail("wrong-type", f"the result of {method} has a wrong type: {error}")
        except (msgspec.DecodeError, RecursionError) as error:
            self._fail("garbage", f"the result of {method} cannot be read: {error}")

    def close(self) -> None:
        """Ask the host to end, and see that it does."""
        if self.alive:
            with contextlib.suppress(SatchelError):
                self.ask("close", {}, Nothing, timeout_s=self._timeouts.close_s)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self._timeouts.close_s)
        self.kill()

    def kill(self) -> None:
        """End the host and all that it started, at once. Once: later its number may be another's."""
        if self._ended:
            return
        self._ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # One that left its group is not reached by that.
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _line(self, method: str, deadline: float) -> bytes:
        while (end := self._read.find(b"\n")) < 0:
            if len(self._read) > LINE_BYTES:
                self._fail("flood", f"the answer to {method} is longer than {LINE_BYTES >> 20} MiB")
            self._wait(method, deadline, writing=False)
        line = bytes(self._read[:end])
        del self._read[: end + 1]
        return line

    def _wait(self, method: str, deadline: float, *, writing: bool) -> None:
        """Until the host takes or gives some bytes; both its outputs are always drained, so that it cannot block on them."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ, "out")
            selector.register(self._err, selectors.EVENT_READ, "err")
            if writing:
                selector.register(self._in, selectors.EVENT_WRITE, "in")
            while True:
                left = deadline - time.monotonic()
                ready = selector.select(left) if left > 0 else []
                if not ready:
                    if self.alive:
                        self._fail("hang", f"the host did not answer {method} in time")
                    self._fail("died", f"the host ended during {method}")
                got = False
                for key, _ in ready:
                    if key.data == "in":
                        got = True
                        continue
                    data = self._drain(key.fd)
                    if key.data == "err":
                        self._stderr = (self._stderr + data)[-STDERR_BYTES:]
                        if not data:
                            selector.unregister(self._err)
                    elif data:
                        self._read += data
                        got = True
                        if writing and len(self._read) > LINE_BYTES:
                            self._fail("flood", f"the host writes what nobody asked for, before {method}")
                    else:
                        self._fail("died", f"the host ended during {method}")
                if got:
                    return

    @staticmethod
    def _drain(descriptor: int) -> bytes:
        try:
            return os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return b""

    def _fail(self, how: str, message: str) -> NoReturn:
        with contextlib.suppress(OSError, ValueError):
            self._stderr = (self._stderr + self._drain(self._err))[-STDERR_BYTES:]
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        self.kill()
        raise HostFault(how, message, said=lines[-1][:200] if lines else "")
