"""What was converted, read back and held against what was read: ``--verify semantic`` (Portable AI Assets dossier, 6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from satchel.formats.base import NOTHING, Format, Reader, ReadOptions
from satchel.limits import Limits
from satchel.model.ledger import Ledger
from satchel.model.record import Asset, Original, Record
from satchel.move.semantic import Embedder, Semantic, verify
from satchel.vault.store import Store


def verified(
    store: Store, format: Format, target: Path, ledger: Ledger, *, embedder: Embedder | None, limits: Limits
) -> Semantic | None:
    """The check of what ``format`` wrote of the records in ``store`` into ``target``; None of a format that is not read back.

    It is read by itself: what rides along for the way back has no say.

    Raises:
        InputError: what was written cannot be read.
    """
    if not isinstance(format, Reader):
        return None
    return verify(store.records, lambda: _records(format, target, limits), embedder=embedder, ledger=ledger, limits=limits)


def _records(format: Format, target: Path, limits: Limits) -> Iterator[Record]:
    for item in cast(Reader, format).read(target, known=NOTHING, options=ReadOptions(limits=limits)):
        if isinstance(item, Original):
            yield from item.read().records
        elif isinstance(item, Asset):
            yield item.record
