"""Huge JSON arrays, element by element, in memory bounded by one element.

The file is read in windows. In each, msgspec skips over one value, and where it ends is read out of its complaint about what
follows it (``trailing characters (byte N)``): cutting runs at about 1 GB/s and nothing is built that nobody looks at
(engineering.md 1a). That text is no promised interface: ``_msgspec_tells_ends`` pins it at import, and a scanner of our own
takes its place should it change.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias, cast, overload

import msgspec

from satchel.codec.json_values import refuse
from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits

#: Small enough that its pages are used again and again (measured: 4 MiB takes a fifth longer).
WINDOW_BYTES = 512 << 10
#: An element over the limit is passed over when it is no larger than this many times the limit.
SKIPPED_TIMES = 16

#: A run is parsed and looked at while it is in the processor's second cache (measured: whole windows take half as long again).
RUN_BYTES = 64 << 10
#: Where a run may end: behind an object that a comma and another object follow.
_RUN_END = b"},"
#: How many ends of a run are tried before the elements are cut one by one.
_RUN_TRIES = 3
#: How many objects with something else behind them are passed over in search of one: those inside one element.
_RUN_END_STEPS = 64

_SPACE = b" \t\n\r"
_SPACES = re.compile(rb"[ \t\n\r]*+")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_INVALID = re.compile(r"\(byte (\d+)\)")
_BOM = b"\xef\xbb\xbf"
_RAW = msgspec.json.Decoder(msgspec.Raw)
_LIST = msgspec.json.Decoder(list[Any])
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]|"', re.DOTALL)
_MARK = re.compile(rb'["\[\]{}]')
_IN_STRING = re.compile(rb'(?:[^"\\]|\\.)*+', re.DOTALL)
_SCALAR = re.compile(rb'"(?:[^"\\]|\\.)*+"|[-+.0-9a-zA-Z]++', re.DOTALL)

#: An object whose first name is no longer than this, and stands no further from the one before, may tell where that one ends.
_MARK_BYTES = 256

#: The end of the value that begins a buffer, or None when the buffer ends before the value does.
_Cut = Callable[[memoryview, int], "int | None"]
#: Parses an array of objects: as dicts, or as structs of a closed type, which takes two thirds of the time.
Parser: TypeAlias = msgspec.json.Decoder[list[Any]]


class Run(msgspec.Struct, frozen=True):
    """Neighbouring elements, all objects and all JSON, parsed in one go: the first one's index and offset, how many they are,
    and ``values`` in order as the parser made them; None when it refused one's type.

    Only parsed: what ``json_values.decode`` refuses besides (depth, digits) and names that stand twice are for the caller to
    look for. ``data`` holds the elements' bytes with the commas between them.
    """

    index: int
    offset: int
    data: bytes
    count: int
    values: list[Any] | None

    def elements(self) -> Iterator[Element]:
        """The same elements, each cut out."""
        for element in iter_array(io.BytesIO(b"[%b]" % self.data)):
            # The bracket that was put before them counts as a byte.
            yield Element(self.index + element.index, self.offset + element.offset - 1, element.data)


class Element(msgspec.Struct, frozen=True):
    """One element's exact bytes, its index and its byte offset in the uncompressed stream.

    An element that is not JSON, though its brackets close, comes as it is: decoding refuses it, and it does not cost the ones
    behind it. One that is too large comes without its bytes and with the ``fault`` to tell.
    """

    index: int
    offset: int
    data: bytes
    fault: LimitExceeded | None = None
    #: What the given parser made of ``data``; None where it was not asked.
    parsed: Any = None

    def whole(self) -> bytes:
        """The bytes; raises the fault of an element that came without them."""
        if self.fault:
            raise self.fault
        return self.data


def _cut_with_msgspec(view: memoryview, start: int) -> int | None:
    try:
        _RAW.decode(view[start:])
    except msgspec.DecodeError as error:
        text = str(error)
        found = _TRAILING.search(text)
        if found:
            # N counts the byte that follows, and white space before it counts as part of the value.
            return start + int(found[1]) - 1
        # A number cut by the window's edge ("-", "1e") is called invalid at its end.
        found = _INVALID.search(text)
        if "truncated" in text or (found and start + int(found[1]) >= len(view)):
            return None
        raise
    # The value ends with the buffer: a number may go on in the next window, so more is asked for.
    return None


def _cut_by_scanning(view: memoryview, start: int) -> int | None:
    end = _scan(bytes(view[start:]))
    return None if end is None else start + end


def _scan(data: bytes) -> int | None:
    if data[:1] not in (b"{", b"["):
        found = _SCALAR.match(data)
        if found is None and data[:1] != b'"':
            raise msgspec.DecodeError("JSON is malformed: invalid character (byte 0)")
        return None if found is None or found.end() == len(data) else found.end()
    depth = 0
    for token in _TOKEN.finditer(data):
        byte = data[token.start()]
        if byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
            if depth == 0:
                return token.end()
        elif token.end() - token.start() == 1:
            return None
    return None


def _msgspec_tells_ends() -> bool:
    return all(
        _cut_with_msgspec(memoryview(text), 0) == end
        for text, end in ((b'{"a":[1]} ,2', 10), (b"[]]", 2), (b'"a"\n}', 4), (b"12,", 2), (b'{"a":1', None))
    )


_cut: _Cut = _cut_with_msgspec if _msgspec_tells_ends() else _cut_by_scanning


class _Window:
    """A sliding buffer over a stream; ``at`` is the cursor, ``base`` the stream offset of the buffer's first byte."""

    def __init__(self, stream: BinaryIO, place: Place, limits: Limits) -> None:
        self.stream = stream
        self.place = place
        self.limits = limits
        self.data = b""
        self.base = 0
        self.at = 0
        self.ended = False
        #: Up to this stream offset the search for a run has failed.
        self.no_run_before = 0
        #: What stood between the last two elements.
        self.between = b""

    def more(self) -> bool:
        """Drop what is behind the cursor, read on; False at the end of the stream."""
        if self.ended:
            return False
        kept = len(self.data) - self.at
        # What is kept doubles each time, so that one large element is not scanned again and again.
        chunk = self.stream.read(max(WINDOW_BYTES, kept))
        if not chunk:
            self.ended = True
            return False
        self.base += self.at
        self.data = b"".join((memoryview(self.data)[self.at :], chunk))
        self.at = 0
        return True

    def skip_space(self) -> bytes:
        """Move to the next byte that is no white space and return it; b"" at the end."""
        while True:
            self.at = _SPACES.match(self.data, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.data):
                return self.data[self.at : self.at + 1]
            if not self.more():
                return b""

    def here(self, element: int | None = None) -> Place:
        return msgspec.structs.replace(self.place, element=element, offset=self.base + self.at)

    def cut_value(self, element: int | None, *, broken: bool = False) -> bytes:
        """The bytes of the value at the cursor, which moves behind it; with ``broken``, also of one that is no JSON."""
        cut = _cut
        while True:
            try:
                end = cut(memoryview(self.data), self.at)
            except (msgspec.DecodeError, RecursionError) as error:
                if not broken or cut is _cut_by_scanning:
                    refuse(error, self.here(element), self.data[self.at :])
                # Where it ends is still to be found: its brackets tell.
                cut = _cut_by_scanning
                continue
            if end is not None or len(self.data) - self.at > self.limits.element_bytes:
                break
            if not self.more():
                end = self._last_value(element, broken=broken)
                break
        if end is None or end - self.at > self.limits.element_bytes:
            raise LimitExceeded(
                f"one element is larger than {self.limits.element_bytes:,} bytes",
                place=self.here(element),
                hint="--limit element_bytes=N raises it",
            )
        # The offset counts white space before the next token; the value itself does not.
        value = self.data[self.at : end].rstrip(_SPACE)
        self.at = end
        return value

    def _last_value(self, element: int | None, *, broken: bool) -> int:
        """The end of a value that nothing follows."""
        rest = self.data[self.at :]
        try:
            _RAW.decode(rest)
        except (msgspec.DecodeError, RecursionError) as error:
            end = _scan(rest) if broken else None
            if end is None:
                refuse(error, self.here(element), rest)
            return self.at + end
        return len(self.data)

    def cut_run(self, index: int, parser: Parser) -> Run | None:
        """As many whole objects as the window holds from the cursor on, which moves behind the last; None to cut one by one.

        Where the last one ends is guessed, and the parser tells whether that was right: no JSON but a sequence of whole values
        can stand between two brackets.
        """
        if len(self.data) - self.at < RUN_BYTES:
            self.more()
        if self.base + self.at < self.no_run_before:
            return None
        last = end = min(len(self.data), self.at + RUN_BYTES)
        for _ in range(_RUN_TRIES):
            end = self._run_end(end)
            if end <= self.at:
                break
            data = self.data[self.at : end]
            try:
                count, values = _parsed(parser, b"[%b]" % data)
            except (msgspec.DecodeError, RecursionError, ValueError) as error:
                # The array may end before: then the parser says where, and the bracket that was put first counts as a byte.
                found = _TRAILING.search(str(error))
                end -= 1
                if found:
                    last = end = self.at + int(found[1]) - 1
                continue
            if not count or index + count > self.limits.array_elements:
                break
            run = Run(index, self.base + self.at, data, count, values)
            self.at = end
            return run
        self.no_run_before = self.base + last
        return None

    def cut_parsed(self, parse: Callable[[bytes], Any]) -> tuple[bytes, Any] | None:
        """The object at the cursor, which moves behind it, and what ``parse`` makes of it; None to cut it.

        Where it ends is guessed: where the next begins with the same name as it does, behind what stood between the last two.
        The parser tells whether that was right: no piece that begins an object is an object but the whole of it.
        """
        colon = self.data.find(b":", self.at, self.at + _MARK_BYTES)
        if not self.between or colon < 0:
            return None
        next_ = b"}%b%b" % (self.between, self.data[self.at : colon + 1])
        end = self.data.find(next_, self.at)
        if end < 0 and len(self.data) - self.at < WINDOW_BYTES and self.more():
            end = self.data.find(next_, self.at)
        end += 1
        if not 0 < end - self.at <= self.limits.element_bytes:
            return None
        data = self.data[self.at : end]
        try:
            parsed = parse(data)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return None
        self.at = end
        return data, parsed

    def _run_end(self, end: int) -> int:
        """Behind the last object before ``end`` that another object follows; 0 when there is none among the last few."""
        for _ in range(_RUN_END_STEPS):
            found = self.data.rfind(_RUN_END, self.at, end)
            if found < 0:
                break
            after = _SPACES.match(self.data, found + len(_RUN_END)).end()  # type: ignore[union-attr]
            if self.data[after : after + 1] == b"{":
                return found + 1
            end = found + 1
        return 0

    def skip_value(self, element: int | None) -> None:
        """Move behind a value that is too large, in the memory of one window; one past all measure ends the reading."""
        depth = 0
        last = self.base + self.at + SKIPPED_TIMES * self.limits.element_bytes
        in_string = False
        while True:
            if in_string:
                self.at = _IN_STRING.match(self.data, self.at).end()  # type: ignore[union-attr]
                if self.data[self.at : self.at + 1] == b'"':
                    self.at += 1
                    in_string = False
                    if depth == 0:
                        return
            else:
                found = _MARK.search(self.data, self.at)
                self.at = found.end() if found else len(self.data)
                mark = found[0] if found else b""
                in_string = mark == b'"'
                depth += (mark in (b"[", b"{")) - (mark in (b"]", b"}"))
                if found and depth == 0 and not in_string:
                    return
            if self.base + self.at > last:
                raise LimitExceeded("one element does not end", place=self.here(element))
            if len(self.data) - self.at <= 1 and not self.more():
                raise MalformedInput(
                    "the file ends inside the array", place=self.here(element), hint="the download may be incomplete"
                )


