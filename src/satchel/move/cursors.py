"""Since when? A time, a change of the vault, or an earlier bundle of it, as the change after which an export begins."""

from __future__ import annotations

from pathlib import Path

from satchel.errors import UsageError
from satchel.formats.base import Since
from satchel.formats.portable_memory.lineage import cursor
from satchel.model.times import from_iso
from satchel.vault.store import Batch, Store


def since(store: Store, text: str) -> Since:
    """The cursor that ``text`` names: the number of a change (``satchel log``), the folder of an earlier export, or a time
    (ISO 8601, UTC where it names no zone), from which on everything counts.

    Raises:
        UsageError: it is none of these, the bundle is of another vault or of a state that this one never had, or an import that
            the cursor covers was taken back since: there is no saying that in an increment.
        NotFound: there is no such change.
    """
    path = Path(text)
    previous = ""
    if text.isdecimal() and text.isascii():
        change = store.batch(int(text) if len(text) < 19 else 0)
        at = change.at
        number = change.id
    elif path.is_dir():
        said = cursor(path)
        covered = [batch.at for batch in store.batches() if batch.id <= said.change]
        made = max(covered).replace(microsecond=0) if covered else None
        if said.vault != store.owner_id or said.change > store.last_change() or said.made != made:
            raise UsageError(
                f"{path.name} was written from another vault, or from a state that this one never had",
                hint="make a full export",
            )
        number, at, previous = said.change, store.batch(said.change).at, said.digest
    else:
        moment = from_iso(text)
        if moment is None:
            raise UsageError(
                f"{text!r} is no time, no change and no earlier bundle", hint="for example 2026-11-01T00:00:00Z, or satchel log"
            )
        at = moment
        # Clocks go back: what came after the first change that counts counts too.
        counting = [batch.id for batch in store.batches() if batch.at >= moment]
        number = (min(counting) if counting else store.last_change() + 1) - 1
    _refuse_undone(store.batches(), number)
    return Since(number, at, previous)


def _refuse_undone(batches: list[Batch], number: int) -> None:
    for batch in batches:
        undid = batch.kind == "undo" and batch.id > number and batch.undoes is not None and batch.undoes <= number
        if undid and (batch.summary.removed or batch.summary.restored):
            raise UsageError(
                f"change {batch.id} took back import {batch.undoes}, which an increment since {number} cannot say",
                hint="make a full export",
            )
