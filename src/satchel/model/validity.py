"""Which state of a record held at a moment: what was true then, by all that is known now.

A state holds from when it became true (``valid_from``; without it, when its record was made or seen, and a later state from its
last change) to ``valid_to``, and no longer than to where the next state of the record begins. A state of which nobody tells
when it began held from the start; one that is superseded or retracted, and of which nobody tells when it ended, is in no view.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from satchel.model.record import Record

_OVER = frozenset({"superseded", "retracted"})


def state_at(states: Sequence[Record], moment: datetime) -> int | None:
    """The place of the state that held at ``moment`` in a record's states, oldest first; None when none did."""
    end: datetime | None = None
    for place in range(len(states) - 1, -1, -1):
        state = states[place]
        begin = _begin(state, is_first=place == 0)
        stop = min((time for time in (state.times.valid_to, end) if time is not None), default=None)
        if (begin is None or begin <= moment) and (moment < stop if stop is not None else state.status not in _OVER):
            return place
        end = begin if end is None or (begin is not None and begin < end) else end
    return None


def _begin(state: Record, *, is_first: bool) -> datetime | None:
    times = state.times
    changed = None if is_first else times.updated
    return times.valid_from or changed or times.observed or times.created