def _parsed(parser: Parser, data: bytes) -> tuple[int, list[Any] | None]:
    """How many objects an array of them has, and what the parser makes of it; 0 when something else is in it."""
    try:
        values = parser.decode(data)
    except msgspec.ValidationError:
        anything = _LIST.decode(data)
        return (len(anything) if {type(value) for value in anything} <= {dict} else 0), None
    return len(values), values


def _iter_elements(
    window: _Window, parser: Parser | None = None, *, parse: Callable[[bytes], Any] | None = None
) -> Iterator[Element | Run]:
    """The elements of the array whose ``[`` the cursor stands on; the cursor ends behind its ``]``."""
    window.at += 1
    index = 0
    # No element of a run is larger than a window can be.
    if window.limits.element_bytes < 2 * WINDOW_BYTES:
        parser = None
    if window.skip_space() == b"]":
        window.at += 1
        return
    ended = 0
    while True:
        first = window.skip_space()
        if first == b"":
            raise MalformedInput(
                "the file ends inside the array", place=window.here(index), hint="the download may be incomplete"
            )
        gap = window.base + window.at - ended
        if index and gap <= min(window.at, _MARK_BYTES):
            window.between = window.data[window.at - gap : window.at]
        if index >= window.limits.array_elements:
            raise LimitExceeded(
                f"more than {window.limits.array_elements:,} elements",
                place=window.here(index),
                hint="--limit array_elements=N raises it",
            )
        run = window.cut_run(index, parser) if parser is not None and first == b"{" else None
        if run is not None:
            yield run
            index += run.count
        else:
            yield _one_element(window, index, parse if first == b"{" else None)
            index += 1
        ended = window.base + window.at
        closing = window.skip_space()
        if closing == b",":
            window.at += 1
        elif closing == b"]":
            window.at += 1
            return
        else:
            what = "the file ends inside the array" if closing == b"" else "expected , or ] between elements"
            raise MalformedInput(f"not valid JSON: {what}", place=window.here(index - 1))


