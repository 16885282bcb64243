"""What comes with a package of records and is no record: files beside them, another store's audit log, the package itself.

An open format's bundle is such a package. All of it is kept for the way home; none of it is searched or shown to an agent.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

import msgspec

from satchel.errors import Place


class CarriedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is kept whole and goes home in its format: vectors, which nobody here reads.

    ``concerns`` is the format's word for the kind of which it may hold rows, "" where nobody can tell: once a tombstone reaches
    a row of that kind, the file leaves.
    """

    format: str
    #: Its path in the package.
    name: str
    concerns: str
    #: Hexadecimal; what is read must be this.
    sha256: str
    #: What the package says of it, such as the model that made the vectors.
    note: dict[str, Any]


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """A carried file at the door."""

    file: CarriedFile
    place: Place
    open: Callable[[], BinaryIO]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of another store's audit log: history that came with a package, not our own."""

    format: str
    #: The id that it speaks of, as the format spells it.
    target: str
    #: The entry as it goes out again, with the mark of the package that brought it.
    native: bytes
    #: As ``native``, without what could be content: what is left of it when its target is erased.
    bare: bytes
    #: A hash of the entry without the mark, and how often it came in its log up to here: the same entry is kept once.
    identity: bytes


class Signed(msgspec.Struct, frozen=True):
    """By which key what comes is signed (``PublicKey.text``), trusted or not."""

    key: str


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """A package as one of a series: who signed it, of which store it is, and where it stands among the others."""

    format: str
    #: A hash of what it holds.
    digest: str
    #: The public key whose signature on it holds, "" without one.
    signer: str = ""
    #: The store that wrote it, "" where it does not say.
    series: str = ""
    #: Grows with every change of that store; 0 where it does not say.
    number: int = 0
    made: datetime | None = None


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What the tombstones of a package erased in the store that wrote it, besides what they name: it goes here too.

    ``how``: ``derived`` forbids the uid from then on, ``orphan`` until something joins it anew, ``unfounded`` not at all.
    """

    uid: str
    how: str
    place: Place
