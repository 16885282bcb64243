"""What a search for fragments of erased content came to: places and counts, and nothing of what was found."""

from __future__ import annotations

import msgspec

from satchel.model.erasure import HeldBack
from satchel.model.fragments import Fragment, Spelling

#: How many places within one file a report names.
_MOST_POSITIONS = 20


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or one part of the vault.

    ``found`` counts different fragments. ``at``: where the first of them are, as page numbers (``unit`` "page") or as offsets
    into the file (``unit`` "byte"). ``unreadable``: why, and how often, something in it could not be read.
    """

    place: str
    size_bytes: int
    found: int = 0
    spellings: tuple[Spelling, ...] = ()
    unit: str = "byte"
    at: tuple[int, ...] = ()
    unreadable: dict[str, int] = {}


class Residue(msgspec.Struct, frozen=True, kw_only=True):
    """The whole search. ``sought``: how many fragments. ``excused``: how many of them records that stay say as well.

    ``changes``: the changes of the vault that erased what was sought. ``held_back``: what an undo window still keeps, sealed,
    where no search sees it.
    """

    sought: int
    places: tuple[Searched, ...]
    excused: int = 0
    changes: tuple[int, ...] = ()
    held_back: tuple[HeldBack, ...] = ()

    @property
    def found(self) -> int:
        """Fragments that were found, counted by place."""
        return sum(place.found for place in self.places)

    @property
    def unreadable(self) -> int:
        """Parts that could not be read."""
        return sum(sum(place.unreadable.values()) for place in self.places)

    @property
    def read_bytes(self) -> int:
        """How much was read, compressed data as it lies there."""
        return sum(place.size_bytes for place in self.places)


class Finds:
    """Collects what one place holds."""

    def __init__(self, place: str, size_bytes: int, unit: str = "byte") -> None:
        self.place = place
        self.size_bytes = size_bytes
        self.unit = unit
        self.fragments: dict[Fragment, int] = {}
        self.unreadable: dict[str, int] = {}

    def found(self, fragment: Fragment, at: int) -> None:
        """A fragment stands at a page or byte."""
        self.fragments.setdefault(fragment, at)

    def lacks(self, reason: str, at: int = 0) -> None:  # noqa: ARG002
        """Something could not be read."""
        self.unreadable[reason] = self.unreadable.get(reason, 0) + 1

    def searched(self, excused: frozenset[Fragment] = frozenset()) -> Searched:
        """The report, without fragments that are no residue."""
        left = {fragment: at for fragment, at in self.fragments.items() if fragment not in excused}
        return Searched(
            place=self.place,
            size_bytes=self.size_bytes,
            found=len(left),
            spellings=tuple(sorted({fragment.spelling for fragment in left})),
            unit=self.unit,
            at=tuple(sorted(set(left.values()))[:_MOST_POSITIONS]),
            unreadable=dict(sorted(self.unreadable.items())),
        )
