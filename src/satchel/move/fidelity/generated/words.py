"""Made-up words, times and values, the same for the same seed. No two sentences are alike, so that each is found again."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

_ONSETS = ("b", "br", "d", "f", "g", "gr", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u", "ä", "ø")
_CODAS = ("", "", "n", "r", "l", "s", "k", "nd")
_SPICE = ("", "", "", " 茶会 ☕", " — “ja”", " Київ", " 100 %", " <b>&</b>", " \\n")
_START = datetime(2024, 2, 29, 23, 59, 1, tzinfo=UTC)


class Words:
    """A stream of made-up things. ``seed`` names it."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret hangs on it
        self._count = 0

    def word(self) -> str:
        """One to three syllables."""
        pick = self._random.choice
        return "".join(pick(_ONSETS) + pick(_VOWELS) + pick(_CODAS) for _ in range(self._random.randint(1, 3)))

    def name(self) -> str:
        """A word that is given once."""
        self._count += 1
        return f"{self.word().capitalize()} {self._count}"

    def sentence(self) -> str:
        """Some words, now and then with a sign that parsers trip over; given once."""
        words = " ".join(self.word() for _ in range(self._random.randint(3, 9)))
        return f"{self.name()} {words}{self._random.choice(_SPICE)}."

    def lines(self) -> str:
        """Sentences on lines of their own."""
        return "\n".join(self.sentence() for _ in range(self._random.randint(2, 3)))

    def share(self) -> float:
        """From 0 to 1, of two decimals."""
        return self._random.randint(0, 100) / 100

    def number(self, most: int = 1000) -> int:
        return self._random.randint(1, most)

    def moment(self, *, microseconds: bool = False) -> datetime:
        """A time of some years, to the second unless asked otherwise."""
        added = timedelta(seconds=self._random.randint(0, 60_000_000))
        return _START + added + timedelta(microseconds=self._random.randint(1, 999_999) if microseconds else 0)

    def time(self, *, microseconds: bool = False) -> str:
        """Such a time as ``YYYY-MM-DDTHH:MM:SSZ``, or with six digits of a second."""
        text = self.moment(microseconds=microseconds).replace(tzinfo=None)
        return text.isoformat(timespec="microseconds" if microseconds else "seconds") + "Z"

    def id(self, prefix: str) -> str:
        """An id that is given once."""
        self._count += 1
        return f"{prefix}{self._random.randrange(16**8):08x}{self._count}"

    def uuid(self) -> str:
        """A random UUID (RFC 9562, version 4) of this stream."""
        import uuid

        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
