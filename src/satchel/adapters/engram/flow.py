"""Flow collections of the YAML subset: ``[a, b]`` and ``{a: 1}``, over lines, with missing closers (dossier 9.5).

Read with a stack of our own in one pass, so that neither depth nor length of a text costs more than its characters.
"""

from __future__ import annotations

import re
from typing import Any

from satchel.adapters.engram.scalars import BLANK, typed, unquoted

#: In the order in which they are tried. A quoted text may stand inside a plain one, behind a blank: what is in it is no mark.
_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\n]++)
    | (?P<quoted>"(?:[^"\\\n]|\\[^\n])*+"|'(?:[^'\n]|'')*+')(?P<key>[ \t\n]*+:)?+
    | (?P<open>[\[{])
    | (?P<close>[\]}])
    | (?P<comma>,)
    | (?P<colon>:(?=[ \t\n,\[\]{}]|\Z))
    | (?P<plain>(?:[^ \t\n,\[\]{}:]++
        | [ \t]++(?:"(?:[^"\\\n]|\\[^\n])*+"|'(?:[^'\n]|'')*+'|(?=[^ \t\n,\[\]{}:])|(?=:(?![ \t\n,\[\]{}]|\Z)))
        | :(?![ \t\n,\[\]{}]|\Z))++)
    """,
    re.VERBOSE,
)


class _Open:
    """A collection that is not closed yet: its value, and what was read of the entry under way."""

    __slots__ = ("has_value", "key", "texts", "value", "values")

    def __init__(self, values: list[Any] | dict[str, Any]) -> None:
        self.values = values
        self.key: str | None = None
        #: Plain texts of the entry, one a line at most.
        self.texts: list[str] = []
        #: A quoted text or a collection: a value as it is.
        self.value: Any = None
        self.has_value = False

    def text(self) -> str:
        """The words of the entry, in one line."""
        return " ".join([self.value, *self.texts] if type(self.value) is str else self.texts)

    def take_key(self) -> None:
        self.key = self.text()
        self.clear()

    def clear(self) -> None:
        self.texts = []
        self.value = None
        self.has_value = False

    def commit(self) -> None:
        """The entry under way is whole: a comma or the end."""
        is_empty = not self.has_value and not self.texts
        if self.has_value and not self.texts:
            value = self.value
        else:
            value = self.text() if self.has_value else typed(" ".join(self.texts))
        if type(self.values) is list:
            if self.key is not None:
                self.values.append({self.key: value})
            elif not is_empty:
                self.values.append(value)
        elif type(self.values) is dict:
            if self.key is not None:
                self.values[self.key] = value
            elif not is_empty:
                self.values[self.text()] = None
        self.key = None
        self.clear()


def closing(line: str, depth: int = 0) -> tuple[int, int]:
    """(depth at the line's end, place behind the bracket that closes the outermost collection or -1).

    Args:
        depth: how many collections are open where the line begins. Brackets in quoted texts do not count.
    """
    for token in _TOKEN.finditer(line):
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
            if depth <= 0:
                return 0, token.end()
    return depth, -1


def read_flow(text: str, depth: int) -> Any:
    """The value of a text that begins with ``[`` or ``{``; what is not closed at its end is closed there.

    Args:
        depth: how many collections may nest; a deeper one is its text.
    """
    root: Any = None
    stack: list[_Open] = []
    deeper = start = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if deeper:
            # Past the depth that is read: only its end is looked for.
            deeper += (kind == "open") - (kind == "close")
            if not deeper:
                stack[-1].value, stack[-1].has_value = text[start : token.end()], True
            continue
        if kind == "open":
            if len(stack) >= depth:
                if not stack:
                    return text
                deeper, start = 1, token.start()
                continue
            values: list[Any] | dict[str, Any] = [] if token[0] == "[" else {}
            if stack:
                if stack[-1].texts or stack[-1].has_value:
                    stack[-1].commit()
                stack[-1].value, stack[-1].has_value = values, True
            else:
                root = values
            stack.append(_Open(values))
        elif kind == "close":
            stack.pop().commit()
            if not stack:
                return root
        elif kind == "comma":
            stack[-1].commit()
        elif kind == "colon" and stack[-1].key is None:
            stack[-1].take_key()
        elif kind in ("quoted", "key"):
            _quoted(stack[-1], token)
        elif kind != "blank":
            stack[-1].texts.append(token[0].strip(BLANK))
    if deeper:
        stack[-1].value, stack[-1].has_value = text[start:], True
    while stack:
        stack.pop().commit()
    return root


def _quoted(into: _Open, token: re.Match[str]) -> None:
    text = unquoted(token["quoted"])
    if into.has_value or into.texts:
        into.texts.append(text)
    else:
        into.value, into.has_value = text, True
    if token["key"]:
        if into.key is None:
            into.take_key()
        else:
            into.texts.append(":")
