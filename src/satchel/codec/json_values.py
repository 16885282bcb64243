"""Strict JSON, one value at a time: UTF-8, bounded depth and digits, exact integers, no NaN or infinity.

Built on msgspec, whose parser refuses NaN, overflowing floats and lone surrogates and keeps integers exact (engineering.md
1a). What it leaves open is checked here: UTF-8 in members that are skipped, depth, and duplicate names where a hash or a
signature hangs on the value.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, NoReturn

import msgspec
import orjson

from satchel.codec.packed import parts
from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits

_NOWHERE = Place()
_CONTAINERS = frozenset((dict, list))
#: Bytes that are decoded at once.
_PIECE = 1 << 20
_BYTE = re.compile(r"\(byte (\d+)\)")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_STRING_OR_DIGITS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[0-9]++', re.DOTALL)
#: Escapes one by one, surrogate pairs as one; the group is a surrogate alone.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def refuse(error: Exception, place: Place, data: bytes) -> NoReturn:
    """Raise MalformedInput for a foreign parser's error; ``place.offset`` is where ``data`` begins in its file."""
    start = place.offset or 0
    if isinstance(error, RecursionError):
        raise LimitExceeded("JSON is nested too deeply to parse", place=place) from None
    if isinstance(error, UnicodeDecodeError):
        at = msgspec.structs.replace(place, offset=start + error.start)
        raise MalformedInput("invalid UTF-8", place=at, hint="the file was damaged or re-encoded") from None
    text = str(error)
    found = _BYTE.search(text)
    offset = start + (int(found[1]) if found else len(data) if "truncated" in text else 0)
    reason = "the JSON ends too early" if "truncated" in text else text.removeprefix("JSON is malformed: ")
    raise MalformedInput(
        f"not valid JSON: {_BYTE.sub('', reason).strip()}", place=msgspec.structs.replace(place, offset=offset)
    ) from None


def check_depth(data: bytes, place: Place, limits: Limits = DEFAULT, *, exact: bool = True) -> None:
    """Raise LimitExceeded when ``data`` nests deeper than ``limits.json_depth``. ``data`` must be valid JSON.

    All but quotes and brackets is taken out, then strings, then inner pairs of brackets layer by layer. Only when some are left
    after ``json_depth`` layers is the place looked for.

    Without ``exact`` strings are not taken out first, which costs a third: brackets in strings can then make deep nesting look
    shallow, up to what the parser itself allows (about 1,000).
    """
    bare = data.translate(_ONE_KIND, _NOT_STRUCTURE if exact else _NOT_BRACKETS)
    if bare.count(b"[") <= limits.json_depth:
        return
    brackets = _without_strings(data, bare) if exact else bare
    for left in range(limits.json_depth, -1, -1):
        if len(brackets) // 2 <= left:
            return
        inner = brackets.replace(b"[]", b"")
        if not exact and len(inner) == len(brackets):
            break
        brackets = inner
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > limits.json_depth:
                where = msgspec.structs.replace(place, offset=(place.offset or 0) + token.start())
                raise LimitExceeded(
                    f"JSON is nested deeper than {limits.json_depth}",
                    place=where,
                    hint="--limit json_depth=N raises it",
                )
        elif first in b"]}":
            depth -= 1


def _without_strings(data: bytes, bare: bytes) -> bytes:
    if b'\\"' in data:
        # Not every such quote is escaped: the backslash before it may be. Pairs of them go first.
        bare = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_ONE_KIND, _NOT_STRUCTURE)
    # The quotes of strings without brackets stand side by side. If one is left, some string has brackets.
    brackets = bare.replace(b'""', b"")
    return re.sub(rb'"[^"]*+"', b"", bare) if b'"' in brackets else brackets


def check_text(data: bytes, place: Place) -> None:
    """Raise MalformedInput, with the byte offset, when ``data`` is not UTF-8."""
    if data.isascii():
        return
    try:
        if len(data) <= _PIECE:
            data.decode()
            return
        # In pieces: what is decoded whole is held twice.
        decoder = codecs.getincrementaldecoder("utf-8")()
        for at in range(0, len(data), _PIECE):
            decoder.decode(data[at : at + _PIECE], final=at + _PIECE >= len(data))
    except UnicodeDecodeError:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            refuse(error, place, data)


