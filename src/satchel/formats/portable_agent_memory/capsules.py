"""Capsules in an artifact: in ``metadata.satchel.capsules``, each its head and its frame in base64; a seal covers them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from satchel.codec.collector import paused
from satchel.errors import InputError
from satchel.formats.capsules import Capsule, Element, Head, is_bookkeeping
from satchel.formats.portable_agent_memory import files, reader, wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.kept import compact
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, Component
from satchel.formats.portable_agent_memory.records import CARRIED, carried_record, carried_uid, entry_records, uid_of
from satchel.formats.portable_agent_memory.residue import notes_of, riding_in, uid_in
from satchel.formats.portable_agent_memory.rows import Entry
from satchel.limits import Limits
from satchel.model.record import Record


class _Riding(msgspec.Struct):
    head: Head
    data: str


def written(capsules: tuple[Capsule, ...]) -> Iterator[dict[str, Any]]:
    """What stands in the metadata for these capsules."""
    for capsule in capsules:
        with capsule.open() as stream:
            data = base64.b64encode(stream.read()).decode()
        head: Any = msgspec.to_builtins(capsule.head)
        yield {"head": head, "data": data}


def found(path: Path, limits: Limits) -> list[Capsule]:
    """The capsules in the artifacts at ``path``; of what is none, nothing."""
    capsules = []
    try:
        for _, artifact in _artifacts(path, limits):
            for value in riding_in(artifact):
                each = msgspec.convert(value, _Riding)
                data = base64.b64decode(each.data, validate=True)
                capsules.append(Capsule(each.head, partial(_opened, data)))
    except (InputError, msgspec.ValidationError, binascii.Error, ValueError):
        return []
    return capsules


def _opened(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _artifacts(path: Path, limits: Limits) -> Iterator[tuple[str, Artifact]]:
    with paused():
        for file in reader.files_in(path):
            yield file.name, wire.parse(files.read(file, limits), limits, file=file.name)


def elements(path: Path, limits: Limits) -> Iterator[Element]:
    """The entries of the artifacts at ``path``, without the residue of single ones. Raises InputError."""
    places: dict[str, int] = {}
    for _, artifact in _artifacts(path, limits):
        said_beside = notes_of(artifact)
        notes = said_beside.entries
        for component in COMPONENTS:
            for entry in artifact.entries(component):
                own = entry["id"]
                place = places[component] = places.get(component, -1) + 1
                said = entry.get(OURS) if artifact.profile.nested else notes.get(own)
                of = uid_in(said) if type(said) is dict else ""
                yield Element(uid_of(own), component, place, own.encode(), of, partial(_records, component, entry, artifact))
        yield from (_beside(value) for value in said_beside.records if uid_in(value) and not is_bookkeeping(value))


def _beside(value: dict[str, Any]) -> Element:
    """A record that rides without an entry."""
    of = uid_in(value)
    digest = hashlib.blake2b(compact(value), digest_size=16).digest()

    def read() -> tuple[Record, ...]:
        record = carried_record(value, "imported", carried_uid(of), lambda uid: uid)
        return () if record is None else (record,)

    return Element(carried_uid(of), CARRIED, 0, digest, of, read)


def _records(component: Component, entry: Entry, artifact: Artifact) -> tuple[Record, ...]:
    return entry_records(
        component,
        entry,
        artifact.profile,
        came_in=artifact.profile,
        plain=None,
        residue={},
        trust="imported",
        target=uid_of,
        resolve=lambda uid: uid,
    )
