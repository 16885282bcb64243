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
from satchel.codec.packed import Packed
from satchel.errors import InputError
from satchel.formats.capsules import Capsule, Element, Head, is_bookkeeping
from satchel.formats.portable_agent_memory import files, wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.kept import compact
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, Component
from satchel.formats.portable_agent_memory.records import CARRIED, carried_record, carried_uid, entry_records, uid_of
from satchel.formats.portable_agent_memory.residue import CAPSULES, notes_of, riding_in, uid_in
from satchel.formats.portable_agent_memory.rows import Entry
from satchel.formats.portable_agent_memory.spools import Spool
from satchel.limits import Limits
from satchel.model.record import Record

#: Bytes of a frame that are one text: a multiple of three, so that the texts in a row are the base64 of all.
_PIECE_BYTES = 192 << 10


class _Riding(msgspec.Struct):
    """``data``: base64 in pieces; earlier versions wrote it as one."""

    head: Head
    data: list[str] | str


def written(capsules: tuple[Capsule, ...], aside: Spool) -> Iterator[dict[str, Any]]:
    """What stands in the metadata for these capsules; their frames are put aside, and read when somebody looks."""
    for capsule in capsules:
        head: Any = msgspec.to_builtins(capsule.head)
        with capsule.open() as stream:
            places = [aside.put(data) for data in _pieces(stream)]
        yield {"head": head, "data": Packed(places, lambda where: base64.b64encode(aside.get(where)).decode(), run=1)}


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    # A stream may give less than it is asked for, and a piece that is not the last has to be whole.
    while data := stream.read(_PIECE_BYTES):
        while len(data) < _PIECE_BYTES and (more := stream.read(_PIECE_BYTES - len(data))):
            data += more
        yield data


def found(path: Path, limits: Limits) -> list[Capsule]:
    """The capsules in the artifacts at ``path``; of what is none, nothing."""
    capsules = []
    try:
        # Written by us it stands there as it is, in JSON and in CBOR.
        for _, artifact in _artifacts(path, limits, CAPSULES.encode()):
            for value in riding_in(artifact):
                each = msgspec.convert(value, _Riding)
                pieces = [each.data] if isinstance(each.data, str) else each.data
                data = b"".join(base64.b64decode(piece, validate=True) for piece in pieces)
                capsules.append(Capsule(each.head, partial(_opened, data)))
    except (InputError, msgspec.ValidationError, binascii.Error, ValueError):
        return []
    return capsules


def _opened(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def _artifacts(path: Path, limits: Limits, word: bytes = b"") -> Iterator[tuple[str, Artifact]]:
    """The artifacts at ``path`` in whose bytes this word stands."""
    with paused():
        for file in files.files_in(path):
            data = files.read(file, limits)
            if word in data:
                yield file.name, wire.parse(data, limits, file=file.name, packed=True)


def profile_of(path: Path, limits: Limits) -> str:
    """The profile of the artifacts at ``path``, "" where they are of several. Raises InputError."""
    names = {artifact.profile.name for _, artifact in _artifacts(path, limits)}
    return names.pop() if len(names) == 1 else ""


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
