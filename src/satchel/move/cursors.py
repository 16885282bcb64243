"""Since when? A time, a change of the vault, or an earlier export of it, as the change after which an export begins."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from satchel.errors import UsageError
from satchel.formats.base import Continued, Format, Since
from satchel.model.times import from_iso
from satchel.vault.store import Store
from satchel.vault.values import Batch


def since(store: Store, text: str, format: Format) -> Since:
    """The cursor that ``text`` names: the number of a change (``satchel log``), an earlier export in ``format``, or a time
    (ISO 8601, UTC where it names no zone), from which on everything counts.

    Raises:
        UsageError: it is none of these, the export is of another vault or of a state that this one never had, or an import that
            the cursor covers was taken back since: there is no saying that in an increment.
        NotFound: there is no such change.
    """
    path = Path(text)
    batches = store.batches()
    previous = ""
    if text.isdecimal() and text.isascii():
        change = store.batch(int(text) if len(text) < 19 else 0)
        at = change.at
        number = change.id
    elif isinstance(format, Continued) and _is_there(path):
        said = format.earlier(path)
        made = _made(batches, said.change)
        same = made is not None and said.made in (made, made.replace(microsecond=0))
        if said.vault != store.owner_id or said.change > store.last_change() or not same:
            raise UsageError(
                f"{path.name} was written from another vault, or from a state that this one never had",
                hint="make a full export",
            )
        number, at, previous = said.change, store.batch(said.change).at, said.name
    else:
        moment = from_iso(text)
        if moment is None:
            raise UsageError(
                f"{text!r} is no time, no change and no earlier export", hint="for example 2026-11-01T00:00:00Z, or satchel log"
            )
        at = moment
        # Clocks go back: what came after the first change that counts counts too.
        counting = [batch.id for batch in batches if batch.at >= moment]
        number = (min(counting) if counting else store.last_change() + 1) - 1
    _refuse_undone(batches, number)
    return Since(number, at, previous, _made(batches, number))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _made(batches: list[Batch], number: int) -> datetime | None:
    """The date of an export of the state after change ``number``: the latest time of any change up to it."""
    return max((batch.at for batch in batches if batch.id <= number), default=None)


def _refuse_undone(batches: list[Batch], number: int) -> None:
    for batch in batches:
        undid = batch.kind == "undo" and batch.id > number and batch.undoes is not None and batch.undoes <= number
        if undid and (batch.summary.removed or batch.summary.restored):
            raise UsageError(
                f"change {batch.id} took back import {batch.undoes}, which an increment since {number} cannot say",
                hint="make a full export",
            )
