"""CBOR (RFC 8949) of JSON values: strict reading, and two ways of writing.

Read: one data item and nothing behind it; text keys, none twice in one map; no tags, byte strings, undefined, NaN or infinity;
bounded depth. Whatever passes is a JSON value, and its integers and floats are kept apart. Lengths and widths that are not the
shortest are read; ``is_deterministic`` says whether they are (portable-agent-memory.md 8.2).

Without tags, integers end at 64 bits: larger ones are refused on both sides.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import msgspec
import orjson

from satchel.codec import pam_json
from satchel.codec.collector import paused
from satchel.codec.packed import is_large, parts, runs
from satchel.errors import CanonicalError, LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits

if TYPE_CHECKING:
    import cbor2

_NOWHERE = Place()
#: Integers from minus this to just below it have a head of their own (RFC 8949 3.1).
_PAST = 1 << 64
_ARRAY, _MAP = 0x80, 0xA0
#: From this length on, it stands behind the head.
_LENGTH_BEHIND = 24
SELF_DESCRIBED = b"\xd9\xd9\xf7"
#: Every tag that cbor2 has a decoder for: these would be built before anybody asked.
_TAGS = (*range(6), *range(21, 40), 100, 101, 110, *range(256, 262), 1004, 43000, 55799)


def decode(data: bytes, *, start: int = 0, place: Place = _NOWHERE, limits: Limits = DEFAULT) -> Any:
    """The JSON value of the CBOR in ``data`` from byte ``start`` on, to its end.

    Raises:
        MalformedInput: not one whole item, or not of JSON's kinds.
        LimitExceeded: nested deeper than ``limits.json_depth``.
    """
    import cbor2

    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        with paused():
            value = decoder(stream, limits.json_depth).decode()
    except cbor2.CBORDecodeEOF:
        raise MalformedInput("the CBOR ends too early", place=place) from None
    except faults() as error:
        _refuse(error, place, limits)
    if stream.tell() != len(data):
        raise MalformedInput("something follows the CBOR item", place=msgspec.structs.replace(place, offset=stream.tell()))
    try:
        for part in parts(value):
            pam_json.require(part)
    except CanonicalError as error:
        raise MalformedInput(f"the CBOR is no JSON value: {error.message}", place=place) from None
    return value


def decoder(stream: BinaryIO, depth: int) -> cbor2.CBORDecoder:
    """What reads one item after the other from ``stream``, each nested no deeper than ``depth``, and raises ``faults``. That it
    is a JSON value is for the caller to see (``pam_json.require``)."""
    import cbor2

    return cbor2.CBORDecoder(
        stream,
        tag_hook=_refuse_tag,
        semantic_decoders=dict.fromkeys(_TAGS, _refuse_tag),
        max_depth=depth,
        allow_duplicate_keys=False,
        strict_hashable_types=True,
    )


def faults() -> tuple[type[Exception], ...]:
    """What a decoder raises over what it is given."""
    import cbor2

    return cbor2.CBORDecodeError, RecursionError, MemoryError, ValueError, OverflowError


def decode_again(data: bytes) -> Any:
    """The value of an item that was decoded before, and is known to be one."""
    import cbor2

    return cbor2.loads(data)


def encode(value: Any, *, deterministic: bool = False) -> bytes:
    """The CBOR of a JSON value, integers and lengths the shortest, maps of definite length.

    Args:
        deterministic: RFC 8949 section 4.2.1: map keys sorted by their encoding, floats the shortest that keep the value;
            otherwise keys as they stand and all floats of 64 bits, which is what the public SDK writes.

    Raises:
        CanonicalError: not a JSON value, or an integer in it has more than 64 bits.
    """
    return b"".join(pieces(value, deterministic=deterministic))


def pieces(value: Any, *, deterministic: bool = False) -> Iterator[bytes]:
    """What ``encode`` gives, in pieces: large arrays in it come one element at a time.

    Raises:
        CanonicalError: as ``encode``, before the first piece.
    """
    for part in parts(value):
        pam_json.require(part)
        _refuse_large(part)
    yield from _pieces(value, deterministic)


def _pieces(value: Any, deterministic: bool) -> Iterator[bytes]:
    import cbor2

    if not is_large(value):
        yield cbor2.dumps(value, canonical=deterministic)
    elif type(value) is dict:
        yield _head(_MAP, len(value))
        named = [(cbor2.dumps(name), item) for name, item in value.items()]
        if deterministic:
            # The length of a text stands before it: the order of the encodings is by length first.
            named.sort(key=lambda each: each[0])
        for name, item in named:
            yield name
            yield from _pieces(item, deterministic)
    elif type(value) is str:
        yield cbor2.dumps(value)
    else:
        yield _head(_ARRAY, len(value))
        for run in runs(value):
            for item in run:
                yield from _pieces(item, deterministic)


def _head(kind: int, length: int) -> bytes:
    """The head of an array or a map (RFC 8949 section 3), the shortest that holds its length."""
    if length < _LENGTH_BEHIND:
        return bytes([kind | length])
    size = next(size for size in range(4) if length < 1 << 8 * (1 << size))
    return bytes([kind | _LENGTH_BEHIND + size]) + length.to_bytes(1 << size, "big")


def is_deterministic(data: bytes, value: Any, *, start: int = 0) -> bool:
    """Whether ``data`` from ``start`` on is the deterministic CBOR of ``value``, which was read from it."""
    view, at = memoryview(data), start
    for piece in _pieces(value, deterministic=True):
        if view[at : at + len(piece)] != piece:
            return False
        at += len(piece)
    return at == len(data)


def _refuse_large(value: Any) -> None:
    """Raise CanonicalError for an integer that cbor2 would write as a tagged byte string."""
    try:
        # It takes no integer that CBOR does not, and this is much faster than the walk.
        orjson.dumps(value)
    except TypeError:
        pending = [value]
        while pending:
            item = pending.pop()
            if type(item) is dict:
                pending.extend(item.values())
            elif type(item) is list:
                pending.extend(item)
            elif type(item) is int and not -_PAST <= item < _PAST:
                raise CanonicalError(
                    "an integer of more than 64 bits has no CBOR that is read without tags", hint="write it as JSON"
                ) from None


def _refuse_tag(*_words: Any) -> NoReturn:
    raise ValueError("a tag")


def _refuse(error: Exception, place: Place, limits: Limits) -> NoReturn:
    text = str(error)
    if "nesting depth" in text or isinstance(error, RecursionError):
        hint = "--limit json_depth=N raises it"
        raise LimitExceeded(f"CBOR is nested deeper than {limits.json_depth}", place=place, hint=hint) from None
    if "tag" in text:
        reason = "it holds a tag, which no JSON value has"
    elif "Duplicate map key" in text:
        reason = "a map has the same key twice"
    elif "map key" in text:
        reason = "a map's key is no text"
    elif "text string" in text:
        reason = "a text is not UTF-8"
    else:
        reason = "it is damaged"
    raise MalformedInput(f"not valid CBOR: {reason}", place=place) from None
