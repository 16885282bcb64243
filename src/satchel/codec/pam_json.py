"""Portable Agent Memory's canonical JSON (portable-agent-memory.md 2.1): keys by code point, Python's numbers, two alphabets.

``write_ascii`` escapes all that is not printable ASCII (the public SDK), ``write_utf8`` leaves it as it stands (the
specification). Both are what ``json.dumps(value, sort_keys=True, separators=(",", ":"))`` gives, byte for byte. orjson writes
nearly all of it, and where it does not is known:

    é, U+007F                 ASCII alone: \\u00e9, \\u007f            those bytes are replaced
    0 < |x| < 1e-4            repr: 5e-05, orjson: 0.00005          mended, written again
    integers past 64 bits     orjson refuses                        the standard library writes
    nesting past 253          orjson refuses                        the standard library writes
    NaN, infinities           orjson writes null                    refused
    lone surrogates           no UTF-8                              refused
    subclasses, UUID, …       orjson takes some that are no JSON    refused

The specification's other number policy, ECMAScript's, is ``mem_json.write_spec``: the same keys and the same alphabet.
"""

from __future__ import annotations

import json
import marshal
import math
import re
from typing import Any

import orjson

from satchel.codec import jcs
from satchel.errors import CanonicalError

_OPTIONS = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
_AS_MEASURED = (
    orjson.dumps([1.0, -0.0, 8e15, 1e16, 1e22, 1e-4, 5e-05, 1.5e-07, 1e-10])
    == b"[1.0,-0.0,8000000000000000.0,1e+16,1e+22,0.0001,0.00005,1.5e-7,1e-10]"
)
#: Where orjson's text of a float may not be Python's; the same text in a string costs a walk and changes nothing.
_ODD = re.compile(rb"e-[5-9](?:[,\]}\s]|\Z)|(?:[:\[,\s-]|\A)0\.0000")
_NOT_ASCII = re.compile(rb"[\x7f-\xff]+")
_WORDS = {
    ascii: json.JSONEncoder(sort_keys=True, ensure_ascii=ascii, separators=(",", ":"), allow_nan=False, check_circular=False)
    for ascii in (True, False)
}


def write_ascii(value: Any) -> bytes:
    """The canonical bytes in ASCII. Raises CanonicalError."""
    return _write(value, ascii=True)


def write_utf8(value: Any) -> bytes:
    """The canonical bytes with every character as it stands. Raises CanonicalError."""
    return _write(value, ascii=False)


def write_parsed(value: Any, *, ascii: bool) -> bytes:
    """As the two above, for what a strict parser made: of JSON's own types, without NaN. Raises CanonicalError."""
    if not _AS_MEASURED:
        return _write_slowly(value, ascii=ascii)
    try:
        return as_python(value, orjson.dumps(value, option=_OPTIONS), _OPTIONS, ascii=ascii)
    except (TypeError, ValueError):
        return _write_slowly(value, ascii=ascii)


def _write(value: Any, *, ascii: bool) -> bytes:
    if not _AS_MEASURED:
        return _write_slowly(value, ascii=ascii)
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        # What both take is made of exactly the built-in types; see jcs.write.
        types = marshal.dumps(value, 2)
    except (TypeError, ValueError):
        return _write_slowly(value, ascii=ascii)
    if (b"\x7f" in types or b"\xff" in types) and b"null" in data:
        jcs.refuse_non_finite(value)
    return as_python(value, data, _OPTIONS, ascii=ascii)


def as_python(value: Any, data: bytes, options: int, *, ascii: bool) -> bytes:
    """What orjson wrote of ``value`` under ``options``, with numbers, and in ASCII all else, as Python's json writes them."""
    if (b"0.0000" in data or b"e-" in data) and _ODD.search(data):
        data = orjson.dumps(_mend(value), option=options)
    if ascii and (not data.isascii() or b"\x7f" in data):
        data = _NOT_ASCII.sub(_escape, data)
    return data


def _escape(found: re.Match[bytes]) -> bytes:
    return json.encoder.encode_basestring_ascii(found[0].decode())[1:-1].encode()


def _mend(value: Any) -> Any:
    """``value`` with each float that orjson writes in another way than repr replaced by what it copies."""
    kind = type(value)
    if kind is dict:
        return {name: _mend(item) for name, item in value.items()}
    if kind is list or kind is tuple:
        return [_mend(item) for item in value]
    if kind is float and abs(value) < 1e-4:
        return orjson.Fragment(repr(value).encode())
    return value


def _write_slowly(value: Any, *, ascii: bool) -> bytes:
    try:
        _refuse_others(value)
        return _WORDS[ascii].encode(value).encode()
    except RecursionError:
        raise CanonicalError("the value is nested too deeply, or holds itself") from None
    except UnicodeEncodeError:
        raise CanonicalError("a lone surrogate has no canonical bytes") from None
    except ValueError:
        # CPython's own bound on the digits of an integer.
        raise CanonicalError("an integer has more digits than can be written") from None


def _refuse_others(value: Any) -> None:
    """Raise CanonicalError for what JSON has not; UnicodeEncodeError for a lone surrogate."""
    kind = type(value)
    if kind is dict:
        for name, item in value.items():
            if type(name) is not str:
                raise CanonicalError("an object's key is no text")
            name.encode()
            _refuse_others(item)
    elif kind is list or kind is tuple:
        for item in value:
            _refuse_others(item)
    elif kind is str:
        value.encode()
    elif kind is float:
        if not math.isfinite(value):
            raise CanonicalError("NaN and infinities have no canonical bytes")
    elif not (kind is int or kind is bool or value is None):
        raise CanonicalError("a value of a type that JSON does not have")


def write_in_order(value: Any, *, ascii: bool, pretty: bool) -> bytes:
    """Not canonical: members as they stand, by choice indented by two spaces, otherwise as Python's json writes them; of what
    a strict parser made or ``write_utf8`` took. Raises CanonicalError."""
    options = (_OPTIONS & ~orjson.OPT_SORT_KEYS) | (orjson.OPT_INDENT_2 if pretty else 0)
    if _AS_MEASURED:
        try:
            return as_python(value, orjson.dumps(value, option=options), options, ascii=ascii)
        except (TypeError, ValueError):
            pass
    try:
        separators = (",", ": ") if pretty else (",", ":")
        text = json.dumps(value, ensure_ascii=ascii, indent=2 if pretty else None, separators=separators, allow_nan=False)
        return text.encode()
    except (ValueError, RecursionError):
        raise CanonicalError("the value is no JSON") from None
