"""Statements made safe to stand in somebody else's text: what could pass for structure, or hide, is marked with a backslash.

A stored text is data. Put into a list as it is, it could open a section, close a fence, speak as the system or carry signs
that nobody sees. Two steps, each of which can be undone:

    hidden      a sign that is not seen, or turns the reading, becomes its code: ``\\u202e``
    structure   a backslash before what begins a heading, a fence, a tag, a bracketed date, a role or a label of the target

``restored`` gives back what ``neutralised`` was given. Only ``tidied``, which comes first, loses something: blank lines and the
white space at the ends of lines.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

# Controls (not the tab), soft hyphen, fillers, zero-width and bidirectional signs, private use (ChatGPT's own marks), tags,
# noncharacters and lone surrogates.
_HIDDEN = (
    "\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\xad\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200e\\u200f\\u2028-\\u202e"
    "\\u2060-\\u206f\\u3164\\ud800-\\uf8ff\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff"
    "\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e00ff\\U000e01f0-\\U0010ffff"
)
# Joiners and variation selectors belong to letters and emoji; elsewhere they hide or carry something.
_JOINERS = "\\u034f\\u200c\\u200d\\ufe00-\\ufe0f\\U000e0100-\\U000e01ef"
_LETTER = f"[^\\x00-\\x7f{_HIDDEN}{_JOINERS}]"
_LOOSE_JOINER = f"(?<!{_LETTER})(?<!{_LETTER}\\ufe0f)(?!\\ufe0f\\u20e3)[{_JOINERS}]"
_UNSEEN = re.compile(f"[{_HIDDEN}]|{_LOOSE_JOINER}")
_ENCODE = re.compile(f"{_UNSEEN.pattern}|\\\\(?=u[0-9a-f]{{4}}|U[0-9a-f]{{8}})")
_DECODE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))")
#: What ``_ENCODE`` may match: a text without any of it is left alone at once.
_ORDINARY = re.compile(r"[\t\x20-\x5b\x5d-\x7e]*")

_ROLES = ("system", "assistant", "user", "human", "developer", "tool", "model", "ai", "chatgpt", "claude", "gemini")
_LEADING = r"[ \t>*_#+\-\\\[(<\"'0-9.)]*"
#: What a backslash goes before, wherever it stands or at the beginning of a line. Backslashes already there are no match by
#: themselves: one more is put to them, so that taking one away restores the text.
_ANYWHERE = (r"<(?=[A-Za-z/!?|])", r"`{3,}", r"\[/?INST\]")
_AT_LINE_START = (r"#+(?:[ \t]|$)", r"~{3,}", r"\[", r"(?:=+|-{2,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})[ \t]*$")


_FLAGS = re.IGNORECASE | re.MULTILINE


class _Rule(NamedTuple):
    """``mark`` matches where a backslash goes, its first group staying before it; ``unmark`` the same place with one there."""

    mark: re.Pattern[str]
    unmark: re.Pattern[str]


class Neutral(NamedTuple):
    """``was_escaped``: a sign or a piece of structure was marked."""

    text: str
    was_escaped: bool


def tidied(text: str) -> str:
    """The lines of ``text`` without white space at their ends, blank ones left out, joined by ``\\n``."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def hides(line: str) -> bool:
    """Whether a line holds a sign that is not seen or turns the reading."""
    return not _ORDINARY.fullmatch(line) and _UNSEEN.search(line) is not None


def neutralised(text: str, titles: tuple[str, ...] = (), labels: tuple[str, ...] = ()) -> Neutral:
    """``text``, which is tidied, as it may stand in a target's text.

    Args:
        titles: section titles of the target: a line that is one and nothing else is marked.
        labels: words that mean something of their own before a colon, beside the roles of a conversation.
    """
    lines = [line if _ORDINARY.fullmatch(line) else _ENCODE.sub(_code, line) for line in text.split("\n")]
    safe = "\n".join(lines)
    rules, any_of_them = _rules(titles, labels)
    if any_of_them.search(safe):
        for rule in rules:
            safe = rule.mark.sub(r"\1\\\2", safe)
    return Neutral(safe, safe != text)


def restored(text: str, titles: tuple[str, ...] = (), labels: tuple[str, ...] = ()) -> str:
    """What ``neutralised`` was given."""
    for rule in reversed(_rules(titles, labels)[0]):
        text = rule.unmark.sub(r"\1\2", text)
    return _DECODE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


def _code(found: re.Match[str]) -> str:
    point = ord(found[0])
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


@functools.cache
def _rules(titles: tuple[str, ...], labels: tuple[str, ...]) -> tuple[tuple[_Rule, ...], re.Pattern[str]]:
    """The rules, in their order, and what matches wherever one of them does: most texts need no more than that."""
    words = "|".join(re.escape(word) for word in (*_ROLES, *labels))
    spoken = rf"^{_LEADING}(?:{words})\b[ \t*_\])>\"']*"
    # Only where a run of backslashes begins: from each of them the rest of the run would be looked through again.
    rules = [_rule(r"(?<!\\)", rf"(?:{pattern})") for pattern in _ANYWHERE]
    rules += [_rule("^", rf"(?:{pattern})") for pattern in _AT_LINE_START]
    rules.append(_rule(spoken, "[:\uff1a]"))
    if titles:
        # What the rule for headings has marked already is no match.
        names = "|".join(re.escape(title) for title in titles)
        rules.append(_rule("^", rf"(?!#+[ \t])[#*_ \t:\uff1a]*(?:{names})[#*_ \t:\uff1a]*$"))
    return tuple(rules), re.compile("|".join(rule.mark.pattern for rule in rules), _FLAGS)


def _rule(before: str, structure: str) -> _Rule:
    return _Rule(
        re.compile(rf"({before})(\\*{structure})", _FLAGS),
        re.compile(rf"({before})\\(\\*{structure})", _FLAGS),
    )
