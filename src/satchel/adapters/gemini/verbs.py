"""What Google puts in front of what a person typed: "Prompted", in the language of the account (providers.md 3.3).

In the HTML a no-break space stands behind it, whatever the language; where there is none, a verb is known by its words or is
left where it is. A verb that is unknown is told from no prompt by its company: see ``Verbs``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Literal

#: Said by the person, seen in exports of these languages; longer ones first.
_PROMPT = (
    "Eingegebener Prompt:", "Fez uma pergunta:", "Asked Gemini:", "Prompted with:", "Gav instruktionen", "Asked Bard:",
    "Angefordert", "Preguntó:", "Perguntou:", "Solicitou", "Solicitó", "Richiesto", "Prompted", "Branched", "Answered",
    "Demandé", "Asked", "Said",
)  # fmt: skip
#: Done, not said.
_DEED = (
    "Selected preferred draft", "Gave feedback", "Created", "Used", "Added", "Gave", "Selected", "Shared", "Deleted", "Viewed",
    "Edited", "Pinned", "Renamed", "Exported", "Updated", "Cleared",
)  # fmt: skip
_KNOWN = re.compile(rf"(?:({'|'.join(map(re.escape, _PROMPT))})|{'|'.join(map(re.escape, _DEED))})(?=[\s\xa0]|\Z)")
_MAX_CHARACTERS = 40
_MAX_WORDS = 5
#: Entries that must agree before the others are told from them.
_MIN_ANSWERED = 5

Kind = Literal["prompt", "deed", "unknown"]


def split(title: str) -> tuple[Kind, str, str]:
    """What the title's verb is, the verb itself ("" when it is not known) and what the person typed."""
    title = title.strip()
    known = _KNOWN.match(title)
    if known:
        return ("prompt" if known[1] else "deed"), known[0], title[known.end() :].strip()
    at = title.find("\xa0", 0, _MAX_CHARACTERS)
    # In French and in numbers a no-break space stands beside punctuation and digits, not between words.
    if (
        0 < at < len(title) - 1
        and (unicodedata.category(title[at - 1])[0] in "LM" or title[at - 1] == ":")
        and not title[at + 1].isspace()
        and title[at + 1] not in "?!:;»%"
        and len(title[:at].split()) <= _MAX_WORDS
    ):
        return "unknown", title[:at], title[at + 1 :].strip()
    return "unknown", "", title


class Verbs:
    """The verbs of one file: what has an answer was a prompt, so that its verb tells which entries without one are too."""

    def __init__(self) -> None:
        self._answered: Counter[str] = Counter()

    def learn(self, title: str) -> None:
        """Remember how the title of an answered entry begins."""
        if self._answered.total() < 10_000:
            self._answered[_beginning(title)] += 1

    def is_deed(self, title: str) -> bool:
        """Whether an entry without an answer, its verb unknown, begins otherwise than nearly all that have one."""
        total = self._answered.total()
        if total < _MIN_ANSWERED:
            return False
        beginning, count = self._answered.most_common(1)[0]
        return count >= 0.8 * total and _beginning(title) != beginning


def _beginning(title: str) -> str:
    _, verb, _ = split(title)
    return verb or (title.split(maxsplit=1) or [""])[0][:_MAX_CHARACTERS]
