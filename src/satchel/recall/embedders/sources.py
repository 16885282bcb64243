"""Where an embedder is, as it is remembered in the vault beside its vectors, and opened again for each question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from satchel.errors import InputError

if TYPE_CHECKING:
    from satchel.recall.embedders import Embedder


class Hashing(msgspec.Struct, frozen=True, tag_field="kind", tag="hashing"):
    """The hashing embedder."""


class Folder(msgspec.Struct, frozen=True, tag_field="kind", tag="folder"):
    """A model in a folder of this machine."""

    path: str


class Url(msgspec.Struct, frozen=True, tag_field="kind", tag="url"):
    """A model behind a URL; texts and questions are sent there."""

    url: str
    model: str


Source = Hashing | Folder | Url


def place_of(source: Source) -> str:
    """As the vault remembers it."""
    return msgspec.json.encode(source).decode()


def read_place(place: str) -> Source:
    """The inverse of ``place_of``.

    Raises:
        InputError: a later Satchel wrote it.
    """
    try:
        found: Source = msgspec.json.decode(place, type=Source)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise InputError("the vault's vectors are of a model that this Satchel does not know", hint="update Satchel") from None
    return found


def opened(source: Source, dimensions: int = 0) -> Embedder:
    """The embedder. ``dimensions``: where they are known.

    Raises:
        UsageError: a package that it needs is not installed; or a URL that is none.
        InputError: no model is there, or none that can be read.
        NetworkError, MalformedInput: the server does not answer as it should.
    """
    # Each with its own imports: NumPy alone takes a tenth of a second.
    match source:
        case Hashing():
            from satchel.recall.embedders.hashing import HashingEmbedder

            return HashingEmbedder()
        case Folder(path):
            from satchel.recall.embedders.folder import FolderEmbedder

            return FolderEmbedder(Path(path))
        case Url(url, model):
            from satchel.recall.embedders.endpoint import EndpointEmbedder

            return EndpointEmbedder(url, model, dimensions=dimensions)
