"""What a file looks like, from its first 64 KiB: enough for adapters to recognise it by structure, never by name.

A JSON head that breaks off is closed where its last whole value ended, so ``value`` is a prefix of the document: objects
with their first members, arrays with their first elements, whole or in part.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from satchel.codec.json_values import repair_text
from satchel.codec.sources import Member
from satchel.errors import SatchelError

HEAD_BYTES = 64 << 10

Form = Literal["empty", "json", "jsonl", "html", "csv", "zip", "sqlite", "script", "text", "binary"]

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},:]|[^\s"\[\]{},:]++|"', re.DOTALL)


class Probe(msgspec.Struct, frozen=True):
    """``form`` by the first bytes; for JSON the root's prefix in ``value``; ``whole`` when the head is the entire file."""

    form: Form
    value: Any = None
    whole: bool = False
    text: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Member names of an object root, as far as the head goes."""
        return frozenset(self.value) if type(self.value) is dict else frozenset()

    @property
    def elements(self) -> list[Any]:
        """The first elements of an array root; the last one may be in part."""
        return self.value if type(self.value) is list else []

    @property
    def shape(self) -> str:
        """A few words for a person: the root and its member names."""
        if self.form == "csv":
            return "a table (CSV)"
        if self.form != "json":
            return self.form
        if type(self.value) is dict:
            return "object with " + (", ".join(sorted(self.value)[:12]) or "no members")
        if type(self.value) is list:
            first = next((item for item in self.value if type(item) is dict), None)
            return "array" + (f" of objects with {', '.join(sorted(first)[:12])}" if first else "")
        return "a single value"


def close_prefix(head: bytes) -> bytes | None:
    """A whole JSON document made of the broken-off ``head``: cut behind its last whole value, its brackets closed."""
    stack: list[int] = []
    end = 0
    for token in _TOKEN.finditer(head):
        first = head[token.start()]
        if first in b"[{":
            stack.append(0x5D if first == 0x5B else 0x7D)
            end = token.end()
        elif first in b"]}":
            if not stack or stack[-1] != first:
                break
            stack.pop()
            end = token.end()
        elif first == 0x2C:
            if not stack and not end:
                # A quoted word and a comma begin a table.
                break
            end = token.start()
        elif first == 0x22 and token.end() - token.start() == 1:
            break
    # Every token that changes the stack moves the end along, so the stack is what is open there.
    return head[:end] + bytes(reversed(stack)) if end else None


def _json_value(head: bytes, whole: bool) -> Any:
    text = head if whole else close_prefix(head)
    if text is None:
        raise ValueError("no value")
    return msgspec.json.decode(text)


def probe(member: Member, *, head_bytes: int = HEAD_BYTES) -> Probe:
    """The probe of one member. Never raises for its content: what cannot be read is ``binary``."""
    try:
        with member.open() as stream:
            head = stream.read(head_bytes)
            whole = len(head) < head_bytes or not stream.read(1)
    except (SatchelError, OSError):
        return Probe("binary")
    return probe_bytes(head, whole)


def probe_bytes(head: bytes, whole: bool) -> Probe:
    """As ``probe``, of bytes at hand."""
    if head.startswith(b"SQLite format 3\0"):
        return Probe("sqlite")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Probe("zip")
    if b"\0" in head[:1024]:
        return Probe("binary")
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not bare:
        return Probe("empty", whole=whole)
    lower = bare[:512].lower()
    if lower.startswith((b"<!doctype html", b"<html")) or b"<html" in lower:
        return Probe("html", whole=whole, text=bare.decode("utf-8", "replace"))
    if bare.startswith(b"window."):
        return Probe("script", whole=whole, text=bare.decode("utf-8", "replace"))
    if bare[:1] in b'{["' or bare[:1] in b"-0123456789tfn":
        try:
            return Probe("json", _json_value(repair_text(bare), whole), whole)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass
        lines = bare.split(b"\n", 1)
        try:
            first = msgspec.json.decode(repair_text(lines[0]))
            if type(first) is dict and len(lines) == 2 and lines[1].lstrip()[:1] in (b"{", b""):
                return Probe("jsonl", [first], whole)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass
        # A JSON file that is broken early on: its prefix up to there is still worth a look.
        closed = close_prefix(repair_text(bare))
        if closed is not None and bare[:1] in b"{[":
            try:
                return Probe("json", msgspec.json.decode(closed), False)
            except (msgspec.DecodeError, ValueError, RecursionError):
                pass
    text = bare.decode("utf-8", "replace")
    if text.count("\ufffd") > len(text) // 10:
        return Probe("binary")
    first_line = text.split("\n", 1)[0]
    return Probe("csv" if "," in first_line and "\n" in text else "text", whole=whole, text=text)
