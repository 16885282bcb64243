"""Validating an artifact's file: findings, never an exception for what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from satchel.errors import InputError, Place
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.faults import from_error
from satchel.formats.portable_agent_memory.files import files_in, load
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding


def validate(path: Path, limits: Limits = DEFAULT) -> Iterator[Finding]:
    """Everything wrong or doubtful with the artifact at ``path``, or with each of those in the folder, as its own profile has
    it; the codes are the protocol's."""
    try:
        if not path.is_dir():
            yield from _validated(path, path.name, limits)
            return
        found = files_in(path)
        if not found:
            yield Finding("unreadable", "error", "there is no artifact in the folder", Place(file=path.name))
        for file in found:
            yield from _validated(file, f"{path.name}/{file.name}", limits)
    except InputError as error:
        yield from_error(error, path.name).finding()
    except ValueError:
        # A path with a NUL in it is no path to the system.
        yield Finding("unreadable", "error", "cannot be read: not a path")


def _validated(path: Path, name: str, limits: Limits) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding("unreadable", "error", "is no file", Place(file=name))
        return
    try:
        artifact = load(path, limits)
    except InputError as error:
        finding = from_error(error, name).finding()
        yield replace(finding, place=replace(finding.place, file=name))
        return
    for fault in check(artifact, limits).faults_in(name):
        yield fault.finding()
