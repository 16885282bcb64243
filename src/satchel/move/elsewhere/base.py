"""What deleting elsewhere is, whatever the product: what is wanted gone, and what became of it.

Nothing is believed: after a product said that it deleted, it is asked again for each thing by its id, in its list, by search
and in its history. What it still shows is told as still there.

Nothing is told to a product that it did not have: what is wanted gone is found by ids and in its list, which is compared here.
Its search is asked with ``NEUTRAL``, a word that tells nothing, before and after: where it showed a memory before and does
not after, it forgot it. Only a memory that the product itself showed, and that the word does not find, is searched for with
its text, as the product spelled it, in the body of a request. A URL holds no text: servers and proxies log it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from satchel.errors import NetworkError, SatchelError
from satchel.model.text import same_words
from satchel.trust.api import Answer, Api

#: What searches are asked with that must disclose nothing.
NEUTRAL = "memory"
#: What of a long text is searched for: embedders take no more than some thousand characters.
QUERY_CHARACTERS = 1000
#: Texts of fewer bytes, without white space, are said by everybody.
_LEAST_BYTES = 16


class Wanted(msgspec.Struct, frozen=True):
    """A record that is to be gone: its uid, the id that the product gave it ("": it came from elsewhere), and its text."""

    uid: str
    id: str
    text: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. Counts, and ids of the product's own; no content.

    ``still``: where it is still shown ("list", "search", "history", …), and how many of the wanted there. ``failed``: found and
    not deleted, for the product refused or fell silent. ``sent``: texts that its search was asked with. ``unasked``: what the
    product could not be asked, in sentences.
    """

    provider: str
    host: str
    wanted: int
    found: int = 0
    deleted: int = 0
    failed: int = 0
    sent: int = 0
    still: dict[str, int] = {}
    ids: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether nothing is shown any more, in any of the places that could be asked."""
        return not self.still and not self.failed


class Provider(Protocol):
    """A product that can be asked."""

    def delete(
        self,
        api: Api,
        wanted: Sequence[Wanted],
        *,
        user: str,
        dry_run: bool,
        progress: Callable[[int], None],
        with_texts: bool = False,
    ) -> Outcome:
        """Delete what is wanted there and look again.

        Args:
            user: whose memories are listed and searched, where the product asks for that.
            dry_run: only look for it; no text is sent.
            with_texts: where its list does not show everything, ask its search with the texts that were not found: this tells
                them to it.

        Raises:
            NetworkError, UnsafeAddress, LimitExceeded: it could not be asked, or refused, before anything was deleted there.
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


class Deletions:
    """Deleting one thing after the other: what fails is counted and does not hide what was done."""

    def __init__(self) -> None:
        self.deleted = self.failed = 0
        #: Why some failed, each reason once.
        self.reasons: dict[str, None] = {}

    def run(self, ids: Sequence[str], delete: Callable[[str], Answer], progress: Callable[[int], None]) -> None:
        """Delete all of these. A refusal of one is no reason not to try the next; silence, or a refused key, is."""
        for at, id in enumerate(ids):
            try:
                answer = delete(id)
            except SatchelError as error:
                self._fail(len(ids) - at, error.message)
                return
            if answer.is_good:
                self.deleted += 1
            elif answer.status in (401, 403):
                self._fail(len(ids) - at, "it does not take the key any more")
                return
            elif not answer.is_missing:
                self._fail(1, f"deleting was answered with status {answer.status}")
            progress(1)

    def _fail(self, count: int, reason: str) -> None:
        self.failed += count
        self.reasons[reason] = None


def good(answer: Answer, api: Api) -> Any:
    """The value of an answer. Raises NetworkError where it is a refusal."""
    if answer.status in (401, 403):
        raise NetworkError(f"{api.host} does not take the key", hint="SATCHEL_PROVIDER_KEY holds it")
    if not answer.is_good:
        raise NetworkError(f"{api.host} answered with status {answer.status}")
    return answer.value
