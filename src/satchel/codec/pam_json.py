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
from collections.abc import Iterator
from typing import Any

import orjson

from satchel.codec import jcs
from satchel.codec.packed import is_large, runs
from satchel.errors import CanonicalError

_OPTIONS = (
    orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
)
_AS_MEASURED = (
    orjson.dumps([1.0, -0.0, 8e15, 1e16, 1e22, 1e-4, 5e-05, 1.5e-07, 1e-10])
    == b"[1.0,-0.0,8000000000000000.0,1e+16,1e+22,0.0001,0.00005,1.5e-7,1e-10]"
)
#: Where orjson's text of a float is not Python's: an exponent of one digit, and zeros where Python writes an exponent.
_SHORT_EXPONENT = re.compile(rb"e-[5-9](?:[,\]}\s]|\Z)")
_ZEROS = re.compile(rb"0\.0000")
_DIGITS = b"0123456789"
#: Characters that Python's own escaping spells in another way than JSON: U+007F to U+00FF, and past U+FFFF.
_NOT_AS_JSON = re.compile(rb"[\x7f\xc2\xc3\xf0-\xf4][\x80-\xbf]*")
#: marshal's form of a NaN or an infinity; see jcs.
_NON_FINITE = re.compile(rb"g.{6}[\xf0-\xff][\x7f\xff]", re.DOTALL)
#: Bytes that are escaped at once: their text is held twice.
_PIECE = 4 << 10
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
        return _as_python(value, orjson.dumps(value, option=_OPTIONS), _OPTIONS, ascii=ascii)
    except (TypeError, ValueError):
        return _write_slowly(value, ascii=ascii)


def require(value: Any) -> None:
    """Nothing, where ``value`` is a JSON value that has bytes. Raises CanonicalError."""
    try:
        data = orjson.dumps(value, option=_OPTIONS & ~orjson.OPT_SORT_KEYS)
        types = marshal.dumps(value, 2)
    except (TypeError, ValueError):
        _write_slowly(value, ascii=False)
        return
    _refuse_non_finite(value, data, types)


def _refuse_non_finite(value: Any, data: bytes, types: bytes) -> None:
    """Raise CanonicalError for a NaN or an infinity, which orjson wrote as null and marshal as what it is."""
    if (b"\x7f" in types or b"\xff" in types) and b"null" in data and _NON_FINITE.search(types):
        # It may have been text that looks so; only the walk knows.
        jcs.refuse_non_finite(value)


def _write(value: Any, *, ascii: bool) -> bytes:
    if not _AS_MEASURED:
        return _write_slowly(value, ascii=ascii)
    try:
        data = orjson.dumps(value, option=_OPTIONS)
        # What both take is made of exactly the built-in types; see jcs.write.
        types = marshal.dumps(value, 2)
    except (TypeError, ValueError):
        return _write_slowly(value, ascii=ascii)
    _refuse_non_finite(value, data, types)
    return _as_python(value, data, _OPTIONS, ascii=ascii)


def _as_python(value: Any, data: bytes, options: int, *, ascii: bool) -> bytes:
    """What orjson wrote of ``value`` under ``options``, with numbers, and in ASCII all else, as Python's json writes them."""
    if (b"e-" in data and _SHORT_EXPONENT.search(data)) or (b"0.0000" in data and _has_zeros(data)):
        # In a text it costs a walk and changes nothing.
        data = orjson.dumps(_mend(value), option=options)
    if ascii and (not data.isascii() or b"\x7f" in data):
        return _to_ascii(data)
    return data


def _has_zeros(data: bytes) -> bool:
    return any(found.start() == 0 or data[found.start() - 1] not in _DIGITS for found in _ZEROS.finditer(data))


def _to_ascii(data: bytes) -> bytes:
    """``data``, JSON in UTF-8, with all that is not printable ASCII escaped; it all stands in texts."""
    if len(data) <= _PIECE:
        return _escaped(data)
    pieces, at = [], 0
    while at < len(data):
        end = min(at + _PIECE, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        pieces.append(_escaped(data[at:end]))
        at = end
    return b"".join(pieces)


def _escaped(data: bytes) -> bytes:
    if data.isascii() and b"\x7f" not in data:
        return data
    data = _NOT_AS_JSON.sub(_escape, data)
    # What is left is U+0100 to U+FFFF, which both spell as \\u and four small digits.
    return data if data.isascii() else data.decode().encode("ascii", "backslashreplace")


def _escape(found: re.Match[bytes]) -> bytes:
    code = ord(found[0].decode())
    if code < 0x10000:
        return b"\\u%04x" % code
    code -= 0x10000
    return b"\\u%04x\\u%04x" % (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))


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


def pieces_in_order(value: Any, *, ascii: bool, pretty: bool) -> Iterator[bytes]:
    """What ``write_in_order`` gives, in pieces: what is large in it comes in runs. Raises CanonicalError."""
    yield from _pieces(value, ascii, pretty, b"\n")


def _pieces(value: Any, ascii: bool, pretty: bool, line: bytes) -> Iterator[bytes]:
    """``line`` is how a line begins where the value stands."""
    if not is_large(value):
        # No text in JSON has a line's end in it.
        yield write_in_order(value, ascii=ascii, pretty=pretty).replace(b"\n", line)
        return
    inner = line + b"  "
    gap, end, colon = (inner, line, b": ") if pretty else (b"", b"", b":")
    mark = b""
    if type(value) is dict:
        yield b"{"
        for name, item in value.items():
            yield mark + gap + write_in_order(name, ascii=ascii, pretty=False) + colon
            yield from _pieces(item, ascii, pretty, inner)
            mark = b","
        yield end + b"}"
        return
    if type(value) is str:
        yield b'"'
        yield from (write_in_order(run, ascii=ascii, pretty=False)[1:-1] for run in runs(value))
        yield b'"'
        return
    yield b"["
    for run in runs(value):
        if len(run) == 1:
            yield mark + gap
            yield from _pieces(run[0], ascii, pretty, inner)
        else:
            # Without the brackets and their lines.
            yield mark + write_in_order(run, ascii=ascii, pretty=pretty)[1 : -2 if pretty else -1].replace(b"\n", line)
        mark = b","
    yield (end if len(value) else b"") + b"]"


def write_in_order(value: Any, *, ascii: bool, pretty: bool) -> bytes:
    """Not canonical: members as they stand, by choice indented by two spaces, otherwise as Python's json writes them; of what
    a strict parser made or ``require`` took. Raises CanonicalError."""
    options = (_OPTIONS & ~orjson.OPT_SORT_KEYS) | (orjson.OPT_INDENT_2 if pretty else 0)
    if _AS_MEASURED:
        try:
            return _as_python(value, orjson.dumps(value, option=options), options, ascii=ascii)
        except (TypeError, ValueError):
            pass
    try:
        separators = (",", ": ") if pretty else (",", ":")
        text = json.dumps(value, ensure_ascii=ascii, indent=2 if pretty else None, separators=separators, allow_nan=False)
        return text.encode()
    except (ValueError, RecursionError):
        raise CanonicalError("the value is no JSON") from None
