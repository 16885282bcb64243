"""A text as detection reads it: other digits, spaces, dashes and letters that look like ASCII ones are those, and signs that
nobody sees are gone; with the way back, for what is found has to be replaced in the text as it is.

Full-width and mathematical letters, digits of any script, look-alikes from Cyrillic, Greek and Armenian, combining marks,
zero-width signs (portable-agent-memory.md 7.2, *ours*). One character at a time: no normalisation of whole texts, which is
quadratic on combining marks (12.3).
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

#: Letters that are drawn like an ASCII one, by the letter.
_DRAWN_LIKE = {
    "a": "аα",
    "b": "Ь",
    "c": "сϲ",
    "d": "ԁ",
    "e": "еҽ",
    "g": "ց",
    "h": "һհ",
    "i": "іӏι",
    "j": "јϳ",
    "k": "κ",
    "l": "ⅼ",
    "m": "ⅿ",
    "n": "ոп",
    "o": "оοօ",
    "p": "рρ",
    "q": "ԛզ",
    "s": "ѕ",
    "u": "սυ",
    "v": "ѵν",
    "w": "ԝ",
    "x": "хχ",
    "y": "уү",
    "A": "АΑ",
    "B": "ВΒ",
    "C": "СϹ",
    "E": "ЕΕ",
    "G": "Ԍ",
    "H": "НΗ",
    "I": "ІΙ",
    "J": "Ј",
    "K": "КΚ",
    "M": "МΜ",
    "N": "Ν",
    "O": "ОΟՕ",
    "P": "РΡ",
    "S": "ЅՏ",
    "T": "ТΤ",
    "V": "Ѵ",
    "X": "ХΧ",
    "Y": "ҮΥ",
    "Z": "Ζ",
}
_OTHER_SIGNS = {"\u2024": ".", "\u3002": ".", "\u2044": "/", "\u2215": "/", "\u2236": ":", "\ua789": ":", "\u2212": "-"}
#: Line and paragraph separators end a line; the next-line control does too.
_ENDS = {"\u2028": "\n", "\u2029": "\n", "\x85": "\n"}
#: Letters that are drawn as nothing (Hangul fillers, Khmer inherent vowels, the blank Braille cell).
_UNDRAWN = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LONGEST = 4


class _Table(dict[int, str]):
    """What each character is read as, worked out when it is first met; as ``str.translate`` asks for it."""

    def __missing__(self, point: int) -> str:
        read = self[point] = _read(chr(point))
        return read


def _read(letter: str) -> str:
    known = _KNOWN.get(letter)
    if known is not None:
        return known
    if letter.isascii():
        return letter
    category = unicodedata.category(letter)
    if category in ("Cf", "Mn", "Me") or letter in _UNDRAWN:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    form = unicodedata.normalize("NFKC", letter)
    if form.isascii() and len(form) <= _LONGEST:
        return form
    # A letter with marks is read without them, as it is where the marks stand apart.
    base = unicodedata.normalize("NFD", letter)[0]
    return _KNOWN.get(base, base)


_KNOWN: dict[str, str] = {
    **{sign: letter for letter, signs in _DRAWN_LIKE.items() for sign in signs},
    **_OTHER_SIGNS,
    **_ENDS,
}
_TABLE = _Table()
_FOREIGN = re.compile(r"[^\x00-\x7f]")


class Folded(NamedTuple):
    """``text`` is what detection reads. ``offsets`` holds where each of its characters begins in the text as it is, and one
    more for the end; None where all stand in the same place."""

    text: str
    offsets: list[int] | None
    length: int

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text as it is that was read as ``text[start:end]``, with unseen signs inside and behind it."""
        if self.offsets is None:
            return start, end
        last = end
        # A sign that was read as several is covered whole.
        while last < len(self.text) and self.offsets[last] == self.offsets[end - 1]:
            last += 1
        return self.offsets[start], self.offsets[last]


def fold(text: str) -> Folded:
    """``text`` as detection reads it. Linear in its length."""
    if text.isascii():
        return Folded(text, None, len(text))
    uneven = False
    for letter in set(_FOREIGN.findall(text)):
        uneven = uneven or len(_TABLE[ord(letter)]) != 1
    if not uneven:
        return Folded(text.translate(_TABLE), None, len(text))
    pieces: list[str] = []
    offsets: list[int] = []
    for at, letter in enumerate(text):
        read = _TABLE[ord(letter)]
        pieces.append(read)
        offsets.extend([at] * len(read))
    offsets.append(len(text))
    return Folded("".join(pieces), offsets, len(text))
