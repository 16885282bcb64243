"""Capsules in a package: a file each in ``satchel/``, named by the sidecar with its SHA-256."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from satchel.errors import InputError
from satchel.formats.base import NOTHING
from satchel.formats.capsules import Capsule, Element
from satchel.formats.folder import Files
from satchel.formats.portable_ai_memory import reader, sidecar, terms
from satchel.formats.portable_ai_memory.files import opened
from satchel.formats.portable_ai_memory.sidecar import Riding
from satchel.formats.portable_ai_memory.space import FORMAT_NAME
from satchel.formats.portable_ai_memory.verify import is_capsule
from satchel.limits import Limits
from satchel.model.record import Asset, Original, Record
from satchel.trust.age import begins_age

_CHUNK_BYTES = 1 << 20
#: What a package says of itself as a whole changes with every writing.
_WHOLE = ("export", "index")


class _Named(msgspec.Struct):
    id: str = ""


def write_capsules(folder: Files, capsules: tuple[Capsule, ...]) -> Iterator[Riding]:
    """Write the files of these capsules; what the sidecar says of each."""
    for number, capsule in enumerate(capsules, 1):
        path = f"{terms.CAPSULES_FOLDER}/{number}{terms.CAPSULE_SUFFIX}"
        with folder.create(path) as sink, capsule.open() as stream:
            shutil.copyfileobj(stream, sink, _CHUNK_BYTES)
        yield Riding(path, capsule.head)


def found(path: Path, limits: Limits) -> list[Capsule]:
    """The capsules in the package at ``path``; none where the sidecar is none, or it is encrypted."""
    try:
        if begins_age(path):
            return []
        with opened(path, limits) as package:
            riding = sidecar.riding_in(package, limits)
    except (InputError, msgspec.MsgspecError, UnicodeDecodeError):
        return []
    return [Capsule(each.head, partial(_open, path, each.path, limits)) for each in riding if is_capsule(each.path)]


def _open(path: Path, name: str, limits: Limits) -> BinaryIO:
    """The frame. Raises InputError."""
    with ExitStack() as stack:
        file = stack.enter_context(opened(path, limits)).file(name)
        if file is None:
            raise InputError(f"{name} is missing: the residue cannot be read")
        stream = file.open("rb")
        return cast(BinaryIO, _Closing(stream, stack.pop_all()))


class _Closing:
    """A stream that closes what it lies in."""

    def __init__(self, stream: BinaryIO, stack: ExitStack) -> None:
        self._stream = stream
        self._stack = stack

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
        self._stack.close()

    def __enter__(self) -> _Closing:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def elements(path: Path, limits: Limits) -> Iterator[Element]:
    """What the package at ``path`` says, but for its index and what it says of itself. Raises InputError."""
    with opened(path, limits) as package:
        try:
            origins = sidecar.read(package, limits, lambda _kind, _name: True)
        except InputError:
            origins = sidecar.Origins({}, {}, set())
    places: dict[str, int] = {}
    for item in reader.read(path, limits=limits, known=NOTHING):
        if isinstance(item, Asset):
            hashed = hashlib.blake2b(digest_size=16)
            with item.open() as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    hashed.update(chunk)
            digest = hashed.digest()
            found = Element(item.record.uid, "attachment", 0, digest, "", partial(tuple, (item.record,)))
            named = item.record.origin.id
        elif isinstance(item, Original) and item.kind.removeprefix(f"{FORMAT_NAME}.") not in _WHOLE:
            digest = hashlib.blake2b(item.native, digest_size=16).digest()
            group = item.kind.removeprefix(f"{FORMAT_NAME}.")
            found = Element(item.uid, group, 0, digest, "", partial(_records, item))
            named = msgspec.json.decode(item.native, type=_Named).id
        else:
            continue
        place = places[found.group] = places.get(found.group, -1) + 1
        yield msgspec.structs.replace(found, place=place, of=origins.uids.get((found.group, named), ""))


def _records(original: Original) -> tuple[Record, ...]:
    return original.read().records
