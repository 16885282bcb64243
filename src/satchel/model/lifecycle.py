"""The life of a statement: from which status it may pass to which (Portable AI Memory 7.1; dossier 5.2).

    active      → superseded  deprecated  retracted  archived
    superseded  → archived
    deprecated  → retracted  archived
    retracted, archived   stay

What the text leaves open is decided so: whoever changes a status is held to the table (``changed``); a merge takes the status
that comes in and reports the step that is none (``is_step``); and what a person retracted they may restore (``restored``),
which is ours and not the format's.
"""

from __future__ import annotations

from collections.abc import Mapping

from satchel.errors import UsageError
from satchel.model.record import Status

STEPS: Mapping[Status, frozenset[Status]] = {
    "active": frozenset({"superseded", "deprecated", "retracted", "archived"}),
    "superseded": frozenset({"archived"}),
    "deprecated": frozenset({"retracted", "archived"}),
    "retracted": frozenset(),
    "archived": frozenset(),
}


def is_step(now: Status, then: Status) -> bool:
    """Whether the table has the step; to stay as it is counts as one."""
    return now == then or then in STEPS[now]


def changed(now: Status, then: Status) -> Status:
    """The status after a change from ``now`` to ``then``.

    Raises:
        UsageError: the table has no such step.
    """
    if is_step(now, then):
        return then
    ways = sorted(STEPS[now])
    hint = f"it can become {', '.join(ways)}" if ways else "it stays as it is"
    if now == "retracted" and then == "active":
        hint = "restoring it is a step of its own"
    raise UsageError(f"what is {now} cannot become {then}", hint=hint)


def restored(now: Status) -> Status:
    """``active``, for what was retracted: an undo that the format does not know (dossier 5.2).

    Raises:
        UsageError: it is not retracted.
    """
    if now != "retracted":
        raise UsageError(f"only what is retracted can be restored, and this is {now}")
    return "active"
