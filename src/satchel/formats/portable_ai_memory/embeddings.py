"""``embeddings.json``: the embeddings that came with memories which are written, one a memory (dossier 6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satchel.errors import VaultDamaged
from satchel.formats.base import Selection
from satchel.formats.portable_ai_memory import homeward, terms
from satchel.formats.portable_ai_memory.homeward import Around
from satchel.formats.portable_ai_memory.spelling import dump


def embeddings_file(selection: Selection, memories: Iterable[str], around: Around) -> Iterator[bytes]:
    """The file in pieces: the embeddings of these memories, by uid.

    Raises:
        VaultDamaged: the vault has lost the bytes of one.
    """
    head = {"schema": terms.EMBEDDINGS_SCHEMA, "schema_version": around.homes.version}
    yield dump(head)[:-1] + b',\n"embeddings":['
    for number, memory in enumerate(memories):
        record = selection.get(around.homes.embeddings[memory][0])
        native = selection.native(record) if record is not None else None
        if record is None or native is None:
            raise VaultDamaged("the bytes of an embedding are missing", hint="restore the vault from a backup")
        yield b",\n" if number else b"\n"
        yield homeward.embedding(native, memory, around)
    yield b"\n]}\n"
