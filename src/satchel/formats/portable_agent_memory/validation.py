"""Validating an artifact's file: findings, never an exception for what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from satchel.errors import InputError, Place
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.faults import from_error
from satchel.formats.portable_agent_memory.files import load
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding


def validate(path: Path, limits: Limits = DEFAULT) -> Iterator[Finding]:
    """Everything wrong or doubtful with the artifact at ``path``, as its own profile has it; the codes are the protocol's."""
    try:
        if not path.is_file():
            yield Finding("unreadable", "error", "is no file", Place(file=path.name))
            return
        artifact = load(path, limits)
    except InputError as error:
        yield from_error(error, path.name).finding()
        return
    except ValueError:
        # A path with a NUL in it is no path to the system.
        yield Finding("unreadable", "error", "cannot be read: not a path")
        return
    for fault in check(artifact, limits).faults_in(path.name):
        yield fault.finding()