def _one_element(window: _Window, index: int, parse: Callable[[bytes], Any] | None) -> Element:
    offset = window.base + window.at
    found = None if parse is None else window.cut_parsed(parse)
    if found is not None:
        return Element(index, offset, found[0], parsed=found[1])
    try:
        return Element(index, offset, window.cut_value(index, broken=True))
    except LimitExceeded as fault:
        window.skip_value(index)
        return Element(index, offset, b"", fault)


def _finish(window: _Window) -> None:
    if window.skip_space() != b"":
        raise MalformedInput("not valid JSON: something follows the end", place=window.here())


def _start(stream: BinaryIO, file: str, limits: Limits) -> tuple[_Window, bytes]:
    window = _Window(stream, Place(file=file), limits)
    while len(window.data) < len(_BOM) and window.more():
        pass
    if window.data.startswith(_BOM):
        window.at = len(_BOM)
    return window, window.skip_space()


def iter_array(
    stream: BinaryIO,
    *,
    at: str = "",
    file: str = "",
    limits: Limits = DEFAULT,
    parse: Callable[[bytes], Any] | None = None,
) -> Iterator[Element]:
    """The elements of a JSON array, each cut out, in order.

    Args:
        stream: uncompressed bytes: a file, a zip member, a pipe.
        at: "" when the array is the document; else the name of the root object's member that holds it, and the root's
            other members are skipped.
        file: for error messages.
        parse: what the caller does with each object anyway, of msgspec's manner: it refuses what is not one whole JSON value.
            It spares most objects the cutting, and what it makes of them comes along (``Element.parsed``).

    Raises:
        MalformedInput: not such a document; the place names file, element and byte. Elements before the fault have been
            yielded by then. A broken element whose end can be told is no such fault: see Element.
        LimitExceeded: too many elements.
    """
    window, first = _start(stream, file, limits)
    if at == "":
        if first != b"[":
            raise MalformedInput("expected a JSON array", place=window.here())
        yield from cast("Iterator[Element]", _iter_elements(window, parse=parse))
        _finish(window)
        return
    found = False
    for name, is_array in _iter_members(window, first):
        if name == at and is_array and not found:
            found = True
            yield from cast("Iterator[Element]", _iter_elements(window, parse=parse))
        else:
            window.cut_value(None)
    if not found:
        raise MalformedInput(f"the root object has no array {at!r}", place=Place(file=file))


