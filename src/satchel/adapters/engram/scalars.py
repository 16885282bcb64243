"""The smallest pieces of the YAML subset: what a line says without its comment, quoted and plain scalars, keys (dossier 9.5).

Every pattern is possessive: no text makes one of them look twice at the same character.
"""

from __future__ import annotations

import re

_QUOTED = r'"(?:[^"\\\n]|\\[^\n])*+"' + r"|'(?:[^'\n]|'')*+'"
QUOTED = re.compile(_QUOTED)
#: A quoted text, closed or not, where one may open; or the number sign of a comment.
_COMMENT = re.compile(r"""(?<![^ \t:\[{,])(?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|'(?:[^']|'')*+(?:'|\Z))|(?<![^ \t])\#""", re.VERBOSE)
_COLON = re.compile(r":(?=[ \t]|\Z)")
_AFTER_QUOTED = re.compile(r"[ \t]*:(?=[ \t]|\Z)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
_WORDS: dict[str, bool | None] = {
    "": None, "null": None, "Null": None, "NULL": None, "~": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1
_MAX_DIGITS = len(str(MAX_INTEGER))
#: What separates words on a line; other white space is text.
BLANK = " \t"

Scalar = bool | int | float | str | None


def without_comment(line: str) -> str:
    """The line without its comment and without blanks at its end."""
    if "#" in line:
        for token in _COMMENT.finditer(line):
            if line[token.start()] == "#":
                line = line[: token.start()]
                break
    return line.rstrip(BLANK)


def typed(text: str) -> Scalar:
    """The value of a plain scalar; all that is no null, truth value or number is the text itself.

    A number that no reader holds (beyond 64 bits, or past the largest double) stays text, so that none of its digits is lost.
    """
    if text in _WORDS:
        return _WORDS[text]
    first = text[:1]
    if not (first.isascii() and (first.isdigit() or first in "+-")):
        return text
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-").lstrip("0") or "0"
        if len(digits) > _MAX_DIGITS:
            return text
        number = -int(digits) if first == "-" else int(digits)
        return number if MIN_INTEGER <= number <= MAX_INTEGER else text
    if _FLOAT.fullmatch(text):
        value = float(text)
        return text if value in (float("inf"), float("-inf")) else value
    return text


def unquoted(text: str) -> str:
    """The text of a quoted scalar, given with its quotes."""
    inner = text[1:-1]
    if text[0] == "'":
        return inner.replace("''", "'")
    return _ESCAPE.sub(_escaped, inner) if "\\" in inner else inner


def _escaped(found: re.Match[str]) -> str:
    if found[1] is None:
        return _ESCAPES.get(found[2], found[2])
    code = int(found[1], 16)
    # Halves of a surrogate pair are not joined: each alone is no character.
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def is_item(content: str) -> bool:
    """Whether a line, without its indent, begins an item of a sequence."""
    return content[:1] == "-" and content[1:2] in ("", " ", "\t")


def split_key(content: str) -> tuple[str, str] | None:
    """(key, what stands behind its colon) of a line that is a mapping's entry; None for any other.

    Keys are text, whatever they look like. An item of a sequence is for the caller to see first.
    """
    first = content[:1]
    if first in ("[", "{", ""):
        return None
    if first in ("'", '"'):
        quoted = QUOTED.match(content)
        if quoted:
            colon = _AFTER_QUOTED.match(content, quoted.end())
            return (unquoted(quoted[0]), content[colon.end() :].strip(BLANK)) if colon else None
    colon = _COLON.search(content)
    return (content[: colon.start()].rstrip(BLANK), content[colon.end() :].strip(BLANK)) if colon else None
