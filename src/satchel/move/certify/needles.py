"""What a probe hides in a store and looks for again: texts with marks that stand nowhere else (dossier section 11)."""

from __future__ import annotations

import base64
import hashlib
import json

import msgspec

_SYLLABLES = ("bra", "del", "fen", "gor", "hul", "jis", "kel", "lor", "mav", "nis", "pol", "rud", "sev", "tam", "vro", "wex")


class Needle(msgspec.Struct, frozen=True):
    """A statement and what makes it unlike any other: a token of 96 random bits, a name used nowhere else, a number.

    ``paraphrase`` says the same in another order, without the token: it is for routes that go by meaning. The name holds a
    letter past ASCII, so that escaped and unescaped spellings of it differ.
    """

    token: str
    name: str
    number: str

    @property
    def text(self) -> str:
        return f"{self.name} keeps {self.number} brass lanterns in the harbour loft, marked {self.token}."

    @property
    def paraphrase(self) -> str:
        return f"In the loft by the harbour, {self.number} lanterns of brass are kept by {self.name}."

    def in_text(self, text: str) -> bool:
        """Whether any mark is in ``text``."""
        return self.token in text or self.name in text or self.number in text

    def in_bytes(self, data: bytes) -> str:
        """How a mark stands in raw bytes ("utf-8", "utf-16", "escaped", "base64", "hex"); "" where none does."""
        for way, pattern in self._patterns():
            if pattern in data:
                return way
        return ""

    def _patterns(self) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        for mark in (self.token, self.name, self.number):
            raw = mark.encode()
            found += [("utf-8", raw), ("utf-16", mark.encode("utf-16-le")), ("utf-16", mark.encode("utf-16-be"))]
            found += [("escaped", json.dumps(mark)[1:-1].encode()), ("hex", raw.hex().encode())]
            for shift in range(3):
                # The characters that depend on the mark alone, at each of the three places where base64 can cut it.
                whole = base64.b64encode(bytes(shift) + raw)
                found.append(("base64", whole[-(-shift * 4 // 3) : len(whole) // 4 * 4 - 4]))
        return found


class Needles:
    """Needles and ids without end, the same for the same seed, so that a run can be repeated."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def _next(self) -> bytes:
        self._count += 1
        return hashlib.sha256(f"{self._seed}/{self._count}".encode()).digest()

    def needle(self) -> Needle:
        drawn = self._next()
        first, last = ("".join(_SYLLABLES[byte % 16] for byte in drawn[at : at + 4]) for at in (12, 16))
        number = str(10**11 + int.from_bytes(drawn[20:26]) % (9 * 10**11))
        return Needle(f"zq{drawn[:12].hex()}", f"{first.title()} Ö{last}", number)

    def word(self) -> str:
        """An id's random part: 12 hex digits."""
        return self._next()[:6].hex()
