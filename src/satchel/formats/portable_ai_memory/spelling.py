"""How our values are spelled in the format: platforms, tags, foreign JSON, bytes of JSON.

What a spelling cannot hold comes back beside it, so that the caller can carry it and tell the ledger.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import orjson

from satchel.errors import CanonicalError
from satchel.formats.portable_ai_memory import terms

_NOT_IN_TAG = re.compile(r"[^a-z0-9_-]+")
_NOT_IN_PLATFORM = re.compile(r"[^a-z0-9_-]+")
#: From here on ECMAScript writes a number with an exponent, which every reader takes for a double.
_EXPONENT_FROM = 1e21
#: What can hold nulls: all that a parser makes, and tuples.
_HOLDING = frozenset({dict, list, tuple})
_RESERVED = frozenset({terms.OURS, "language", "domain"})


def dump(value: Any) -> bytes:
    """Compact JSON of ``value``; integers past 64 bits, which orjson refuses, go through the standard library.

    Raises:
        CanonicalError: a lone surrogate or no JSON at all; no reader lets such values in.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        pass
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise CanonicalError("a value to be written has no JSON in UTF-8") from error


def dumped_at_once(value: Any) -> bytes:
    """As ``dump`` where orjson writes all of it; b"" where it does not: then a part may not need what the whole does."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return b""


def json_text(value: Any) -> str:
    """As ``dump``, as text: for members that hold JSON in a string."""
    return dump(value).decode()


@functools.lru_cache(256)
def platform_name(name: str) -> str:
    """``name`` as the platform pattern wants it, products in place of companies (dossier 1.8); "local" for none."""
    lowered = _NOT_IN_PLATFORM.sub("-", name.lower()).strip("-")[:32]
    lowered = terms.PRODUCTS.get(lowered, lowered)
    return lowered if terms.PLATFORM.fullmatch(lowered) else "local"


def raw_key(platform: str) -> str:
    """The member that holds what a platform said beyond our fields; never one that has a meaning of its own."""
    return f"{platform}-source" if platform in _RESERVED else platform


def tag_list(tags: tuple[str, ...]) -> list[str]:
    """``tags`` as the tag pattern wants them, each once, in order, without what cannot be so spelled (dossier 1.4)."""
    spelled = (tag if terms.TAG.fullmatch(tag) else _NOT_IN_TAG.sub("-", tag.lower()).strip("-_") for tag in tags)
    return list(dict.fromkeys(tag for tag in spelled if tag))


def without_nulls(value: Any) -> Any:
    """A JSON value without its null members; nulls in arrays keep their place (dossier 7.8)."""
    if isinstance(value, dict):
        # Most members hold no others, and need no call.
        return {
            name: without_nulls(member) if type(member) in _HOLDING else member
            for name, member in value.items()
            if member is not None
        }
    if isinstance(value, list | tuple):
        return [without_nulls(item) if type(item) in _HOLDING else item for item in value]
    return value


def dumped_without_nulls(value: Any) -> bytes:
    """The JSON of an object without null members; b"" where that leaves nothing."""
    if not value:
        return b""
    data = dump(value)
    if b"null" in data:
        # To look for the four letters costs less than to walk through every value.
        data = dump(without_nulls(value))
    return b"" if data == b"{}" else data


def exact(value: Any) -> tuple[Any, int]:
    """A JSON value that RFC 8785 can hold, and how many integers became text for it (dossier 3.2, rule 6 of 3.4)."""
    changed = 0

    def walk(item: Any) -> Any:
        nonlocal changed
        if isinstance(item, dict):
            return {str(name): walk(member) for name, member in item.items() if member is not None}
        if isinstance(item, list | tuple):
            return [walk(member) for member in item]
        if type(item) in (int, float) and _reads_as_large_integer(item):
            changed += 1
            return str(int(item))
        return item

    return walk(value), changed


def _reads_as_large_integer(number: int | float) -> bool:
    """Whether RFC 8785 has no form for a number, or writes it in digits that read back as an integer without one."""
    if type(number) is float:
        return terms.MAX_INTEGER < abs(number) < _EXPONENT_FROM and number.is_integer()
    return abs(number) > terms.MAX_INTEGER


def file_name(name: str) -> str:
    """``name`` as the tail of a file name: its last component, ASCII letters, digits and ``._-``, 80 at most."""
    last = re.split(r"[/\\]", name)[-1]
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._-")
    stem, dot, suffix = safe.rpartition(".")
    if dot and len(suffix) <= 12:
        return f"{stem[:67]}.{suffix}"
    return safe[:80].rstrip("._-")
