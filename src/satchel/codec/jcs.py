"""RFC 8785, the JSON Canonicalization Scheme: one value, one sequence of bytes.

orjson writes the same bytes for nearly every value, at many times the speed of the reference, and where
it does not is known exactly (engineering.md 1b, "exact safe conditions"):

    1.0, 1e16 … below 1e21    integral numbers stand as digits (RFC 8785 3.2.2.3)   mended, written again
    1e-6 … below 1e-5         0.000001, not 1e-6 (3.2.2.3)                          mended, written again
    NaN, infinities           orjson writes null (3.2.2.3)                          refused
    keys past U+FFFF beside   UTF-16 order, not code points (3.2.3)                 rfc8785 writes
      keys in U+E000–U+FFFF
    nesting past 253          orjson refuses                                        rfc8785 writes
    subclasses, UUID, Enum    orjson takes some that are no JSON                    rfc8785 decides
"""

from __future__ import annotations

import json
import marshal
import math
import re
from typing import Any, NoReturn

import msgspec
import orjson
import rfc8785

from satchel.errors import CanonicalError

#: The largest integer that every JSON reader keeps exact (RFC 8785 3.2.2.3, RFC 7493 2.2).
MAX_INTEGER = 2**53 - 1

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
#: A number's end as orjson writes it and RFC 8785 does not. The same text in a string costs a walk and changes nothing.
#: Each is looked for after its plain text: re alone, or any loop in Python, would cost more than the writing.
_INTEGRAL = re.compile(rb"\.0(?:[,\]}]|\Z)")
_LARGE = re.compile(rb"e\+(?:1[6-9]|20)(?:[,\]}]|\Z)")
_SMALL = re.compile(rb"e-6(?:[,\]}]|\Z)")
#: marshal's form of a NaN or an infinity: g, then the double with all bits of its exponent set, lowest byte first.
_NON_FINITE = re.compile(rb"g.{6}[\xf0-\xff][\x7f\xff]", re.DOTALL)
#: A string from its first character past U+FFFF, or in U+E000–U+FFFF, to its end; a colon behind it makes it a key.
_KEY_PAST_BMP = re.compile(rb'[\xf0-\xf4][^"\\]*+(?:\\.[^"\\]*+)*+"(:?)', re.DOTALL)
_KEY_HIGH_BMP = re.compile(rb'[\xee\xef][^"\\]*+(?:\\.[^"\\]*+)*+"(:?)', re.DOTALL)
#: How an orjson writes that the patterns above hold for; any other leaves all work to rfc8785.
_AS_MEASURED = orjson.dumps([1.0, -0.0, 1e16, 2.9e20, 7.88e-6]) == b"[1.0,-0.0,1e+16,2.9e+20,7.88e-6]"
_MSGSPEC = msgspec.json.Encoder(order="deterministic")
#: Every escape that JSON's strings may have, as msgspec writes it; any other msgspec writes no lines.
_ESCAPED = "".join(map(chr, range(0x80))) + "\x80é\u2028\ud7ff\ue000\uffff\U00010000\U0010ffff"
_LINES_AS_MEASURED = _AS_MEASURED and _MSGSPEC.encode_lines([[_ESCAPED, 1, True, None]]) == (
    orjson.dumps([_ESCAPED, 1, True, None]) + b"\n"
)


def write(value: Any) -> bytes:
    """The canonical bytes of ``value``. Raises CanonicalError."""
    if not _AS_MEASURED:
        return _write_slowly(value)
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        # orjson takes UUIDs, Enums and Fragments unasked. marshal takes exactly the built-in types, and of those that are no
        # JSON (bytes, sets, …) orjson takes none: what both take is a JSON value. No look at each node from Python is as fast.
        types = marshal.dumps(value, 2)
    except (TypeError, ValueError):
        return _write_slowly(value)
    if (b"\x7f" in types or b"\xff" in types) and b"null" in data and _NON_FINITE.search(types):
        # It may have been text that looks so; only the walk knows.
        refuse_non_finite(value)
    return _mended(value, data, data)


def write_parsed(value: Any, loose: Any = None) -> bytes:
    """As ``write``, for what a strict JSON parser made: of JSON's own types, without NaN.

    Args:
        value: what is written.
        loose: parts of it that hold all of its fractional numbers and all of its keys that are not ASCII, where the caller
            knows that: nothing but these is then searched for what orjson writes otherwise.

    Raises:
        CanonicalError: as ``write``.
    """
    if not _AS_MEASURED:
        return _write_slowly(value)
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        searched = data if loose is None else orjson.dumps(loose, option=_OPTIONS)
    except (TypeError, ValueError):
        return _write_slowly(value)
    return _mended(value, data, searched)


