"""Text made comparable, so that no disguise hides a marker: and each folded character knows where in the text it stands.

Look-alikes become the Latin letter that they look like, compatibility forms (full-width, mathematical, circled) their plain
character, capitals small letters; what cannot be seen goes (zero-width, bidirectional and tag characters, variation
selectors, fillers, combining marks). Each character for itself, so linear in time whatever the text, and looked at once for all
its places (dossier Portable Agent Memory 6.8, 12.3).
"""

from __future__ import annotations

import functools
import re
import string
import unicodedata
from collections.abc import Sequence

from satchel.model.normal_forms import marks_in, nfc

#: Characters of other scripts that look like Latin letters or colons: the letters that markers are made of (UTS 39).
_LOOK_ALIKES = {
    "a": "аɑαＡΑАᎪ",
    "b": "ЬᏏΒВᏴ",
    "c": "сϲСϹᏟⅽ",
    "d": "ԁⅾᎠԀ",
    "e": "еҽΕЕᎬ℮",
    "f": "ϝƒϜ",
    "g": "ɡԍᏀԌ",
    "h": "һΗНᎻᏂ",
    "i": "іɩιΙІӀıᎥⅰ",
    "j": "јϳЈᎫ",
    "k": "κΚКᏦк",
    "l": "ӏⅼᏞ",
    "m": "ⅿΜМᎷм",
    "n": "ոΝп",
    "o": "оοσΟОՕօ0",
    "p": "рρΡРᏢ",
    "q": "ԛՑ",
    "r": "гᎡᏒ",
    "s": "ѕЅᏚႽՏꜱ",
    "t": "тτΤТᎢ",
    "u": "υսՍ",
    "v": "νѵᏙⅴ",
    "w": "ԝѡᎳԜ",
    "x": "хχΧХⅹ",
    "y": "уγΥҮУүᎩ",
    "z": "ᏃΖ",
    ":": "∶꞉։׃ː˸፡",
    "[": "⟦〔【⁅",
    "]": "⟧〕】⁆",
    "<": "‹〈⟨ᐸ˂",
    ">": "›〉⟩ᐳ˃",
    "|": "ǀ∣│｜",
    "/": "⁄∕⟋",
    "\\": "∖⧵",
}
_LATIN = {ord(alike): latin for latin, alikes in _LOOK_ALIKES.items() for alike in alikes}
_LATIN[ord("0")] = "0"
#: What is not seen but stands between letters: fillers and blanks that are no white space to Unicode.
_UNSEEN = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_IGNORABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
#: A base character bears no more marks than this (Unicode's stream-safe format): normalising more of them is quadratic.
MAX_MARKS = 30
_OTHER_BREAK = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_BREAKS = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})
#: Fewer different characters to change than this are changed one after another.
_FEW = 64
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_ASCII = re.compile("[!-~]")


def shown(text: str) -> str:
    """``text`` as it may be shown: NFC, line ends ``\\n``, without what is not seen and without surplus combining marks."""
    if text.isascii() and text.isprintable():
        return text
    met = _characters(text)
    if _OTHER_BREAK.search(met):
        text = text.replace("\r\n", "\n").translate(_BREAKS)
    if _IGNORABLE.search(met):
        text = _IGNORABLE.sub("", text)
    # Nothing before the first combining mark has another normal form.
    if text.isascii() or max(met) < "\u0300":
        return text
    marks = marks_in(met)
    if not marks:
        return nfc(text)
    # Some marks are made of two, so that a run may be too long again.
    return _with_few(nfc(_with_few(text, marks)))


def _with_few(text: str, marks: str = "") -> str:
    marks = marks or marks_in(text)
    return re.sub(f"([{marks}]{{{MAX_MARKS}}})[{marks}]+", r"\1", text) if marks else text


def fold(text: str) -> str:
    """``text`` to be searched for markers; ``places`` tells of each of its characters where it comes from."""
    if text.isascii():
        return text.lower()
    changed = {character: part for character in _characters(text) if (part := _folded(character)) != character}
    capitals = [character for character in changed if character.isascii()]
    if len(changed) - len(capitals) > _FEW:
        return text.translate({ord(character): part for character, part in changed.items()})
    # A pass for each that changes is quicker than asking a table for each character.
    for character, part in changed.items():
        if not character.isascii():
            text = text.replace(character, part)
    return text.translate(_SMALL) if capitals else text


def places(text: str) -> Sequence[int]:
    """Of each character of ``fold(text)`` the place in ``text`` that it comes from."""
    sizes = {character: len(_folded(character)) for character in _characters(text)}
    if all(size == 1 for size in sizes.values()):
        return range(len(text))
    return [place for place, character in enumerate(text) for _ in range(sizes[character])]


def _characters(text: str) -> str:
    """Each character of ``text`` once: what holds of none of them needs no look at the text."""
    return "".join(set(text))


@functools.lru_cache(maxsize=8192)
def _folded(character: str) -> str:
    if character in _UNSEEN:
        return ""
    latin = _LATIN.get(ord(character))
    if latin is not None:
        return latin
    parts = []
    for part in unicodedata.normalize("NFKD", character):
        category = unicodedata.category(part)
        if category[0] == "M" or category in ("Cf", "Cs") or part in _UNSEEN:
            continue
        parts.append(_LATIN.get(ord(part)) or part.casefold())
    folded = "".join(parts)
    # Markers are ASCII: what holds nothing of it needs no more than its place (one Arabic ligature has 18 letters).
    return folded if _ASCII.search(folded) else folded.lstrip()[:1] or folded[:1]
