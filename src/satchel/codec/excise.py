"""Taking values out of bytes and leaving every other value as it is: what is erased from an original that others share.

A JSON value is replaced by ``GAP``, so that members keep their names, elements their numbers and pointers their meaning. Text
is overwritten with spaces, byte for byte, so that ranges keep their places. Everything outside stays to the byte, but for a
string that is itself JSON and holds a gap, which is encoded anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from satchel.codec.pointers import unescape

#: What stands where something was taken out.
GAP = b'{"satchel":"erased"}'

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_SPACE = re.compile(rb"[ \t\n\r]*")
_NAME = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
#: Names that are to be taken out below a value: token → the same of what is below it; empty: the value itself.
_Tree = dict[str, Any]


def without_values(data: bytes, pointers: Iterable[str]) -> bytes | None:
    """The JSON ``data`` with a gap in the place of each value that a pointer (RFC 6901) names.

    A pointer that names nothing there is passed over: another state of the object may not have had it.

    Returns:
        None where it cannot be told what to take out: it is no JSON, it names a member twice, or a pointer is the whole of it.
    """
    return with_values(data, pointers, lambda _: GAP)


def with_values(data: bytes, pointers: Iterable[str], change: Callable[[bytes], bytes]) -> bytes | None:
    """The JSON ``data`` with each value that a pointer names changed; else as ``without_values``."""
    tree: _Tree = {}
    for pointer in pointers:
        tokens = pointer.split("/")[1:]
        if not tokens:
            return None
        below = tree
        for token in tokens:
            below = below.setdefault(unescape(token), {})
        below.clear()
    try:
        if not tree:
            return data
        if data.lstrip(b" \t\n\r")[:1] not in (b"{", b"[", b'"'):
            return None
        return _cut(data, tree, change)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _Unclear):
        return None


class _Unclear(Exception):
    """A value whose members cannot be told from its bytes."""


def _cut(data: bytes, tree: _Tree, change: Callable[[bytes], bytes]) -> bytes:
    start = _past_space(data, 0)
    first = data[start : start + 1]
    if first == b'"':
        text = _TEXT.decode(data)
        inner = text.encode("utf-8", "surrogatepass")
        if inner.lstrip()[:1] not in (b"{", b"["):
            return data
        changed = _cut(inner, tree, change)
        return data if changed == inner else msgspec.json.encode(changed.decode("utf-8", "surrogatepass"))
    if first == b"{":
        members = _OBJECT.decode(data)
        spans = _member_spans(data, start + 1, members)
    elif first == b"[":
        spans = {str(at): span for at, span in enumerate(_element_spans(data, start + 1, _ARRAY.decode(data)))}
    else:
        return data
    pieces: list[bytes] = []
    end = 0
    for name in sorted((name for name in tree if name in spans), key=lambda name: spans[name]):
        begin, stop = spans[name]
        value = data[begin:stop]
        pieces += [data[end:begin], _cut(value, tree[name], change) if tree[name] else change(value)]
        end = stop
    return b"".join((*pieces, data[end:]))


def _member_spans(data: bytes, at: int, members: dict[str, msgspec.Raw]) -> dict[str, tuple[int, int]]:
    spans: dict[str, tuple[int, int]] = {}
    left = len(members)
    for name, value in members.items():
        at = _past_space(data, at)
        found = _NAME.match(data, at)
        if found is None or _TEXT.decode(found[0]) != name:
            raise _Unclear
        at = _past_space(data, found.end())
        at = _past_space(data, at + 1)
        end = at + len(bytes(value))
        spans[name] = (at, end)
        at = _past_space(data, end) + 1
        left -= 1
        if data[at - 1 : at] != (b"," if left else b"}"):
            # A member that stands there twice.
            raise _Unclear
    return spans


def _element_spans(data: bytes, at: int, elements: list[msgspec.Raw]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for value in elements:
        at = _past_space(data, at)
        end = at + len(bytes(value))
        spans.append((at, end))
        at = _past_space(data, end) + 1
    return spans


def _past_space(data: bytes, at: int) -> int:
    found = _SPACE.match(data, at)
    return found.end() if found else at


def _spellings(data: bytes, text: str) -> list[bytes]:
    """How ``text`` may stand in ``data``: in JSON inside a string, with or without its letters past ASCII escaped."""
    raw = text.encode("utf-8", "surrogatepass")
    found = {msgspec.json.encode(raw.decode("utf-8", "replace"))[1:-1], json.dumps(text).encode()[1:-1]}
    if data.lstrip()[:1] not in (b"{", b"["):
        # In JSON, bytes that look like it may be members and no text.
        found.add(raw)
    return sorted((spelling for spelling in found if spelling.strip()), key=len, reverse=True)


def without_text(data: bytes, text: str) -> bytes:
    """``data`` with spaces in the place of every spelling of ``text``."""
    for spelling in _spellings(data, text):
        data = data.replace(spelling, b" " * len(spelling))
    return data


def has_text(data: bytes, text: str) -> bool:
    """Whether ``text`` stands in ``data`` in any spelling."""
    return any(spelling in data for spelling in _spellings(data, text))
