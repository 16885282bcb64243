"""The part of an import that takes what is no record: see satchel.vault.store.Intake."""

from __future__ import annotations

from abc import ABC, abstractmethod

import apsw

from satchel.errors import Place
from satchel.model.findings import Finding
from satchel.model.packages import Carried, Edition, Heard, Reached
from satchel.vault.sqlite import graves, packages, signers
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.connection import one


class Arrivals(ABC):
    """What every import under way can do with the rest of a package. ``SqliteIntake`` is one."""

    batch: int
    _connection: apsw.Connection
    _kept: Originals
    _now: int
    _graves: bool
    _removed: dict[str, int]

    @abstractmethod
    def note(self, finding: Finding) -> None:
        """See Intake.note."""

    @abstractmethod
    def _flush_texts(self) -> None: ...

    def carry(self, carried: Carried) -> None:
        """See Intake.carry."""
        if not packages.carry(self._connection, carried, batch=self.batch):
            text = "it may hold what a tombstone erased, and nobody here can tell: it was not taken"
            self.note(Finding("vectors-erased", "warning", text, carried.place, "skipped"))

    def hear(self, heard: Heard) -> None:
        """See Intake.hear."""
        packages.hear(self._connection, heard, batch=self.batch)

    def signed(self, key: str) -> None:
        """See Intake.signed."""
        self._connection.execute("INSERT OR IGNORE INTO signed (batch, key) VALUES (?, ?)", (self.batch, key))

    def mark(self, edition: Edition) -> None:
        """See Intake.mark."""
        packages.mark(self._connection, edition, batch=self.batch)

    def reach(self, reached: Reached) -> None:
        """See Intake.reach."""
        self._flush_texts()
        carried = packages.carried_count(self._connection)
        kind = graves.reach(self._connection, self._kept, reached, batch=self.batch, now=self._now)
        self._tell_carried(carried, reached.place)
        self._graves = True
        if kind:
            self._removed[kind] = self._removed.get(kind, 0) + 1

    def newest_edition(self, format: str, signer: str, series: str) -> Edition | None:
        """See formats.base.Known.newest_edition."""
        return packages.newest_edition(self._connection, format, signer, series)

    def was_taken(self, digest: str) -> bool:
        """See formats.base.Known.was_taken."""
        return packages.was_taken(self._connection, digest)

    def is_own_key(self, public: str) -> bool:
        """See formats.base.Known.is_own_key."""
        return any(key.public == public for key in signers.listed(self._connection))

    def is_own_entry(self, number: int, hash: str) -> bool:
        """See formats.base.Known.is_own_entry."""
        row = one(self._connection, "SELECT hash FROM audit WHERE id = ?", (number,))
        return row is not None and row[0].hex() == hash

    def _tell_carried(self, before: int, place: Place) -> None:
        """Say that carried files have left, where there are fewer than ``before``."""
        left = before - packages.carried_count(self._connection)
        if left:
            text = "a file of vectors that may hold what a tombstone erased has left the vault"
            self.note(Finding("vectors-erased", "warning", text, place, "skipped", left))
