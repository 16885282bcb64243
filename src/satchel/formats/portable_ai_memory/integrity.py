"""Recomputing the integrity checksum of a store while its memories stream by (dossier 3.5).

What is kept is ids, offsets and lengths; the memories are read again only when their order or the other form asks for it.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, Literal

from satchel.codec.arrays import Element
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, InputError
from satchel.formats.portable_ai_memory.hashing import Checksum, canonical_memory, sdk_form
from satchel.limits import Limits

#: Which form of the memories the declared checksum is of: the file's own, the one that SDK 1.0.0 gives them, or neither.
Form = Literal["raw", "sdk", "neither", "uncomputable"]


class Integrity:
    """The checksum of the memories that were added."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._order: list[str] = []
        self._offsets = array("Q")
        self._lengths = array("Q")
        #: The running checksum, as long as the ids ascend.
        self._running: Checksum | None = Checksum()
        #: Why nothing can be computed; "" as long as it can.
        self.fault = ""

    @property
    def count(self) -> int:
        """How many memories were added."""
        return len(self._order)

    def add(self, element: Element) -> None:
        """Take in the next memory of the file."""
        try:
            value = decode_unique(element.whole(), limits=self._limits)
            data = canonical_memory(value)
        except (InputError, CanonicalError) as error:
            self.fault = self.fault or f"memory {element.index}: {error.message}"
            return
        own = value.get("id") if type(value) is dict else None
        if type(own) is not str:
            self.fault = self.fault or f"memory {element.index} has no id"
            return
        if self._order and own < self._order[-1]:
            self._running = None
        self._order.append(own)
        self._offsets.append(element.offset)
        self._lengths.append(len(element.data))
        if self._running is not None:
            self._running.add(data)

    def checksum(self) -> str:
        """The checksum of the file's memories; "" where they have none."""
        if self.fault:
            return ""
        return self._running.text() if self._running is not None else self._sorted(sdk=False)

    def form_of(self, declared: Any) -> Form:
        """Which form of the memories ``declared`` is the checksum of."""
        if self.fault:
            return "uncomputable"
        if self.checksum() == declared:
            return "raw"
        return "sdk" if self._sorted(sdk=True) == declared else "neither"

    def _sorted(self, *, sdk: bool) -> str:
        """Over the memories read again, ids ascending by code point, duplicates in file order (dossier 3.3)."""
        checksum = Checksum()
        try:
            with self._path.open("rb") as stream:
                for index in sorted(range(len(self._order)), key=self._order.__getitem__):
                    stream.seek(self._offsets[index])
                    value = decode_unique(stream.read(self._lengths[index]), limits=self._limits)
                    checksum.add(canonical_memory(sdk_form(value) if sdk else value))
        except CanonicalError:
            return ""
        except OSError as error:
            raise InputError(f"{self._path.name} cannot be read again: {error.strerror or 'the system refuses'}") from error
        return checksum.text()
