"""Quotations: passages of one text that stand verbatim inside another.

Compared are the words, without case, Unicode form, punctuation and white space. A passage is a whole text or one of its
sentences, if it has at least ``LEAST_LETTERS`` letters and digits: shorter ones are said by everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from satchel.model.normal_forms import nfc

#: "Thank you very much indeed" has 23; a date with a place has fewer.
LEAST_LETTERS = 24
#: What stands in the place of a quotation that was taken out.
MARK = "[erased]"
#: A passage that stands in more other records than this is a common saying and no quotation.
COMMON = 20

#: A character of scripts that put no space between words is a word; marks belong to the letter before them.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]|(?:[^\W_][\u0300-\u036f]*)+")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|[。！？\n\r\u2028\u2029]+")


class Word(NamedTuple):
    """A word as it is compared, and where it stands in the text (code points)."""

    word: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """The words of a text."""
    return [Word(_folded(found[0]), found.start(), found.end()) for found in _WORD.finditer(text)]


def _folded(word: str) -> str:
    return word.lower() if word.isascii() else nfc(word.casefold())


def passages(*texts: str) -> set[tuple[str, ...]]:
    """What of these texts would be known again as a quotation, as words."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        for part in {text.strip(), *(sentence.strip() for sentence in _SENTENCE.split(text))}:
            words = tuple(word.word for word in words_of(part))
            if sum(map(len, words)) >= LEAST_LETTERS:
                found.add(words)
    return found


#: Which passages are looked for: how many words they have, and whether these words are one.
class Sought(NamedTuple):
    lengths: tuple[int, ...]
    holds: Callable[[tuple[str, ...]], bool]
    #: By the word that they begin with, where the passages are known.
    starts: dict[str, tuple[int, ...]] | None = None


def sought(wanted: Iterable[tuple[str, ...]]) -> Sought:
    """Passages that are known by their words."""
    known = frozenset(wanted)
    by: dict[str, set[int]] = {}
    for words in known:
        by.setdefault(words[0], set()).add(len(words))
    starts = {word: tuple(sorted(lengths, reverse=True)) for word, lengths in by.items()}
    return Sought(tuple(sorted({len(words) for words in known}, reverse=True)), known.__contains__, starts)


def quoted(text: str, looked_for: Sought) -> Iterator[tuple[int, int]]:
    """Where passages stand in a text, longest first at each place, none over another; (start, end) in code points."""
    words = words_of(text)
    at = 0
    while at < len(words):
        lengths = looked_for.lengths if looked_for.starts is None else looked_for.starts.get(words[at].word, ())
        for length in lengths:
            run = words[at : at + length]
            if len(run) == length and looked_for.holds(tuple(word.word for word in run)):
                yield run[0].start, run[-1].end
                at += length
                break
        else:
            at += 1


def scrubbed(text: str, looked_for: Sought) -> str:
    """The text with a mark in the place of each passage, and of the stop behind it."""
    pieces: list[str] = []
    end = 0
    for start, stop in quoted(text, looked_for):
        pieces += [text[end:start], MARK]
        end = stop + 1 if text[stop : stop + 1] in (".", "!", "?", "。") else stop
    return "".join((*pieces, text[end:])) if pieces else text


def scrubbed_value(value: Any, looked_for: Sought) -> Any:
    """A JSON value with every string in it scrubbed; names of members stay."""
    if type(value) is str:
        return scrubbed(value, looked_for)
    if type(value) is dict:
        return {name: scrubbed_value(item, looked_for) for name, item in value.items()}
    if type(value) is list:
        return [scrubbed_value(item, looked_for) for item in value]
    return value


def aside(strings: Iterable[str], said: str) -> str:
    """Of the strings of a source value, those that could be quotations and that the record's own text does not hold."""
    return "\n".join(text for text in strings if len(text) > LEAST_LETTERS and not text.isalnum() and text not in said)
