"""The words of a text, as the index's tokenizer makes them: letters, digits, private use and other symbols, each with the marks
on it; a character that is a word of its own (``spacing``) stands alone."""

from __future__ import annotations

import functools
import re
import unicodedata

from satchel.model.spacing import spaced

_ASCII_WORD = re.compile("[A-Za-z0-9]+")


def words_of(text: str) -> list[str]:
    """The words of ``text``, in order, as they are spelled there."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    text = spaced(text.encode("utf-8", "replace")).decode()
    met = set(text)
    words = text.translate({ord(character): " " for character in met if not _is_of_a_word(character)}).split()
    marks = "".join(character for character in met if unicodedata.category(character)[0] == "M")
    # A mark on nothing is no word.
    return [bare for word in words if (bare := word.lstrip(marks))] if marks else words


@functools.lru_cache(maxsize=8192)
def _is_of_a_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNM" or category in ("Co", "So")


def folded(word: str) -> str:
    """``word`` lower-cased and without diacritics, as the index compares it."""
    return word.lower() if word.isascii() else "".join(map(_folded, word))


@functools.lru_cache(maxsize=8192)
def _folded(character: str) -> str:
    # One character for one, as the tokenizer folds: ß stays.
    plain = one if len(one := character.casefold()) == 1 else character.lower()
    return "".join(part for part in unicodedata.normalize("NFD", plain) if unicodedata.category(part)[0] != "M")
