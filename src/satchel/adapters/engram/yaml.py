"""The YAML that engram files are written in, no more: block mappings and sequences, scalars, flow collections (dossier 9.5).

No anchors, tags, merges or dates. Text is never refused: what is no structure is text, what stands where nothing can stand is
left out and counted, and what nests deeper than ``MAX_DEPTH`` is kept as the text that it is. One pass; no line is looked at
more often than that.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from satchel.adapters.engram.flow import closing, read_flow
from satchel.adapters.engram.scalars import BLANK, QUOTED, is_item, split_key, typed, unquoted, without_comment

#: Collections in one another; what lies deeper is text.
MAX_DEPTH = 64

_HEADER = re.compile(r"([|>])([-+0-9]*)")


class Yaml(msgspec.Struct, frozen=True):
    """What a text says: the value of its one document, a list of several documents' values, or None."""

    value: Any
    #: Lines that stand where nothing can stand and were left out.
    ignored_lines: int = 0


def read_yaml(text: str) -> Yaml:
    """The value of a YAML text: None, bool, int, float, str, list or dict with text as keys. Raises nothing.

    A mapping's later entry replaces an earlier one of the same key.
    """
    values: list[Any] = []
    ignored = 0
    for lines in _documents(text):
        document = _Document(lines)
        values.append(document.read())
        ignored += document.ignored
    while values and values[-1] is None:
        values.pop()
    first = next((index for index, value in enumerate(values) if value is not None), 0)
    values = values[first:]
    return Yaml(values if len(values) > 1 else values[0] if values else None, ignored)


