"""The words of a unit, and the language of a text, as far as the check needs them."""

from __future__ import annotations

import functools
import re
from collections import Counter

from satchel.model.spacing import spaced
from satchel.move.semantic.cues import FUNCTION_WORDS, NUMBER_WORDS, OTHERS, TELLING

#: A word, where a script sets spaces.
WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_KANA = re.compile(r"[ぁ-ヺー]")
_LETTER = re.compile(r"[^\W\d_]")
#: Letters of a script that one of the known languages is written in: Latin and Cyrillic.
_KNOWN_LETTER = re.compile(r"[A-Za-zÀ-ɏЀ-ӿ]")
#: Words of a text that are looked at for its language: a long one has shown it by then.
_LOOKED_AT = 400
#: A language's function words are more of a text in it than this share: in running text they are a third and more.
_LEAST_SHARE = 0.2
_FUNCTION_WORDS = {**FUNCTION_WORDS, **OTHERS}
_SILENT = frozenset().union(*FUNCTION_WORDS.values())
_ENDINGS = ("ings", "ing", "edly", "ed", "ies", "ly", "es", "en", "er", "s", "e", "n")


def languages_of(text: str, hint: str = "") -> tuple[str, ...]:
    """The languages that a text may be in, the likeliest first; none where it cannot be told. See ``cues.KNOWN``.

    A short text has few function words, and they are often those of several languages: all that have half as many as the
    likeliest are given. ``hint`` is a language tag (BCP 47) that somebody put on the text; it decides between equals.
    """
    sample = text[: 16 * _LOOKED_AT]
    letters = len(_LETTER.findall(sample))
    if not letters:
        return ()
    kana, han = len(_KANA.findall(sample)), len(_HAN.findall(sample))
    if kana + han > letters * 0.3:
        return ("ja",) if kana * 8 > han else ("zh",)
    if len(_KNOWN_LETTER.findall(sample)) < letters * 0.6:
        return ()
    votes: Counter[str] = Counter()
    words = WORD.findall(sample.lower())[:_LOOKED_AT]
    for word in words:
        for language, known in _FUNCTION_WORDS.items():
            if word in known or word in NUMBER_WORDS.get(language, ()) or (language == "en" and word in TELLING):
                votes[language] += 1
    tagged = hint.split("-", 1)[0].lower()
    best = max(votes.values(), default=0)
    if best <= _LEAST_SHARE * len(words):
        return (tagged,) if tagged in FUNCTION_WORDS else ()
    likely = [language for language in _FUNCTION_WORDS if 2 * votes[language] >= best]
    return tuple(sorted(likely, key=lambda language: (-votes[language], language != tagged)))


def all_words(text: str) -> list[str]:
    """The words of a text in lower case, in order; where a script sets no spaces, each character is one."""
    lowered = text.lower()
    if not lowered.isascii():
        lowered = spaced(lowered.encode("utf-8", "replace")).decode()
    return WORD.findall(lowered)


def content(text: str) -> list[str]:
    """The stems of the words that say something, in order."""
    return [stem(word) for word in all_words(text) if word not in _SILENT]


@functools.lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A word without its ending: a rough cut, alike on both sides."""
    word = word.removesuffix("'s").removesuffix("’s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def is_silent(word: str) -> bool:
    """Whether a word is a function word of a known language."""
    return word.lower() in _SILENT
