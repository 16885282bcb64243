"""Capsules in a bundle: lines of a vendor's kind, so that the manifest covers them and other readers carry them on.

A line with the head of a capsule, then lines with its frame, piece by piece in base64.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from satchel.codec import canonical
from satchel.codec.streams import Stream, buffered
from satchel.errors import InputError, MalformedInput, Place
from satchel.formats.base import NOTHING
from satchel.formats.capsules import Capsule, Element, Head, is_bookkeeping
from satchel.formats.portable_memory import reader
from satchel.formats.portable_memory.bundle import Bundle
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.lens import CARRIED, FOREIGN_KIND, FORMAT_NAME
from satchel.formats.portable_memory.lines import HashedLines
from satchel.formats.portable_memory.records import native_record
from satchel.limits import Limits
from satchel.model.ids import UID
from satchel.model.record import Original, Record

KIND = reader.CAPSULE
PATH = f"items/{KIND}.jsonl"
_PIECE_BYTES = 192 << 10


class _Piece(msgspec.Struct):
    data: str


def lines(capsules: tuple[Capsule, ...]) -> Iterator[bytes]:
    """The lines of these capsules."""
    for number, capsule in enumerate(capsules, 1):
        head: Any = msgspec.to_builtins(capsule.head)
        yield canonical.encode({"id": f"capsule-{number}", "head": head}, "mem")
        with capsule.open() as stream:
            count = 0
            while piece := stream.read(_PIECE_BYTES):
                count += 1
                data = base64.b64encode(piece).decode()
                yield canonical.encode({"id": f"capsule-{number}-{count}", "data": data}, "mem")


def found(path: Path, limits: Limits) -> list[Capsule]:
    """The capsules in the bundle at ``path``; of lines that are none, nothing."""
    heads: list[Capsule] = []
    try:
        with Bundle(path, limits) as bundle, bundle.open(PATH) as stream:
            for number, (_, line) in enumerate(HashedLines(stream, PATH, limits)):
                if not line.startswith(b'{"head":'):
                    continue
                value = msgspec.json.decode(line)
                head = msgspec.convert(value.get("head") if type(value) is dict else None, Head)
                heads.append(Capsule(head, lambda at=number: _open(path, at, limits)))  # type: ignore[misc]
    except (InputError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    return heads


def _open(path: Path, at: int, limits: Limits) -> BinaryIO:
    return buffered(_Pieces(path, at, limits))


class _Pieces(Stream):
    """The frame behind the head that is line ``at``."""

    def __init__(self, path: Path, at: int, limits: Limits) -> None:
        self._found = self._pieces(path, at, limits)
        self._left = io.BytesIO()

    def _next(self, size: int) -> bytes:
        while not (data := self._left.read(size)):
            piece = next(self._found, None)
            if piece is None:
                return b""
            self._left = io.BytesIO(piece)
        return data

    @staticmethod
    def _pieces(path: Path, at: int, limits: Limits) -> Iterator[bytes]:
        place = Place(file=PATH)
        with Bundle(path, limits) as bundle, bundle.open(PATH) as stream:
            for number, (_, line) in enumerate(HashedLines(stream, PATH, limits)):
                if number <= at or not line.strip():
                    continue
                try:
                    yield base64.b64decode(msgspec.json.decode(line, type=_Piece).data, validate=True)
                except msgspec.ValidationError:
                    # The next head.
                    return
                except (msgspec.DecodeError, ValueError):
                    raise MalformedInput("a piece of the residue is damaged", place=place) from None


def elements(path: Path, limits: Limits) -> Iterator[Element]:
    """The rows of the bundle at ``path``. Raises InputError."""
    places: dict[str, int] = {}
    for item in reader.read(path, limits=limits, known=NOTHING):
        if not isinstance(item, Original):
            continue
        group = item.kind.removeprefix(f"{FORMAT_NAME}.")
        if group == FOREIGN_KIND and is_bookkeeping(msgspec.json.decode(item.native)):
            continue
        place = places[group] = places.get(group, -1) + 1
        digest = hashlib.blake2b(item.native, digest_size=16).digest()
        yield Element(item.uid, group, place, digest, _of(group, item.native), partial(_records, group, item))


def _records(kind: str, item: Original) -> tuple[Record, ...]:
    """What a row says by itself: other writers drop what rides in it."""
    if kind not in KINDS:
        return item.read().records
    row = {name: value for name, value in msgspec.json.decode(item.native).items() if name != CARRIED}
    return (native_record(kind, row, item.uid),)


def _of(kind: str, line: bytes) -> str:
    """The uid of the record that a row was written from, as it says."""
    if b'"satchel":' not in line and kind != FOREIGN_KIND:
        return ""
    row = msgspec.json.decode(line)
    carried = row if kind == FOREIGN_KIND else row.get(CARRIED) if kind in KINDS else None
    uid = carried.get("uid") if type(carried) is dict else None
    return uid if type(uid) is str and UID.fullmatch(uid) else ""
