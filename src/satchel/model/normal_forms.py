"""Unicode's normal forms in linear time (UAX 15).

CPython puts the combining marks on a character in order by insertion: 400,000 of them take it minutes (dossier Portable Agent
Memory 12.3). A run that is in order already takes it no time, so long runs are put in order before: what is meant stays the
same, and so does its normal form.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Literal

#: Texts no longer than this are normalised as they are: no run in them is long enough to matter.
SHORT = 1_000
#: Unicode's stream-safe format knows no longer runs of marks; real text has two or three.
RUN = 30
_APART: dict[Literal["NFC", "NFKC"], Literal["NFD", "NFKD"]] = {"NFC": "NFD", "NFKC": "NFKD"}


def nfc(text: str) -> str:
    """``text`` in NFC."""
    return _normal("NFC", text)


def nfkc(text: str) -> str:
    """``text`` in NFKC."""
    return _normal("NFKC", text)


def marks_in(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """The different characters of ``text`` that a normal form puts on the character before, in order."""
    return "".join(sorted(character for character in set(text) if _is_mark(character, form)))


def _normal(form: Literal["NFC", "NFKC"], text: str) -> str:
    if text.isascii():
        return text
    if len(text) > SHORT and (marks := marks_in(text, form)):
        text = re.sub(f"[{marks}]{{{RUN},}}", lambda run: _in_order(run[0], form), text)
    return unicodedata.normalize(form, text)


def _in_order(run: str, form: Literal["NFC", "NFKC"]) -> str:
    parts = "".join(unicodedata.normalize(_APART[form], character) for character in run)
    return "".join(sorted(parts, key=unicodedata.combining))


@functools.lru_cache(maxsize=8192)
def _is_mark(character: str, form: Literal["NFC", "NFKC"]) -> bool:
    # Some that are no marks themselves (U+0F73) are made of marks alone.
    return unicodedata.combining(unicodedata.normalize(_APART[form], character)[0]) != 0
