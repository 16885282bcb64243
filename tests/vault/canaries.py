"""Records with a mark in every field of every kind, and a look at every byte of a vault that is not encrypted."""

from __future__ import annotations

import io
import random
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_origin

import msgspec

from satchel.errors import Place
from satchel.model.bodies import BODIES, Citation, Part
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Link, Native, Origin, Original, Provenance, Reading, Record, Times
from satchel.vault.sqlite.store import SqliteStore

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PLATFORM = "made"
_MAGIC = b"\x28\xb5\x2f\xfd"
_MARK = re.compile(rb"zq[0-9a-f]{16}")
_UIDS = {"parent", "current", "blob", "source", "target", "asset"}


class Marks:
    """Marks for one object; each stands nowhere else."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.all: list[str] = []

    def text(self) -> str:
        mark = f"zq{self._chance.getrandbits(64):016x}"
        self.all.append(mark)
        return mark

    def sentence(self) -> str:
        return f"The {self.text()} was told about {self.text()} in some words."


def filled(kind: str, marks: Marks) -> Any:
    """A body of this kind with a mark in each of its fields that can hold text."""
    body = BODIES[kind]
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(body):
        if field.name in _UIDS:
            fields[field.name] = "" if field.required else field.default
        elif field.name in ("value", "data"):
            fields[field.name] = {"deep": [marks.sentence()]}
        elif field.type is str or field.type == "str":
            fields[field.name] = marks.sentence()
        elif get_origin(field.type) is tuple and field.name != "parts":
            fields[field.name] = (marks.sentence(), marks.text())
    if kind == "message":
        citation = Citation(title=marks.text(), url=marks.text(), snippet=marks.text(), marker=marks.text())
        part = {name: marks.sentence() for name in ("text", "name", "call", "language", "media_type", "url", "ref")}
        fields |= {"role": "user", "parts": (Part(type="text", data=[marks.text()], citations=(citation,), **part),)}
    return body(**fields)


def record(kind: str, name: str, marks: Marks, **header: Any) -> Record:
    """A record of this kind whose header is marked too; its uid is of ``name`` alone."""
    return Record(
        uid=make_uid(PLATFORM, kind, name),
        body=filled(kind, marks),
        origin=Origin(format=PLATFORM, version=marks.text(), id=name, kind=f"made.{kind}"),
        times=Times(created=datetime(2026, 1, 2, tzinfo=UTC)),
        provenance=Provenance(platform=PLATFORM, extractor=marks.text(), actor=marks.text()),
        tags=(marks.text(), marks.text()),
        residue={"other": {"said": marks.sentence()}},
        **header,
    )


def single(kind: str, name: str, marks: Marks, *, small: bool, updated: int | None = None, **header: Any) -> Original:
    """An object that is one record; its bytes say more than the record does."""
    made = record(kind, name, marks, **header)
    native = msgspec.json.encode({"record": made, "more": marks.sentence(), marks.text(): 1})
    return Original(
        uid=made.uid,
        kind=f"made.{kind}",
        native=native,
        place=Place(f"{marks.text()}.json"),
        reader="made/1",
        updated=None if updated is None else datetime.fromtimestamp(1_700_000_000 + updated, UTC),
        read=lambda: Reading((made,)),
        small=small,
        strings=lambda: [marks.all[0]],
    )


def talk(name: str, head: Marks, messages: list[Marks], *, file: str, updated: int = 0, **header: Any) -> Original:
    """A conversation in one object, its messages inside it."""
    whole = record("conversation", name, head)
    found = [whole]
    for at, marks in enumerate(messages):
        made = record(
            "message", f"{name}/{at}", marks, links=(Link("part_of", whole.uid),), native=Native(pointer=f"/said/{at}")
        )
        body = msgspec.structs.replace(made.body, position=at)
        found.append(msgspec.structs.replace(made, body=body))
    native = msgspec.json.encode({"head": whole, "said": [{"it": message} for message in found[1:]]})
    return Original(
        uid=whole.uid,
        kind="made.conversation",
        native=native,
        place=Place(file),
        reader="made/1",
        updated=datetime.fromtimestamp(1_700_000_000 + updated, UTC),
        read=lambda: Reading(tuple(found)),
    )


def asset(name: str, marks: Marks) -> Asset:
    """A file with its record; the bytes are marked."""
    data = marks.sentence().encode() * 50
    return Asset(
        record=record("document", name, marks),
        place=Place(f"{marks.text()}.bin"),
        size_bytes=len(data),
        open=lambda: io.BytesIO(data),
    )


def residue(folder: Path, marks: list[str], store: SqliteStore | None = None) -> set[str]:
    """The marks that stand anywhere in the files of a folder or, inflated, in any value of the database."""
    wanted = set(marks)
    found: set[str] = set()
    for data in _all_bytes(folder, store):
        found |= wanted.intersection(mark.decode() for mark in _MARK.findall(data))
        # Also as UTF-16, which halves nothing but the zeros.
        if b"z\0q\0" in data:
            found |= wanted.intersection(mark.decode() for mark in _MARK.findall(data.replace(b"\0", b"")))
    return found


def _all_bytes(folder: Path, store: SqliteStore | None) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield data
            # What lies in pages that nothing points at any more.
            at = data.find(_MAGIC)
            while at >= 0:
                yield _inflated(data[at : at + (1 << 16)])
                at = data.find(_MAGIC, at + 1)
    if store is not None:
        for (name,) in store.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            if name in ("text_index", "aside_index"):
                continue
            for row in store.connection.execute(f'SELECT * FROM "{name}"'):
                for value in row:
                    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
                    if isinstance(data, bytes):
                        yield data
                        if data[:4] == _MAGIC:
                            yield _inflated(data)


def _inflated(data: bytes) -> bytes:
    try:
        return zstd.ZstdDecompressor().decompress(data)
    except zstd.ZstdError:
        return b""
