"""What passes through a vault that nobody keeps, on its way from one format to another."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from satchel.errors import UsageError
from satchel.formats.base import LogEntry, State
from satchel.move.exports import VaultSelection
from satchel.move.passage import HEADS, owner_of

if TYPE_CHECKING:
    from satchel.vault.sqlite.store import SqliteStore


class Passing(VaultSelection):
    """All that a passing vault holds. There is no vault behind it: whose it is shows from the input, when it is, from the clock
    or from SOURCE_DATE_EPOCH (reproducible-builds.org), so that a conversion can be repeated byte for byte."""

    def __init__(
        self, store: SqliteStore, at: datetime, digests: Sequence[str] = (), *, owner: str = "", strip_identifiers: bool = False
    ) -> None:
        """``digests`` are of the files that were read; ``owner`` says whose it is where that is known."""
        super().__init__(store)
        self._passing = store
        self._at = at
        self._owner = owner
        self._digests = [*digests, *(edition.digest for edition in store.editions())]
        self._strip = strip_identifiers

    @functools.cached_property
    def owner_id(self) -> str:
        """Of a memory store its owner's, of an account's exports the same each time; else that of these very files."""
        if self._owner:
            return self._owner
        seen: set[tuple[str, str, str]] = set()
        for whose in () if self._strip else self._passing.whose(*HEADS):
            seen.add(whose)
            if len(seen) > 1:
                break
        return owner_of(seen, self._digests)

    @property
    def changed_at(self) -> datetime:
        return self._at

    @property
    def state(self) -> State:
        # Nothing can be exported since: what is behind it is gone.
        return State("", 0)

    def log(self, after: int = 0) -> Iterator[LogEntry]:  # noqa: ARG002
        """Empty: what the passing vault did is nobody's history."""
        return iter(())


def epoch() -> datetime | None:
    """The time that SOURCE_DATE_EPOCH gives; None where it is not set. Raises UsageError."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    try:
        if not (text.isascii() and text.isdecimal()):
            raise ValueError
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "SOURCE_DATE_EPOCH is no number of seconds since 1970", hint="unset it, or give a whole number"
        ) from None
