"""What was made of records: everything that derives from them or rests on them, over any number of steps."""

from __future__ import annotations

from collections.abc import Sequence

from satchel.vault.store import Store

_RESTING = frozenset({"derived_from", "evidence"})


def derived(store: Store, uids: Sequence[str], *, besides: Sequence[str] | None = None) -> list[str]:
    """The uids of what derives from these records, without themselves, sorted; ``besides``: without these instead."""
    met = set(uids)
    waiting = list(met)
    while waiting:
        for type, record in store.linking_to(waiting.pop()):
            if type in _RESTING and record.uid not in met:
                met.add(record.uid)
                waiting.append(record.uid)
    return sorted(met - set(uids if besides is None else besides))
