"""Taking personal data out of texts and JSON values: each detection becomes a token, everything else stays as it is."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

from satchel.codec.pointers import escape
from satchel.errors import LimitExceeded
from satchel.limits import DEFAULT
from satchel.trust.redaction.detect import TYPES, Detection, Detector, detect, of_number
from satchel.trust.redaction.tokens import Kept, Mint, escaped

#: What is looked up instead of looked through, and how many of it are held.
_SHORT, _HELD = 64, 4096
#: Numbers of less or more digits are no card, no telephone number and no social security number.
_LEAST, _MOST = 10**8, 10**19
#: What numbers are looked through for; a time in seconds has ten digits and begins with 1, an American number does not.
_OF_NUMBERS = frozenset({"credit_card", "phone_us", "ssn", "phone"})


class Redacted(NamedTuple):
    """A text with tokens. ``moves`` holds, for each detection, its span in the text as it was and in this one."""

    text: str
    found: tuple[Detection, ...] = ()
    moves: tuple[tuple[int, int, int, int], ...] = ()

    def moved(self, at: int, *, is_end: bool = False) -> int:
        """Where what stood at ``at`` stands now; inside of what was taken out, where its token begins, or ends."""
        shift = 0
        for start, end, new_start, new_end in self.moves:
            if at <= start:
                break
            if at < end:
                return new_end if is_end else new_start
            shift = new_end - end
        return at + shift


class Redactor:
    """Redacts for one artifact. ``found`` of what it gives back holds places and types, never what was there."""

    def __init__(self, mint: Mint, *, types: frozenset[str] = frozenset(TYPES), detectors: Iterable[Detector] = ()) -> None:
        self.mint = mint
        self._types = types
        self._detectors = tuple(detectors)
        #: The names of platforms, models and roles come again with each record.
        self._of_short = functools.lru_cache(_HELD)(functools.partial(detect, types=types))

    def text(
        self,
        text: str,
        *place: str,
        path: str = "",
        name: str = "",
        kind: str = "",
        prose: bool = True,
        in_name: bool = False,
        plain: bool = False,
    ) -> Redacted:
        """``text`` with tokens in it.

        Args:
            place: names the thing that holds the text, within the artifact.
            path: JSON pointer to the text in it.
            name: the name of the member that holds it.
            kind: what tokens are counted under.
            prose: whether detectors beside the rules look at it too: a platform's name is no person's.
            plain: write the tokens with letters and underscores only.
        """
        detectors = self._detectors if prose else ()
        if len(text) <= _SHORT and not detectors:
            finds = self._of_short(text, name=name)
        else:
            finds = detect(text, types=self._types, name=name, detectors=detectors)
        if not finds:
            return Redacted(text if plain else escaped(text))
        pieces: list[str] = []
        found: list[Detection] = []
        moves: list[tuple[int, int, int, int]] = []
        at = length = 0
        for start, end, type, confidence in finds:
            before = text[at:start] if plain else escaped(text[at:start])
            where = (*place, path, "name" if in_name else "", str(start))
            token = self.mint.token(Kept(text[start:end], type, confidence), *where, kind=kind, plain=plain)
            length += len(before)
            pieces += (before, token)
            moves.append((start, end, length, length + len(token)))
            found.append(Detection(path, start, end, type, confidence, in_name))
            length += len(token)
            at = end
        pieces.append(text[at:] if plain else escaped(text[at:]))
        return Redacted("".join(pieces), tuple(found), tuple(moves))

    def value(
        self, value: Any, *place: str, path: str = "", name: str = "", kind: str = "", prose: bool = True
    ) -> tuple[Any, list[Detection]]:
        """A JSON value with tokens in its texts and its members' names, and what was found. The value given stays untouched.

        A number that is one of a card, a telephone or a person's becomes a token whole, and so does one whose member's name
        says what it is, however small.

        Raises:
            LimitExceeded: it is nested deeper than ``json_depth``.
        """
        found: list[Detection] = []

        def walk(item: Any, path: str, name: str, depth: int) -> Any:
            if depth > DEFAULT.json_depth:
                raise LimitExceeded(f"a value is nested more than {DEFAULT.json_depth} deep")
            if type(item) is str:
                done = self.text(item, *place, path=path, name=name, kind=kind, prose=prose)
                found.extend(done.found)
                return done.text
            if type(item) is dict:
                members: dict[str, Any] = {}
                for at, (own, member) in enumerate(item.items()):
                    named = self.text(own, *place, f"{path}/{at}", kind=kind, prose=prose, in_name=True)
                    below = f"{path}/{escape(named.text)}"
                    found.extend(each._replace(path=below) for each in named.found)
                    members[named.text] = walk(member, below, own, depth + 1)
                return members
            if type(item) in (list, tuple):
                return [walk(each, f"{path}/{at}", name, depth + 1) for at, each in enumerate(item)]
            if type(item) in (int, float):
                return self._number(item, place, path, name, kind, found)
            return item

        return walk(value, path, name, 0), found

    def _number(
        self, number: int | float, place: tuple[str, ...], path: str, name: str, kind: str, found: list[Detection]
    ) -> Any:
        said = of_number(number, name, self._types) or self._by_digits(number)
        if said is None:
            return number
        type, confidence = said
        found.append(Detection(path, 0, len(repr(number)), type, confidence))
        return self.mint.token(Kept(number, type, confidence), *place, path, "number", kind=kind)

    def _by_digits(self, number: int | float) -> tuple[str, float] | None:
        # A script may have written a card's number as 4.111111111111111e15.
        if not _LEAST <= number < _MOST or number != int(number):
            return None
        text = str(int(number))
        for each in detect(text, types=self._types & _OF_NUMBERS):
            # Of whole numbers, many have as many digits as a telephone or a card and are neither.
            doubtful = (each.type == "phone_us" and text[0] == "1") or (each.type == "credit_card" and each.confidence < 0.9)
            if not doubtful and (each.start, each.end) == (0, len(text)):
                return each.type, each.confidence
        return None
