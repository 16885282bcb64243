"""The integrity checksum of a whole store, one memory at a time (dossier 3.1 to 3.5).

Memories are hashed in ascending order of ids. As long as they come in that order they are hashed as they come; from where they
do not, their canonical bytes are kept up to ``KEPT_BYTES``. What is not kept is read once more when its turn comes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from satchel.codec import jcs
from satchel.codec.arrays import Element, Run, iter_members
from satchel.codec.collector import paused
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, MalformedInput, Place
from satchel.formats.portable_ai_memory.documents import File
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory, sdk_form
from satchel.formats.portable_ai_memory.quick import parser_of, quick_of
from satchel.limits import DEFAULT, Limits

#: Of memories out of order, so many canonical bytes are kept: those of some 100,000 memories of usual size.
KEPT_BYTES = 128 << 20
_BATCH = 64
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(dict[str, Any])


class RunningChecksum:
    """What is to be kept of memories that stream by; ``ids`` in the order of the file."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self.ids: list[str] = []
        self._in_order = True
        self._checksum = Checksum()
        #: Canonical bytes by index, and how many more may be kept.
        self._kept: dict[int, bytes] = {}
        self._room = kept_bytes
        #: Where elements and runs of elements stand, how many bytes each has and how many elements.
        self._spans = (array("Q"), array("Q"), array("Q"))

    def add(self, ids: list[str], lines: bytes, offset: int, size: int) -> None:
        """Add neighbouring memories: the RFC 8785 form of each with a line end behind it, and their bytes in the file."""
        first, last = len(self.ids), self.ids[-1] if self.ids else ""
        # Duplicates keep the order of the file.
        self._in_order = self._in_order and last <= ids[0] and (len(ids) == 1 or ids == sorted(ids))
        self.ids += ids
        for kept, number in zip(self._spans, (offset, size, len(ids)), strict=True):
            kept.append(number)
        if self._in_order:
            # No line end stands in canonical JSON.
            self._checksum.add(lines[:-1].replace(b"\n", b","), len(ids))
        elif len(lines) <= self._room:
            self._room -= len(lines)
            self._kept.update(enumerate(lines[:-1].split(b"\n"), first))

    def text(self, path: File) -> str:
        """The checksum of the memories as they stand in the file. Raises MalformedInput when the file has changed since."""
        if self._in_order:
            return self._checksum.text()
        checksum = Checksum()
        order, kept = self._order(), self._kept
        missing = self._again(path, [at for at in order if at not in kept])
        for start in range(0, len(order), _BATCH):
            pieces = [kept.get(at) or jcs.write_parsed(next(missing)) for at in order[start : start + _BATCH]]
            checksum.add(b",".join(pieces), len(pieces))
        # Who checked may stay for what else was found; asked again, it reads again.
        kept.clear()
        return checksum.text()

    def sdk_text(self, path: File) -> str:
        """The checksum of the form that SDK 1.0.0 gives the memories. Raises MalformedInput as ``text``."""
        checksum = Checksum()
        for value in self._again(path, self._order()):
            try:
                checksum.add(canonical_memory(sdk_form(value)))
            except CanonicalError:
                checksum.add(b"?")
        return checksum.text()

    def _order(self) -> list[int]:
        return sorted(range(len(self.ids)), key=self.ids.__getitem__)

    def _again(self, path: File, order: list[int]) -> Iterator[dict[str, Any]]:
        """The memories at these indices, read once more."""
        if not order:
            return
        try:
            with path.open("rb") as stream:
                offsets, sizes = self._cut(stream)
                for at in order:
                    stream.seek(offsets[at])
                    yield _VALUE.decode(stream.read(sizes[at]))
        except (ValueError, IndexError, msgspec.MsgspecError, RecursionError):
            raise MalformedInput("the file changed while it was read", place=Place(file=path.name)) from None

    def _cut(self, stream: BinaryIO) -> tuple[array[int], array[int]]:
        """Where each memory stands, and how many bytes it has."""
        offsets, sizes = array("Q"), array("Q")
        for offset, size, count in zip(*self._spans, strict=True):
            if count == 1:
                offsets.append(offset)
                sizes.append(size)
                continue
            stream.seek(offset)
            data = stream.read(size)
            at = 0
            for raw in _RAWS.decode(b"[%b]" % data):
                one = len(memoryview(raw))
                offsets.append(offset + at)
                sizes.append(one)
                # Behind it stand white space, a comma, white space and the next object, or nothing.
                at = data.find(b"{", at + one)
        return offsets, sizes


def checksum_of(path: Path, limits: Limits = DEFAULT) -> str:
    """The checksum of the memories of the store at ``path``, to compare with its ``integrity.checksum``.

    Raises:
        MalformedInput: not a store whose every memory is an object with a text for an id and no name twice.
        LimitExceeded: larger or deeper than ``limits``.
        CanonicalError: a memory has no RFC 8785 form.
        OSError: it cannot be read.
    """
    running = RunningChecksum()
    with path.open("rb") as stream, paused():
        for name, part in iter_members(stream, arrays=frozenset({"memories"}), file=path.name, limits=limits, runs=parser_of):
            if name != "memories" or part is None:
                continue
            lines = quick_of(name).passes(part, limits) if isinstance(part, Run) else None
            if isinstance(part, Run) and part.values is not None and lines is not None:
                running.add([memory.id for memory in part.values], lines, part.offset, len(part.data))
            else:
                for element in part.elements() if isinstance(part, Run) else (part,):
                    _add_element(running, element, path.name, limits)
    return running.text(path)


def _add_element(running: RunningChecksum, element: Element, file: str, limits: Limits) -> None:
    place = Place(file, element.index, element.offset, f"/memories/{element.index}")
    value = decode_unique(element.whole(), place=place, limits=limits)
    if type(value) is not dict or type(value.get("id")) is not str:
        raise MalformedInput("a memory is an object with an id", place=place)
    running.add([value["id"]], canonical_memory(value) + b"\n", element.offset, len(element.data))