def write_lines(objects: list[Any], loose: list[Any], written: bytes) -> bytes | None:
    """The canonical bytes of each object with a line end behind it, for structs that a strict JSON parser made; None when
    ``write`` is to be asked of each.

    No line end can stand in them. msgspec writes strings, true, false and null as RFC 8785 does, and members as they are
    declared; of numbers and of the order of keys that is only seen.

    Args:
        objects: structs whose members are declared in the order of their names, which are ASCII.
        loose: parts of them that hold all of their numbers and dicts.
        written: what ``write_parsed`` gives of ``loose``: if msgspec writes the same, it does so in the whole.
    """
    if not _LINES_AS_MEASURED:
        return None
    try:
        return _MSGSPEC.encode_lines(objects) if _MSGSPEC.encode(loose) == written else None
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None


def _mended(value: Any, data: bytes, searched: bytes) -> bytes:
    """What orjson wrote, or, where RFC 8785 wants other bytes, those."""
    if not searched.isascii() and _sorts_otherwise(searched):
        return _write_slowly(value)
    if (
        (b".0" in searched and _INTEGRAL.search(searched))
        or (b"e+" in searched and _LARGE.search(searched))
        or (b"e-6" in searched and _SMALL.search(searched))
    ):
        data = orjson.dumps(mend(value), option=_OPTIONS)
    return data


def _sorts_otherwise(data: bytes) -> bool:
    """Whether UTF-16 order and code point order may differ for the keys in ``data``."""
    return (
        (b"\xee" in data or b"\xef" in data)
        and (b"\xf0" in data or b"\xf1" in data or b"\xf2" in data or b"\xf3" in data or b"\xf4" in data)
        and any(found[1] for found in _KEY_PAST_BMP.finditer(data))
        and any(found[1] for found in _KEY_HIGH_BMP.finditer(data))
    )


def mend(value: Any) -> Any:
    """``value`` with each float that orjson writes in another way than RFC 8785 replaced by what it writes alike."""
    kind = type(value)
    if kind is dict:
        return {name: mend(item) if type(item) in _MENDED else item for name, item in value.items()}
    if kind is list or kind is tuple:
        return [mend(item) if type(item) in _MENDED else item for item in value]
    if kind is not float:
        return value
    size = abs(value)
    if size < 1e21 and value == int(value):
        return int(value) if size <= MAX_INTEGER else orjson.Fragment(rfc8785.dumps(value))
    if 1e-6 <= size < 1e-5:
        return orjson.Fragment(rfc8785.dumps(value))
    return value


_MENDED = frozenset((dict, list, tuple, float))


def refuse_non_finite(value: Any) -> None:
    kind = type(value)
    if kind is float:
        if not math.isfinite(value):
            raise CanonicalError("NaN and infinities have no canonical bytes")
    elif kind is dict:
        for item in value.values():
            refuse_non_finite(item)
    elif kind is list or kind is tuple:
        for item in value:
            refuse_non_finite(item)


def _write_slowly(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        _refuse(error)


def _refuse(error: Exception) -> NoReturn:
    if isinstance(error, rfc8785.IntegerDomainError):
        reason = "an integer beyond 2^53-1 has no canonical bytes"
    elif isinstance(error, rfc8785.FloatDomainError):
        reason = "NaN and infinities have no canonical bytes"
    elif isinstance(error, UnicodeEncodeError) or isinstance(error.__cause__, UnicodeEncodeError):
        reason = "a lone surrogate has no canonical bytes"
    elif isinstance(error, RecursionError):
        reason = "the value is nested too deeply, or holds itself"
    elif "Exceeds the limit" in str(error):
        # CPython cannot even print it for rfc8785's message.
        reason = "an integer beyond 2^53-1 has no canonical bytes"
    elif "keys" in str(error) or isinstance(error, AttributeError):
        reason = "an object's key is no text"
    else:
        reason = "a value of a type that JSON does not have"
    raise CanonicalError(reason) from None


def read(data: bytes) -> Any:
    """The value of canonical bytes. Raises ValueError and RecursionError."""
    # Every JSON number is a double to RFC 8785: the digits of 1e20 are canonical, though no exact integer so large is.
    return json.loads(data.decode(), parse_int=lambda text: int(text) if len(text) < 16 else _as_double(text))


def _as_double(text: str) -> int | float:
    number = float(text)
    return int(text) if abs(number) <= MAX_INTEGER else number
