"""Portable Memory's canonical JSON (portable-memory.md 3): keys by code point, integers of any size, UTF-8.

Its SDKs write floats as Python's ``repr`` does, its text asks for ECMAScript's form (3.3). ``write`` is the first, the
dossier's Decision; ``write_spec`` the second. orjson writes nearly all of both, and where it does not is known:

    1.0, -0.0, 8e15        integral and below 1e16: digits       mended, written again
    0 < |x| < 1e-4         repr: 5e-05, orjson: 0.00005          mended, written again
    1e16 … below 1e21      the text alone asks for digits        mended, written again
    integers past 64 bits  orjson refuses                        the standard library writes
    nesting past 253       orjson refuses                        the standard library writes
    NaN, infinities        orjson writes null                    refused
    subclasses, UUID, …    orjson takes some that are no JSON    refused
"""

from __future__ import annotations

import json
import marshal
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import orjson
import rfc8785

from satchel.codec import jcs
from satchel.errors import CanonicalError

_OPTIONS = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
_AS_MEASURED = orjson.dumps([1.0, 1e16, 5e-05, 1e-05, 1.5e-07, 1e-10]) == b"[1.0,1e+16,0.00005,0.00001,1.5e-7,1e-10]"


class _Numbers(NamedTuple):
    """How a profile writes floats: where orjson's bytes may differ, the same value in a form that orjson writes alike, and the
    text of one."""

    odd: re.Pattern[bytes]
    mend: Callable[[Any], Any]
    text: Callable[[float], str]


def write(value: Any) -> bytes:
    """The canonical bytes as the SDKs write them. Raises CanonicalError."""
    return _write(value, _REPR)


def write_spec(value: Any) -> bytes:
    """The canonical bytes as the text asks: ECMAScript's numbers. Raises CanonicalError."""
    return _write(value, _ECMASCRIPT)


def _write(value: Any, numbers: _Numbers) -> bytes:
    if not _AS_MEASURED:
        return _write_slowly(value, numbers)
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        # What both take is made of exactly the built-in types; see jcs.write.
        types = marshal.dumps(value, 2)
    except (TypeError, ValueError):
        return _write_slowly(value, numbers)
    if (b"\x7f" in types or b"\xff" in types) and b"null" in data:
        jcs.refuse_non_finite(value)
    if (b".0" in data or b"e-" in data or b"e+" in data) and numbers.odd.search(data):
        data = orjson.dumps(numbers.mend(value), option=_OPTIONS)
    return data


def _repr(number: float) -> str:
    return str(int(number)) if abs(number) < 1e16 and number == int(number) else repr(number)


def _mend_repr(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _mend_repr(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [_mend_repr(item) for item in value]
    if kind is float and (abs(value) < 1e-4 or value == int(value)):
        return orjson.Fragment(_repr(value).encode())
    return value


_REPR = _Numbers(
    re.compile(rb"\.0(?:[,\]}]|\Z)|e-[5-9](?:[,\]}]|\Z)|(?:[:\[,-]|\A)0\.0000"),
    _mend_repr,
    _repr,
)
_ECMASCRIPT = _Numbers(
    re.compile(rb"\.0(?:[,\]}]|\Z)|e-6(?:[,\]}]|\Z)|e\+(?:1[6-9]|20)(?:[,\]}]|\Z)"),
    jcs.mend,
    lambda number: rfc8785.dumps(number).decode(),
)


def _write_slowly(value: Any, numbers: _Numbers) -> bytes:
    words: list[str] = []
    try:
        _spell(value, numbers, words)
        return "".join(words).encode()
    except RecursionError:
        raise CanonicalError("the value is nested too deeply, or holds itself") from None
    except UnicodeEncodeError:
        raise CanonicalError("a lone surrogate has no canonical bytes") from None
    except ValueError:
        # CPython's own bound on the digits of an integer.
        raise CanonicalError("an integer has more digits than can be written") from None


def _spell(value: Any, numbers: _Numbers, words: list[str]) -> None:
    kind = type(value)
    if kind is dict:
        if any(type(name) is not str for name in value):
            raise CanonicalError("an object's key is no text")
        mark = "{"
        for name in sorted(value):
            words.append(f"{mark}{json.dumps(name, ensure_ascii=False)}:")
            _spell(value[name], numbers, words)
            mark = ","
        words.append("}" if value else "{}")
    elif kind is list or kind is tuple:
        mark = "["
        for item in value:
            words.append(mark)
            _spell(item, numbers, words)
            mark = ","
        words.append("]" if value else "[]")
    elif kind is float:
        if not math.isfinite(value):
            raise CanonicalError("NaN and infinities have no canonical bytes")
        words.append(numbers.text(value))
    elif kind is str or kind is int or kind is bool or value is None:
        words.append(json.dumps(value, ensure_ascii=False))
    else:
        raise CanonicalError("a value of a type that JSON does not have")


def read(data: bytes) -> Any:
    """The value of canonical bytes: integers exact, a float only where the text is one. Raises ValueError, RecursionError."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
