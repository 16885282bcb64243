"""Text made comparable, so that no disguise hides a marker: and each folded character knows where in the text it stands.

Look-alikes become the Latin letter that they look like, compatibility forms (full-width, mathematical, circled) their plain
character, capitals small letters; what cannot be seen goes (zero-width, bidirectional and tag characters, variation
selectors, fillers, combining marks). Character by character, so linear in time whatever the text (dossier Portable Agent
Memory 6.8, 12.3).
"""

from __future__ import annotations

import functools
import re
import unicodedata

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
_BREAKS = str.maketrans({"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})


def shown(text: str) -> str:
    """``text`` as it may be shown: NFC, line ends ``\\n``, without what is not seen and without surplus combining marks."""
    if text.isascii() and text.isprintable():
        return text
    text = _IGNORABLE.sub("", text.replace("\r\n", "\n").translate(_BREAKS))
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _with_few_marks(text))


def _with_few_marks(text: str) -> str:
    if not any(unicodedata.combining(character) for character in set(text)):
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        if unicodedata.combining(character):
            marks += 1
            if marks > MAX_MARKS:
                continue
        else:
            marks = 0
        kept.append(character)
    return "".join(kept)


def fold(text: str) -> tuple[str, list[int] | range]:
    """``text`` to be searched for markers, and of each of its characters the place in ``text`` that it comes from."""
    if text.isascii():
        return text.lower(), range(len(text))
    table = {ord(character): _folded(character) for character in set(text)}
    if all(len(part) == 1 for part in table.values()):
        return text.translate(table), range(len(text))
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in _folded(character):
            folded.append(part)
            places.append(place)
    return "".join(folded), places


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
    return "".join(parts)
