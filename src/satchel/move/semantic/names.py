"""Names in a text, as far as spelling shows them (dossier 6.2, L2).

Where a script has capitals, a word with one inside a sentence is a name; the first word of a sentence is one where the same
word has a capital inside a sentence of either text, is a common given name, or is followed by a verb in the third person.
German writes every noun so: there, given names, words after a title, several capitals in a row and abbreviations. In Japanese,
words in katakana and what stands before an honorific. Scripts without capitals show no names else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from satchel.move.semantic.anchors import Anchor
from satchel.move.semantic.cues import FINITE, GIVEN, word_set
from satchel.move.semantic.words import is_silent

_TOKEN = re.compile(r"[^\W\d_]+(?:[-'’.][^\W\d_]+)*")
#: What a word stands after at the beginning of a sentence: nothing, or an opening mark.
_OPENING = re.compile(r"(?:^|[:.!?…\"“„«(\[|>]|[-–—]\s)[\s\"'“„«(\[*_]*$")
_KATAKANA = re.compile(r"[ァ-ヴ][ァ-ヴー・]+")
_HONOURED = re.compile(
    r"([一-鿿々ぁ-んァ-ヴー]{1,6}?)(?=さん|さま|氏|先生|ちゃん|くん)|([一-鿿]{1,3})(?=先生|女士|小姐|老师|老師)"
)
_TITLES = word_set("herr frau herrn dr prof mr mrs ms miss sir madame monsieur señor señora signor signora sr sra dona")
#: Words that are shouted, not named.
_SHOUTED = word_set(
    "not never no must always do don't all any important note warning todo please only and or if the is be stop ok yes very "
    "avoid use nie nicht immer achtung wichtig jamais toujours attention nunca siempre"
)
_PRONOUNS = word_set("i i'm i'll i've i'd i’m i’ll i’ve i’d")


class _Word(NamedTuple):
    text: str
    at: int
    begins: bool
    follower: str


def _capital(text: str) -> bool:
    return text[0].isupper()


def _words(rest: str) -> list[_Word]:
    found = []
    matches = list(_TOKEN.finditer(rest))
    for number, match in enumerate(matches):
        begins = number == 0 or _OPENING.search(rest[max(0, match.start() - 8) : match.start()]) is not None
        follower = ""
        if number + 1 < len(matches) and matches[number + 1].start() - match.end() == 1:
            follower = matches[number + 1][0]
        found.append(_Word(match[0], match.start(), begins, follower))
    return found


def _bare(word: str) -> str:
    """Without a possessive."""
    for ending in ("'s", "’s"):
        if word.endswith(ending):
            return word[: -len(ending)]
    return word


def _is_plain(word: str) -> bool:
    lowered = word.lower()
    return is_silent(lowered) or lowered in _PRONOUNS or (word.isupper() and len(word) > 1 and lowered in _SHOUTED)


def seen_inside(rests: Iterable[str]) -> frozenset[str]:
    """The words that have a capital inside a sentence anywhere in these texts."""
    return frozenset(
        _bare(word.text)
        for rest in rests
        for word in _words(rest)
        if not word.begins and _capital(word.text) and not _is_plain(word.text)
    )


def names_of(rest: str, language: str, known: frozenset[str]) -> list[Anchor]:
    """The names in a unit from which the other anchors were taken. ``known``: see ``seen_inside``, of both texts."""
    found: list[Anchor] = []
    if language == "ja":
        found += [Anchor("name", match[0], match.start()) for match in _KATAKANA.finditer(rest)]
    if language in ("ja", "zh"):
        found += [
            Anchor("name", match[1] or match[2], match.start()) for match in _HONOURED.finditer(rest) if match[1] or match[2]
        ]
    words = _words(rest)
    for number, word in enumerate(words):
        bare = _bare(word.text)
        if not _capital(bare) or _is_plain(bare) or bare.lower() in _TITLES:
            continue
        if not word.begins and bare.isupper() and bare.lower() in _SHOUTED:
            continue
        before = words[number - 1].text if number else ""
        if _is_name(bare, word, before, language, known):
            found.append(Anchor("name", bare, word.at))
    return sorted(found, key=lambda anchor: anchor.at)


def _is_name(bare: str, word: _Word, before: str, language: str, known: frozenset[str]) -> bool:
    lowered = bare.lower()
    if lowered in GIVEN or before.lower().rstrip(".") in _TITLES:
        return True
    if bare.isupper() and len(bare) > 1 and not word.begins:
        return True
    if language == "de":
        row = word.follower and _capital(word.follower) and not _is_plain(word.follower)
        return bool(row and not word.begins) or (bool(before) and before.lower() in GIVEN and _capital(before))
    if not word.begins:
        return True
    if bare in known or word.text != bare:
        return True
    return _stands_as_subject(word, language) or (
        bool(word.follower) and _capital(word.follower) and _bare(word.follower) in known
    )


def _stands_as_subject(word: _Word, language: str) -> bool:
    return language in ("en", "") and word.follower in FINITE and word.text.lower() not in _NO_NAMES


#: Words before a verb at the beginning of an English sentence that are subjects and no names.
_NO_NAMES = word_set(
    "there here what where how why someone everyone nobody somebody everybody nothing something everything one each both "
    "neither either none many most some others these those such also so then now today tomorrow yesterday please"
)
