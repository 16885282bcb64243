"""What deleting elsewhere is, whatever the product: what is wanted gone, and what became of it.

Nothing is believed: after a product said that it deleted, it is asked again for each thing by its id, in its list, by search
and in its history. What it still shows is told as still there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from satchel.model.text import same_words
from satchel.trust.api import Api

#: Texts of fewer bytes, without white space, are said by everybody.
_LEAST_BYTES = 16


class Wanted(msgspec.Struct, frozen=True):
    """A record that is to be gone: its uid, the id that the product gave it ("": it came from elsewhere), and its text."""

    uid: str
    id: str
    text: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. Counts, and ids of the product's own; no content.

    ``still``: where it is still shown ("list", "search", "history", …), and how many of the wanted there. ``unasked``: what the
    product could not be asked, in sentences.
    """

    provider: str
    host: str
    wanted: int
    found: int = 0
    deleted: int = 0
    still: dict[str, int] = {}
    ids: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether nothing is shown any more, in any of the places that could be asked."""
        return not self.still


class Provider(Protocol):
    """A product that can be asked."""

    def delete(
        self, api: Api, wanted: Sequence[Wanted], *, user: str, dry_run: bool, progress: Callable[[int], None]
    ) -> Outcome:
        """Delete what is wanted there and look again.

        Args:
            user: whose memories are listed and searched, where the product asks for that.
            dry_run: only look for it.

        Raises:
            NetworkError, UnsafeAddress, LimitExceeded: it could not be asked, or refused.
            UsageError: something is missing that the product needs.
        """
        ...


class Texts:
    """The wanted, by what they say: the same words whatever their case and white space, as the vault compares them. A short
    text that came from elsewhere ("Yes, please") is not theirs for saying the same."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        said = ((same_words("", each.text), each) for each in wanted)
        self._by_words = {words: each for words, each in said if len(words) >= (1 if each.id else _LEAST_BYTES)}
        self._by_id = {each.id: each for each in wanted if each.id}

    def match(self, id: str, text: str) -> Wanted | None:
        """The wanted record that a thing is, by its id or by what it says."""
        return self._by_id.get(id) or self._by_words.get(same_words("", text))

    def said_in(self, text: str) -> list[Wanted]:
        """The wanted records that a text is, or quotes."""
        match = self.match("", text)
        return [match] if match else self.quoted_in(text)

    def quoted_in(self, text: str) -> list[Wanted]:
        """The wanted records whose whole text stands in ``text``; short ones stand in many."""
        words = same_words("", text)
        return [each for own, each in self._by_words.items() if len(own) >= _LEAST_BYTES and own in words]
