"""The fields of a record by name: ``body.text``, ``times.created``, ``tags``. The loss ledger speaks of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from satchel.model.record import Record

_SECTIONS = frozenset({"access", "body", "provenance", "times"})
#: Members that say which record it is, or that the vault gives it: none that a format could lose.
_OURS = frozenset({"uid", "origin", "native", "touched", "kind", "recorded"})


def fields_of(record: Record) -> tuple[str, ...]:
    """The fields in which a record says something: those that are not at their default; sorted."""
    return named(msgspec.to_builtins(record, builtin_types=(datetime,)))


def named(value: Mapping[str, Any]) -> tuple[str, ...]:
    """The same of a record's members as JSON."""
    found: list[str] = []
    for name, item in value.items():
        if name in _OURS:
            continue
        if name in _SECTIONS:
            found += [f"{name}.{member}" for member in item if member not in _OURS]
        else:
            found.append(name)
    found.sort()
    return tuple(found)