@overload
def iter_members(
    stream: BinaryIO,
    *,
    arrays: frozenset[str] = frozenset(),
    file: str = "",
    limits: Limits = DEFAULT,
    runs: None = None,
) -> Iterator[tuple[str, Element | None]]: ...


@overload
def iter_members(
    stream: BinaryIO,
    *,
    arrays: frozenset[str] = frozenset(),
    file: str = "",
    limits: Limits = DEFAULT,
    runs: Callable[[str], Parser],
) -> Iterator[tuple[str, Element | Run | None]]: ...


def iter_members(
    stream: BinaryIO,
    *,
    arrays: frozenset[str] = frozenset(),
    file: str = "",
    limits: Limits = DEFAULT,
    runs: Callable[[str], Parser] | None = None,
) -> Iterator[tuple[str, Any]]:
    """The members of a root object as (name, value), in order, for roots too large to load.

    An array named in ``arrays`` is not cut whole: (name, None) comes first, then each of its elements under the same name;
    where ``runs`` gives the parser for it, as many elements at once as can be.

    Raises:
        MalformedInput, LimitExceeded: as iter_array; also for a name that stands twice, for which of the two counts?
    """
    window, first = _start(stream, file, limits)
    seen: set[str] = set()
    for name, is_array in _iter_members(window, first):
        if name in seen:
            raise MalformedInput("the root object has the same name twice", place=window.here())
        seen.add(name)
        if is_array and name in arrays:
            yield name, None
            for element in _iter_elements(window, runs(name) if runs else None):
                yield name, element
        else:
            offset = window.base + window.at
            yield name, Element(0, offset, window.cut_value(None))


def _iter_members(window: _Window, first: bytes) -> Iterator[tuple[str, bool]]:
    """Each member's name and whether an array follows; the caller must move the cursor behind the value."""
    if first != b"{":
        raise MalformedInput("expected a JSON object", place=window.here())
    window.at += 1
    if window.skip_space() == b"}":
        window.at += 1
        _finish(window)
        return
    while True:
        if window.skip_space() != b'"':
            raise MalformedInput("not valid JSON: expected a member name", place=window.here())
        here = window.here()
        raw = window.cut_value(None)
        try:
            name = msgspec.json.decode(raw, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refuse(error, here, raw)
        if window.skip_space() != b":":
            raise MalformedInput("not valid JSON: expected : after a name", place=window.here())
        window.at += 1
        yield name, window.skip_space() == b"["
        closing = window.skip_space()
        if closing == b",":
            window.at += 1
        elif closing == b"}":
            window.at += 1
            _finish(window)
            return
        else:
            what = "the file ends inside the object" if closing == b"" else "expected , or }"
            raise MalformedInput(f"not valid JSON: {what}", place=window.here())
