"""A conversion without a vault between: each conversation is written as it is read (``formats.base.Passing``).

The result is the same, byte for byte, as through a vault. What only a vault can decide is found on the way; then what was
written is dropped, and the input is read again and takes that way (``conversions``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from satchel.formats.base import Format, Passing, WriteOptions, Written
from satchel.formats.base import Progress as Writing
from satchel.move.imports import Export
from satchel.move.imports import Progress as Reading
from satchel.move.passage import Detour
from satchel.move.passage import Passing as Conversations
from satchel.vault.values import Batch


class Shown:
    """The progress of a conversion, which can be taken back and begun again."""

    def __init__(self, reading: Reading | None, writing: Writing | None) -> None:
        self._reading = reading
        self._writing = writing
        self._read = self._written = 0
        self._has_total = False

    def total(self, amount: int | None) -> None:
        if self._reading is not None and not self._has_total:
            self._reading.total(amount)
        self._has_total = True

    def advance(self, amount: int) -> None:
        self._read += amount
        if self._reading is not None:
            self._reading.advance(amount)

    def waiting(self) -> None:
        """Nobody is waited for."""

    def wrote(self, count: int) -> None:
        self._written += count
        if self._writing is not None:
            self._writing(count)

    def take_back(self) -> None:
        if self._reading is not None:
            self._reading.advance(-self._read)
        if self._writing is not None:
            self._writing(-self._written)
        self._read = self._written = 0


def convert(
    export: Export,
    writer: Format,
    target: Path,
    *,
    account: str,
    at: datetime | None,
    shown: Shown,
    options: WriteOptions,
) -> tuple[Batch, Written] | None:
    """Write what ``export`` holds; None where it is for a vault, and nothing was written then.

    Raises:
        InputError: as ``Export.into``.
        UsageError, OutputError: as ``Format.write``.
    """
    if not isinstance(writer, Passing) or not export.can_repeat:
        return None
    files = export.digests()
    passing = Conversations(
        at or datetime.now(UTC),
        files,
        lambda: [file.sha256 for file in export.files],
        strip_identifiers=options.strip_identifiers,
    )
    try:
        with writer.passage(passing, target, progress=shown.wrote, options=options) as passage:
            passing.give, passing.spool = passage.conversation, passage.spool
            export.pour(passing, account=account, progress=shown)
            passing.settle()
            if any(file in files and files[file].sha256 != export.digest_of(file) for file in passing.read_from):
                raise Detour
            return passing.batch(export.label), passage.finish()
    except Detour:
        shown.take_back()
        return None
