"""What a task or a question asks for: words worth looking for, who is named, and which time is meant.

Words that say nothing are left out; others are looked for with their endings taken off, so that "paintings" finds "painted".
The endings are English's: taking one off another language's word finds more, never less.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from satchel.model.words import folded, words_of
from satchel.recall.dates import Span, spans

#: Words are asked of the index one by one: a task of pages is cut to so many different ones.
MAX_WORDS = 32

#: Words that say nothing of what is asked for.
SILENT = frozenset(
    [
        "a",
        "about",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "let",
        "may",
        "me",
        "might",
        "mine",
        "more",
        "most",
        "must",
        "my",
        "no",
        "nor",
        "not",
        "of",
        "on",
        "or",
        "our",
        "ours",
        "own",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "up",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
    ]
)
_ENDINGS = ("ingly", "edly", "ments", "ment", "ness", "ings", "ing", "ies", "ers", "ed", "es", "er", "ly", "s", "e", "y")
#: What is left of a word is no shorter.
_SHORTEST_STEM = 4


class Word(msgspec.Struct, frozen=True):
    """A word as it is asked of the index; with ``is_stem``, whatever begins so."""

    text: str
    is_stem: bool


class Question(msgspec.Struct, frozen=True):
    """``said`` are all its words, folded; ``times`` the spans of time that it names."""

    text: str
    words: tuple[Word, ...]
    said: frozenset[str]
    times: tuple[Span, ...]


def question(text: str, now: datetime) -> Question:
    """What ``text`` asks for, said at ``now`` (aware)."""
    all_words = [folded(word) for word in words_of(text)]
    telling = [word for word in all_words if word not in SILENT and (len(word) > 1 or not word.isascii())]
    words = dict.fromkeys(stem(word) for word in telling or all_words)
    return Question(text, tuple(words)[:MAX_WORDS], frozenset(all_words), spans(text, now))


def stem(word: str) -> Word:
    """A folded word without its ending, as it is looked for."""
    if not word.isascii() or not word.isalpha():
        return Word(word, False)
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            if len(stem) > _SHORTEST_STEM and stem[-1] == stem[-2] and stem[-1] not in "lsz":
                # A doubled consonant stands for the ending's sake: plann-ing.
                stem = stem[:-1]
            return Word(stem, True)
    return Word(word, len(word) >= _SHORTEST_STEM)
