"""A space round every character that is a word of its own, in UTF-8, for an index that splits words at spaces.

All of an import's text passes through here, so it is worked on as bytes, which the index takes as they are, and only in
the lines that are not ASCII: three quarters of the time that a substitution in text takes, its encoding included (measured).
"""

from __future__ import annotations

import functools
import re

# Scripts written without spaces between words, and symbols that people search for by themselves (engineering.md 1f): Han and
# its extensions, kana, bopomofo, Hangul, Thai, Lao, Myanmar, Khmer; emoji and other pictographs, regional indicators.
_SOLITARY = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2190, 0x21FF),
    (0x2300, 0x23FF),
    (0x2460, 0x24FF),
    (0x25A0, 0x27BF),
    (0x2900, 0x297F),
    (0x2B00, 0x2BFF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3030, 0x3035),
    (0x303D, 0x303D),
    (0x3040, 0x318F),
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3297, 0x3297),
    (0x3299, 0x3299),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),
    (0x1F000, 0x1F3FA),
    (0x1F400, 0x1FAFF),
    (0x20000, 0x323AF),
)
_SKIN_TONE = b"\xf0\x9f\x8f[\xbb-\xbf]"


def spaced(data: bytes) -> bytes:
    """``data`` with a space round every character that is a word of its own; NUL becomes a space.

    Skin tones go with the character before; joiners and variation selectors are no part of a word for the tokenizer: so
    👩🏽‍💻 is found by 👩, ❤️ by ❤.
    """
    if b"\0" in data:
        data = data.replace(b"\0", b" ")
    if data.isascii():
        return data
    # Splitting and joining run in C; a substitution would call back for every character.
    split = _pattern().split
    return b"\n".join([line if line.isascii() else b" ".join(split(line)) for line in data.split(b"\n")])


def is_solitary(character: str) -> bool:
    """Whether it is one character, and a word of its own."""
    return len(character) == 1 and any(low <= ord(character) <= high for low, high in _SOLITARY)


@functools.cache
def _pattern() -> re.Pattern[bytes]:
    # The set of lead bytes stands first: that is what makes the search fast. What follows depends on which it was.
    tails: dict[int, list[bytes]] = {}
    for low, high in _SOLITARY:
        for lead, tail in _sequences(low, high):
            tails.setdefault(lead, []).append(tail)
    leads: dict[bytes, list[int]] = {}
    for lead, alternatives in tails.items():
        leads.setdefault(b"|".join(alternatives), []).append(lead)
    # The alternative that most leads share is tried first.
    ranked = sorted(leads.items(), key=lambda item: -len(item[1]))
    tail = b"|".join(b"(?<=[%s])(?:%s)" % (bytes(shared), alternatives) for alternatives, shared in ranked)
    return re.compile(b"([%s](?:%s))(?:%s)?" % (bytes(sorted(tails)), tail, _SKIN_TONE))


def _sequences(low: int, high: int) -> list[tuple[int, bytes]]:
    """The UTF-8 sequences of the code points from ``low`` to ``high``: lead bytes, and patterns of what follows."""
    size = len(chr(high).encode())
    for position in range(1, size):
        rest = (1 << 6 * position) - 1
        if low & ~rest != high & ~rest:
            # Every byte but the first must run over all its values, or the range falls apart.
            if low & rest:
                return _sequences(low, low | rest) + _sequences((low | rest) + 1, high)
            if high & rest != rest:
                return _sequences(low, (high & ~rest) - 1) + _sequences(high & ~rest, high)
    first, last = chr(low).encode(), chr(high).encode()
    tail = b"".join(b"[%c-%c]" % pair for pair in zip(first[1:], last[1:], strict=True))
    return [(lead, tail) for lead in range(first[0], last[0] + 1)]