def _documents(text: str) -> list[list[str]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    documents: list[list[str]] = [[]]
    has_begun = False
    #: Behind ``...`` the next ``---`` begins the document that comes anyway.
    is_fresh = True
    for line in lines:
        if line[:3] == "---" and line[3:4] in ("", " ", "\t"):
            if not is_fresh:
                documents.append([])
            documents[-1].append(line[3:].strip(BLANK))
            has_begun, is_fresh = True, False
        elif line[:3] == "..." and not line[3:].strip(BLANK):
            if not is_fresh:
                documents.append([])
            has_begun, is_fresh = True, True
        elif has_begun or line[:1] != "%":
            documents[-1].append(line)
            if is_fresh and without_comment(line.lstrip(BLANK)):
                has_begun, is_fresh = True, False
    return documents


class _Document:
    """One document: its lines, and the next one that says something."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        #: Index of the line that is looked at; its indent and what it says. An indent of -1 is the end.
        self._at = -1
        self._indent = -1
        self._content = ""
        self.ignored = 0
        self._next()

    def read(self) -> Any:
        value = None if self._indent < 0 else self._node(parent=-1, depth=0)
        while self._indent >= 0:
            self._ignore()
        return value

    def _next(self) -> None:
        """Go to the next line that is neither blank nor a comment."""
        for at in range(self._at + 1, len(self._lines)):
            line = self._lines[at]
            bare = line.lstrip(" ")
            content = without_comment(bare.lstrip(BLANK))
            if content:
                self._at, self._indent, self._content = at, len(line) - len(bare), content
                return
        self._at, self._indent, self._content = len(self._lines), -1, ""

    def _ignore(self) -> None:
        self.ignored += 1
        self._next()

    def _node(self, parent: int, depth: int) -> Any:
        """The value that begins with the current line, of an owner that stands at column ``parent``."""
        if is_item(self._content):
            return self._sequence(self._indent, parent, depth)
        entry = split_key(self._content)
        if entry is None:
            return self._scalar(self._content, parent, depth)
        return self._mapping(self._indent, parent, depth)

    def _sequence(self, indent: int, parent: int, depth: int, *, at_key: bool = False) -> Any:
        if depth >= MAX_DEPTH:
            return self._text(parent)
        items: list[Any] = []
        while self._indent >= indent:
            if self._indent > indent or not is_item(self._content):
                if self._indent == indent and at_key:
                    break
                self._ignore()
                continue
            rest = self._content[1:].lstrip(BLANK)
            if not rest:
                self._next()
                items.append(self._node(indent, depth + 1) if self._indent > indent else None)
                continue
            # An inline value goes on at its own column, as if it stood on a line of its own.
            self._indent += len(self._content) - len(rest)
            self._content = rest
            if is_item(rest) or split_key(rest) is not None:
                items.append(self._node(indent, depth + 1))
            else:
                items.append(self._scalar(rest, indent, depth + 1))
        return items

    def _mapping(self, indent: int, parent: int, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return self._text(parent)
        members: dict[str, Any] = {}
        while self._indent >= indent:
            entry = split_key(self._content) if self._indent == indent and not is_item(self._content) else None
            if entry is None:
                self._ignore()
                continue
            key, rest = entry
            if rest:
                members[key] = self._scalar(rest, indent, depth + 1)
                continue
            self._next()
            if self._indent > indent:
                members[key] = self._node(indent, depth + 1)
            elif self._indent == indent and is_item(self._content):
                # A sequence may stand at the column of its key.
                members[key] = self._sequence(indent, indent - 1, depth + 1, at_key=True)
            else:
                members[key] = None
        return members

    def _scalar(self, text: str, parent: int, depth: int) -> Any:
        """The value that ``text``, the end of the current line, begins; lines deeper than ``parent`` may go on with it."""
        first = text[0]
        header = _HEADER.fullmatch(text) if first in "|>" else None
        if header:
            return self._block(header[1], header[2], parent)
        if first in "[{":
            return self._flow(text, parent, depth)
        if first in "\"'" and QUOTED.fullmatch(text):
            self._next()
            return unquoted(text)
        words = [text]
        self._next()
        while self._indent > parent and not is_item(self._content) and split_key(self._content) is None:
            words.append(self._content)
            self._next()
        return typed(" ".join(words))

    def _flow(self, text: str, parent: int, depth: int) -> Any:
        parts: list[str] = []
        open_now, end = closing(text)
        while end < 0:
            parts.append(text)
            self._next()
            # A closer may stand below its owner; anything else there says that closers are missing.
            if self._indent <= parent and not (self._indent == parent >= 0 and self._content[0] in "]}"):
                return read_flow("\n".join(parts), MAX_DEPTH - depth)
            text = self._content
            open_now, end = closing(text, open_now)
        parts.append(text[:end])
        self._next()
        return read_flow("\n".join(parts), MAX_DEPTH - depth)

    def _block(self, style: str, marks: str, parent: int) -> str:
        """A block scalar; the current line holds its header."""
        lines = self._lines
        start = end = self._at + 1
        digit = next((int(mark) for mark in marks if mark in "123456789"), 0)
        margin = max(parent, 0) + digit if digit else -1
        for at in range(start, len(lines)):
            line = lines[at]
            if line.strip(BLANK):
                indent = len(line) - len(line.lstrip(" "))
                if indent <= parent:
                    break
                if margin < 0:
                    margin = indent
                end = at + 1
            elif margin < 0:
                continue
        last = end
        while last < len(lines) and not lines[last].strip(BLANK):
            last += 1
        self._at = last - 1
        self._next()
        body = [_cut(line, margin) for line in lines[start:end]]
        trailing = last - end
        text = _folded(body) if style == ">" else "\n".join(body)
        if "-" in marks:
            return text.rstrip("\n")
        if "+" in marks:
            return text + "\n" * (trailing + 1) if body else "\n" * trailing
        text = text.rstrip("\n")
        return text + "\n" if text else ""

    def _text(self, parent: int) -> str:
        """All lines deeper than ``parent``, the current one as it is left, as text: too deep to be read."""
        first = self._content
        start = self._at + 1
        self._next()
        while self._indent > parent:
            self._next()
        return "\n".join([first, *self._lines[start : self._at]]).rstrip("\n" + BLANK)


def _cut(line: str, margin: int) -> str:
    """The line without its indent, up to ``margin`` columns."""
    indent = len(line) - len(line.lstrip(" "))
    return line[min(indent, max(margin, 0)) :]


def _folded(lines: list[str]) -> str:
    """Lines joined by a blank; each empty one among them is a line break."""
    parts: list[str] = []
    breaks = 0
    for line in lines:
        if not line.strip(BLANK):
            breaks += 1
            continue
        if breaks:
            parts.append("\n" * breaks)
        elif parts:
            parts.append(" ")
        parts.append(line)
        breaks = 0
    return "".join(parts)
