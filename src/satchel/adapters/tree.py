"""A talk's messages as a tree: parents before children, circles cut, the newest leaf. Nothing here recurses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from satchel.adapters.notes import Notes
from satchel.model.bodies import Message
from satchel.model.record import Record

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def parent_first(parents: list[int], notes: Notes) -> list[int]:
    """The array's order, changed only so that a parent comes before its child; ``parents`` loses its cycles.

    Args:
        parents: the index of each message's parent, -1 for a root.
    """
    if all(parent < i for i, parent in enumerate(parents)):
        return list(range(len(parents)))
    order: list[int] = []
    placed = [False] * len(parents)
    on_path = [False] * len(parents)
    for start in range(len(parents)):
        path: list[int] = []
        at = start
        while at >= 0 and not placed[at] and not on_path[at]:
            on_path[at] = True
            path.append(at)
            at = parents[at]
        if at >= 0 and not placed[at]:
            parents[path[-1]] = -1
            notes.add("parent-cycle", "messages answer one another in a circle; it was cut", "warning", "changed")
        for at in reversed(path):
            placed[at] = True
            order.append(at)
    return order


def newest_leaf(records: Sequence[Record]) -> str:
    """The message that nobody answered with the newest time; ties go to the later one. "" without messages."""
    answered = {record.body.parent for record in records if isinstance(record.body, Message)}
    best, best_time = "", _LONG_AGO
    for record in records:
        if isinstance(record.body, Message) and record.uid not in answered:
            moment = record.times.created or _LONG_AGO
            if moment >= best_time:
                best, best_time = record.uid, moment
    return best
