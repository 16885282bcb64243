"""The integrity checksum of a store whose memories stream by, and which form of them a declared one is of (dossier 3.5)."""

from __future__ import annotations

from typing import Any, Literal

from satchel.codec.arrays import Element
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, InputError
from satchel.formats.portable_ai_memory.checksum import RunningChecksum
from satchel.formats.portable_ai_memory.documents import File
from satchel.formats.portable_ai_memory.hashing import canonical_memory
from satchel.limits import Limits

#: Which form of the memories the declared checksum is of: the file's own, the one that SDK 1.0.0 gives them, or neither.
Form = Literal["raw", "sdk", "neither", "uncomputable"]


class Integrity:
    """The checksum of the memories that were added."""

    def __init__(self, path: File, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._running = RunningChecksum()
        #: Why nothing can be computed; "" as long as it can.
        self.fault = ""

    @property
    def count(self) -> int:
        """How many memories were added."""
        return len(self._running.ids)

    def add(self, element: Element) -> None:
        """Take in the next memory of the file."""
        try:
            value = decode_unique(element.whole(), limits=self._limits)
            data = canonical_memory(value) + b"\n"
        except (InputError, CanonicalError) as error:
            self.fault = self.fault or f"memory {element.index}: {error.message}"
            return
        own = value.get("id") if type(value) is dict else None
        if type(own) is not str:
            self.fault = self.fault or f"memory {element.index} has no id"
            return
        self._running.add([own], data, element.offset, len(element.data))

    def checksum(self) -> str:
        """The checksum of the memories; "" where they have none. Raises MalformedInput when the file has changed since."""
        return "" if self.fault else self._running.text(self._path)

    def form_of(self, declared: Any) -> Form:
        """Which form of the memories ``declared`` is the checksum of. Raises as ``checksum``."""
        if self.fault:
            return "uncomputable"
        if self.checksum() == declared:
            return "raw"
        return "sdk" if self._running.sdk_text(self._path) == declared else "neither"
