"""Walking a document's root object member by member, the large arrays element by element.

What hangs on a hash is decoded strictly: no name twice in one object, the root included (dossier 3.2, 11.3 no. 7).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

from satchel.codec.arrays import iter_members
from satchel.codec.json_values import decode_unique
from satchel.codec.probe import HEAD_BYTES, probe_bytes
from satchel.errors import InputError, Place
from satchel.formats.portable_ai_memory import terms
from satchel.limits import DEFAULT, Limits

Document = Literal["store", "conversation", "embeddings"]

DOCUMENTS: dict[str, Document] = {
    terms.STORE_SCHEMA: "store",
    terms.CONVERSATION_SCHEMA: "conversation",
    terms.EMBEDDINGS_SCHEMA: "embeddings",
}
#: The member that holds most of each document.
PAYLOAD: dict[str, Document] = {"memories": "store", "messages": "conversation", "embeddings": "embeddings"}


class File(Protocol):
    """What is asked of a file that is checked or read; a path is one."""

    @property
    def name(self) -> str:
        """Its name, for findings."""
        ...

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """A new stream from the first byte."""
        ...


def is_regular(path: Path) -> bool:
    """Whether ``path`` itself is a regular file: a link is not."""
    try:
        return not path.is_symlink() and path.is_file()
    except (OSError, ValueError):
        return False


def peek(path: Path) -> dict[str, Any]:
    """What the head of a JSON file shows of its root; {} when it is not such a file."""
    try:
        if not path.is_file():
            return {}
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            whole = not stream.read(1)
    except (OSError, ValueError):
        return {}
    value = probe_bytes(head, whole).value
    return value if type(value) is dict else {}


def document_of(path: File, limits: Limits = DEFAULT) -> tuple[Document | None, str]:
    """Which document a file is, and the version that it says; looked for past the head only where it must be.

    A file whose ``schema`` is missing or wrong goes by the array that it has.

    Raises:
        InputError: the file is not a JSON object as far as it was read.
        OSError: it cannot be read.
    """
    schema = version = None
    guess: Document | None = None
    with path.open("rb") as stream:
        for name, element in iter_members(stream, arrays=frozenset(PAYLOAD), file=path.name, limits=limits):
            if name in PAYLOAD:
                guess = guess or PAYLOAD[name]
            elif element is not None and name in ("schema", "schema_version"):
                value = decode_unique(element.whole(), place=Place(file=path.name, offset=element.offset))
                if name == "schema":
                    schema = value
                else:
                    version = value
            if schema is not None and version is not None:
                break
    known = DOCUMENTS.get(schema) if type(schema) is str else None
    return known or guess, version if type(version) is str else ""


def written_by_us(path: Path) -> bool:
    """Whether the memory store at ``path`` says ``exported_by`` satchel, looking no further than the memories."""
    try:
        with path.open("rb") as stream:
            for name, element in iter_members(stream, arrays=frozenset({"memories"}), file=path.name):
                if element is None:
                    return False
                if name == "exported_by":
                    value = decode_unique(element.whole())
                    return type(value) is str and value.startswith("satchel/")
    except (InputError, OSError):
        pass
    return False


def inside(folder: Path, ref: str) -> Path | None:
    """The regular file that a ``storage.ref`` names inside ``folder``, or None.

    Forward slashes, relative, no ``..``, no drive letter, no control character, no link on the way (dossier 6.3).
    """
    if not ref or "\\" in ref or ":" in ref or ref.startswith("/") or any(ord(letter) < 32 for letter in ref):
        return None
    names = [name for name in ref.split("/") if name not in ("", ".")]
    if not names or ".." in names:
        return None
    path = folder
    for name in names:
        path = path / name
        try:
            if path.is_symlink():
                return None
        except (OSError, ValueError):
            return None
    return path if is_regular(path) else None
