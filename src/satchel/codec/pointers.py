"""JSON pointers (RFC 6901) over bytes: the exact bytes of a member, cut out without building the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from satchel.errors import MalformedInput, Place

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def escape(name: str) -> str:
    """A member name as one reference token of a pointer (RFC 6901, section 3)."""
    if "~" in name or "/" in name:
        return name.replace("~", "~0").replace("/", "~1")
    return name


def unescape(token: str) -> str:
    """The inverse of ``escape``."""
    return token.replace("~1", "/").replace("~0", "~")


def resolve_value(value: Any, pointer: str, decode: Callable[[bytes], Any]) -> Any:
    """The member of a parsed JSON value that ``pointer`` names; None when there is none.

    ``decode`` opens a string on the way that is itself JSON.
    """
    has_escapes = "~" in pointer
    for token in pointer.split("/")[1:]:
        if type(value) is str:
            value = decode(value.encode("utf-8", "surrogatepass"))
        if type(value) is dict:
            value = value.get(unescape(token) if has_escapes else token)
        elif type(value) is list and token.isascii() and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value


def resolve_bytes(data: bytes, pointer: str) -> bytes | None:
    """The bytes of the value that ``pointer`` names inside the JSON ``data``; None when there is no such member.

    A string on the way that is itself JSON is opened (providers double-encode now and then).

    Raises:
        MalformedInput: ``data`` is not JSON where the pointer leads.
    """
    value = msgspec.Raw(data)
    for token in pointer.split("/")[1:]:
        raw = bytes(value).lstrip()
        try:
            if raw[:1] == b'"':
                raw = _TEXT.decode(raw).encode().lstrip()
            if raw[:1] == b"{":
                found: Any = _OBJECT.decode(raw).get(unescape(token))
            elif raw[:1] == b"[" and token.isascii() and token.isdecimal():
                items = _ARRAY.decode(raw)
                found = items[int(token)] if int(token) < len(items) else None
            else:
                return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedInput("the kept original is not JSON there", place=Place(pointer=pointer)) from error
        if found is None:
            return None
        value = found
    return bytes(value)