def check_digits(data: bytes, place: Place, limits: Limits = DEFAULT) -> None:
    """Raise LimitExceeded when a number has more digits in a row than ``limits.json_digits``.

    A run that long shows in every n-th byte already, twice, so that is all that is looked at unless it does.
    """
    most = limits.json_digits
    step = max(1, most // 2)
    if len(data) <= most or not any(
        data[at * step : at * step + max(1, most - step)].isdigit()
        for found in re.finditer(rb"[0-9]{%d,}" % min(2, most), data[::step])
        for at in range(found.start(), found.end())
    ):
        return
    for token in _STRING_OR_DIGITS.finditer(data):
        # Only outside strings does it count.
        if data[token.start()] != 0x22 and token.end() - token.start() > most:
            where = msgspec.structs.replace(place, offset=(place.offset or 0) + token.start())
            raise LimitExceeded(f"a number has more than {most:,} digits", place=where, hint="--limit json_digits=N raises it")


def decode(data: bytes, *, type: Any = Any, place: Place = _NOWHERE, limits: Limits = DEFAULT) -> Any:
    """The JSON value of ``data`` as ``type``, all of ``data`` checked. A value of another shape raises
    msgspec.ValidationError, which is for the caller to handle.

    Raises:
        MalformedInput: not JSON, not UTF-8, NaN, infinity or a lone surrogate.
        LimitExceeded: too deep, or a number of too many digits.
    """
    check_text(data, place)
    check_digits(data, place, limits)
    try:
        value = msgspec.json.decode(data, type=type)
    except msgspec.ValidationError as error:
        if "out of range" in str(error) or "digits" in str(error):
            refuse(error, place, data)
        raise
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        refuse(error, place, data)
    except ValueError as error:
        refuse(error, place, data)
    # A typed decode builds what its type names and skips the rest: there an estimate is enough.
    check_depth(data, place, limits, exact=type is Any)
    return value


def decode_whole(data: bytes, *, place: Place = _NOWHERE, limits: Limits = DEFAULT) -> Any:
    """As ``decode`` of anything, for large documents of which every part is wanted: the depth is measured in the value, which
    costs a third of measuring it in the bytes, and a name that stands twice in one object is refused.

    Raises:
        MalformedInput, LimitExceeded: as ``decode``.
    """
    check_text(data, place)
    check_digits(data, place, limits)
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        refuse(error, place, data)
    if not is_within_depth(value, limits.json_depth):
        check_depth(data, place, limits)
    if repeats_a_name(data, value):
        raise MalformedInput("an object has the same name twice", place=place, hint="hashes cannot cover it")
    return value


def decode_unique(data: bytes, *, place: Place = _NOWHERE, limits: Limits = DEFAULT) -> Any:
    """As ``decode``, and a name that stands twice in one object is refused: for bytes that a hash or signature covers.

    Raises:
        MalformedInput: also for a duplicate name; the message names it by its member count, never by its text.
    """
    decode(data, place=place, limits=limits)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise MalformedInput("an object has the same name twice", place=place, hint="hashes cannot cover it")
        return members

    return json.loads(data, object_pairs_hook=unique)


def is_within_depth(value: Any, most: int) -> bool:
    """Whether objects and arrays nest no deeper than this in a parsed value."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for item in level
            for inner in (item.values() if type(item) is dict else item if type(item) is list else ())
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return True
    return False


def repeats_a_name(data: bytes, value: Any) -> bool:
    """Whether an object in ``data`` has a name twice; ``value`` is what was parsed from it, the last of the same name kept.

    Colons are counted: a name that went missing took its own along. What spells colons of texts as escapes is parsed again.
    """
    if b"\\u003" not in data:
        try:
            return data.count(b":") != sum(orjson.dumps(part).count(b":") for part in parts(value))
        except TypeError:
            pass

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise _TwiceError
        return members

    try:
        json.loads(data, object_pairs_hook=unique)
    except _TwiceError:
        return True
    return False


class _TwiceError(Exception):
    """Ends the second parsing at the first name that stands twice."""


def repair_text(data: bytes) -> bytes:
    """``data`` with what is no Unicode text replaced by U+FFFD: lone ``\\ud800`` escapes and invalid UTF-8 bytes.

    For a reader that has told of the fault and goes on; the kept original stays as it was.
    """
    if not data.isascii():
        data = data.decode("utf-8", "replace").encode()
    if b"\\ud" in data or b"\\uD" in data:
        data = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], data)
    return data
