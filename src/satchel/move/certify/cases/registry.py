"""The list of cases, in the order in which they are run."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from satchel.move.certify.probe import Probe

Run = Callable[[Probe], None]


class Case(msgspec.Struct, frozen=True):
    """``family`` is the letter of dossier section 11, or ``L0-``, ``L1-``, ``L3-`` for the levels of section 8."""

    id: str
    family: str
    title: str
    run: Run


CASES: dict[str, Case] = {}


def case(id: str, title: str) -> Callable[[Run], Run]:
    """Register a function as the case ``id``; it notes failures on the probe, and returning without any is a pass."""

    def register(run: Run) -> Run:
        found = re.fullmatch(r"(L\d-|[A-M])\d+", id)
        assert found and id not in CASES
        CASES[id] = Case(id, found[1], title, run)
        return run

    return register
