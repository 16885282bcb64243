"""Canonical JSON: one value, one sequence of bytes, by the rules of a named dialect.

    jcs        RFC 8785 (Portable AI Memory)              satchel.codec.jcs
    mem        Portable Memory as its SDKs write it       satchel.codec.mem_json
    mem-spec   Portable Memory as its text asks           satchel.codec.mem_json
    pam-ascii  Portable Agent Memory as its SDK writes    satchel.codec.pam_json
    pam-utf8   Portable Agent Memory as its text asks     satchel.codec.pam_json
    pam-es6    the same with ECMAScript's numbers         satchel.codec.mem_json

A new dialect is one more entry of ``_DIALECTS``: how it writes a value and how it reads one back to check it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from satchel.codec import jcs, mem_json, pam_json
from satchel.errors import CanonicalError, UsageError

Dialect = Literal["jcs", "mem", "mem-spec", "pam-ascii", "pam-utf8", "pam-es6"]


def encode(value: Any, dialect: Dialect = "jcs") -> bytes:
    """The canonical bytes of a JSON value: None, bool, int, float, str, list, tuple or dict, and what these hold.

    Raises:
        CanonicalError: NaN or an infinity, an integer beyond 2^53-1 (in ``jcs`` alone), a lone surrogate in text or in a key,
            a key that is no text, a type that JSON has not, or nesting past what the interpreter holds.
        UsageError: no such dialect.
    """
    return _dialect(dialect).write(value)


def check(data: bytes, dialect: Dialect = "jcs") -> bool:
    """Whether ``data`` is a JSON value in exactly its canonical bytes. False too for what is no JSON at all.

    Raises:
        UsageError: no such dialect.
    """
    rules = _dialect(dialect)
    try:
        return rules.write(rules.read(data)) == data
    except (CanonicalError, ValueError, RecursionError):
        return False


class _Rules(msgspec.Struct, frozen=True):
    """A dialect: ``write`` raises CanonicalError only, ``read`` also ValueError and RecursionError."""

    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


_DIALECTS: dict[str, _Rules] = {
    "jcs": _Rules(jcs.write, jcs.read),
    "mem": _Rules(mem_json.write, mem_json.read),
    "mem-spec": _Rules(mem_json.write_spec, mem_json.read),
    "pam-ascii": _Rules(pam_json.write_ascii, mem_json.read),
    "pam-utf8": _Rules(pam_json.write_utf8, mem_json.read),
    # Its keys and its alphabet are Portable Memory's.
    "pam-es6": _Rules(mem_json.write_spec, mem_json.read),
}


def _dialect(name: str) -> _Rules:
    rules = _DIALECTS.get(name)
    if rules is None:
        raise UsageError(f"no canonical JSON is called {name!r}", hint="there is " + ", ".join(_DIALECTS))
    return rules
