"""Findings: what a reader or a validator met. Data for a surface to print, never an exception and never a print."""

from __future__ import annotations

from typing import Literal

import msgspec

from satchel.errors import Place, SatchelError

Severity = Literal["error", "warning", "info"]
#: What became of the part: it was left out, read with something changed, or only noticed.
Outcome = Literal["skipped", "changed", "noticed"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to tell: a stable code, how bad, where, and a sentence without any of the person's content."""

    code: str
    severity: Severity
    text: str
    place: Place = Place()
    outcome: Outcome = "noticed"
    #: How many parts this one finding speaks for (many alike are told once).
    count: int = 1


def from_error(error: SatchelError, *, outcome: Outcome = "skipped", place: Place | None = None) -> Finding:
    """The finding that says what ``error`` says, for a reader that goes on after it."""
    hint = f" ({error.hint})" if error.hint else ""
    return Finding(
        code=error.code,
        severity="error",
        text=error.message + hint,
        place=error.place or place or Place(),
        outcome=outcome,
    )


def erased(place: Place, uid: str) -> Finding:
    """That a record was kept out because it had been erased; ``uid`` is the one by which it can be let in after all."""
    text = f"a tombstone in the vault forbids it; it was not taken (--allow-erased {uid[:12]} takes it)"
    return Finding("erased", "info", text, place, "skipped")
