"""The words of a text, as the index's tokenizer makes them: letters, digits, private use and other symbols, each with the marks
on it; a character that is a word of its own (``spacing``) stands alone."""

from __future__ import annotations

import re
import unicodedata

from satchel.model.spacing import spaced

_ASCII_WORD = re.compile("[A-Za-z0-9]+")


def words_of(text: str) -> list[str]:
    """The words of ``text``, in order, as they are spelled there."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    found: list[str] = []
    word: list[str] = []
    for character in spaced(text.encode("utf-8", "replace")).decode():
        category = unicodedata.category(character)
        if category[0] in "LN" or category in ("Co", "So") or (category[0] == "M" and word):
            word.append(character)
        elif word:
            found.append("".join(word))
            word = []
    if word:
        found.append("".join(word))
    return found


def folded(word: str) -> str:
    """``word`` lower-cased and without diacritics, as the index compares it."""
    if word.isascii():
        return word.lower()
    # One character for one, as the tokenizer folds: ß stays.
    plain = "".join(one if len(one := each.casefold()) == 1 else each.lower() for each in word)
    return "".join(part for part in unicodedata.normalize("NFD", plain) if unicodedata.category(part)[0] != "M")
