"""``satchel.json``: whence each thing of a package came that Satchel wrote, so that what comes back is known again.

    memories, relations, conversations, attachments    {id or path, owner}: it went out as it came, and is that owner's
                                                       {id or path, uid}: it was made from the record of this uid; with
                                                       {home: true} from one that came in this format

An increment also says it of what it names of its base.

``state`` says which state of which vault it is and under what ``export_id``: from there the next increment goes on.
``capsules`` names the packages of other standards that ride along (``capsules``).

A member of the package beside the three that the format has; other readers pass it over. Anybody may have written it: an owner
that it names is no more than the one that a store names itself, and a uid keeps out nothing but what says the same already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from satchel.codec.arrays import iter_members
from satchel.codec.json_values import decode_unique
from satchel.formats.capsules import Head
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.files import Package
from satchel.formats.portable_ai_memory.space import string
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.limits import Limits
from satchel.model.ids import UID

SCHEMA = "satchel-package"
_CAPSULES = "capsules"
#: The arrays, the kind of thing that each lists, and the member that names it.
_ARRAYS = {
    "memories": ("memory", "id"),
    "relations": ("relation", "id"),
    "conversations": ("conversation", "id"),
    "attachments": ("attachment", "path"),
}


class Origins(NamedTuple):
    """Owners and uids, by kind and name; ``home``: what was made of a record that came in this format."""

    owners: dict[tuple[str, str], str]
    uids: dict[tuple[str, str], str]
    home: set[tuple[str, str]]

    def owners_of(self, kind: str) -> dict[str, str]:
        """The owners of one kind, by name."""
        return {name: owner for (of, name), owner in self.owners.items() if of == kind}


def read(package: Package, limits: Limits, is_there: Callable[[str, str], bool]) -> Origins:
    """What the sidecar says of the things for which ``is_there(kind, name)``; nothing where there is none.

    Raises:
        InputError: it is no such file; what it says is not to be used then.
    """
    origins = Origins({}, {}, set())
    file = package.file(terms.SIDECAR_FILE)
    if file is None:
        return origins
    with file.open("rb") as stream:
        for name, element in iter_members(stream, arrays=frozenset(_ARRAYS), file=file.name, limits=limits):
            if element is None or name not in _ARRAYS:
                continue
            kind, named = _ARRAYS[name]
            value = decode_unique(element.whole(), limits=limits)
            own = string(value, named) if type(value) is dict else ""
            if not own or not is_there(kind, own):
                continue
            if string(value, "owner"):
                origins.owners[kind, own] = value["owner"]
            elif UID.fullmatch(string(value, "uid")):
                origins.uids[kind, own] = value["uid"]
                if value.get("home") is True:
                    origins.home.add((kind, own))
    return origins


class State(msgspec.Struct, frozen=True):
    """Of which state of which vault a package is: its last change, the package's date and id."""

    vault: str
    change: int
    export_date: str
    export_id: str


def state_of(package: Package, limits: Limits) -> State | None:
    """What the sidecar says of the whole; None where it says nothing or there is none.

    Raises:
        InputError: it is no such file.
    """
    file = package.file(terms.SIDECAR_FILE)
    if file is None:
        return None
    with file.open("rb") as stream:
        for name, element in iter_members(stream, arrays=frozenset({*_ARRAYS, "files"}), file=file.name, limits=limits):
            if name == "state" and element is not None:
                try:
                    return msgspec.json.decode(element.whole(), type=State)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    return None
    return None


class Riding(msgspec.Struct, frozen=True):
    """A capsule that rides in the package: its file, and what it holds."""

    path: str
    head: Head


def riding_in(package: Package, limits: Limits) -> list[Riding]:
    """The capsules that the sidecar names.

    Raises:
        InputError: it is no such file.
        msgspec.ValidationError: one is none.
    """
    file = package.file(terms.SIDECAR_FILE)
    if file is None:
        return []
    with file.open("rb") as stream:
        members = iter_members(stream, arrays=frozenset({*_ARRAYS, "files"}), file=file.name, limits=limits)
        for name, element in members:
            if name == _CAPSULES and element is not None:
                return msgspec.json.decode(element.whole(), type=list[Riding])
    return []


class Notes:
    """Collects while a package is written."""

    def __init__(self, spool: Callable[[], IO[bytes]]) -> None:
        self._spools = {kind: spool() for kind, _ in _ARRAYS.values()}
        self._names = dict(_ARRAYS.values())
        self._files = spool()

    def came(self, kind: str, name: str, owner: str) -> None:
        """It goes out as it came from this owner's package."""
        self._note(kind, {self._names[kind]: name, "owner": owner})

    def made(self, kind: str, name: str, uid: str, *, home: bool = False) -> None:
        """It was made from the record of this uid; ``home``: one that came in this format."""
        self._note(kind, {self._names[kind]: name, "uid": uid, **({"home": True} if home else {})})

    def file(self, path: str) -> None:
        """A file is written under a name that somebody else chose."""
        _append(self._files, dump(path))

    def _note(self, kind: str, value: dict[str, Any]) -> None:
        _append(self._spools[kind], dump(value))

    def pieces(self, state: State | None, capsules: Iterable[Riding] = ()) -> Iterator[bytes]:
        """The file."""
        yield b'{"schema":%s,"schema_version":"1"' % dump(SCHEMA)
        if state is not None:
            yield b',\n"state":%s' % msgspec.json.encode(state)
        if riding := list(capsules):
            yield b',\n"%s":%s' % (_CAPSULES.encode(), msgspec.json.encode(riding))
        spools = {name: self._spools[kind] for name, (kind, _) in _ARRAYS.items()}
        for name, spool in {**spools, "files": self._files}.items():
            yield b",\n%s:[" % dump(name)
            spool.seek(0)
            while chunk := spool.read(1 << 20):
                yield chunk
            yield b"\n]"
        yield b"}\n"


def _append(spool: IO[bytes], data: bytes) -> None:
    spool.write(b",\n" if spool.tell() else b"\n")
    spool.write(data)


def files_of(path: Path) -> frozenset[str]:
    """The files that the sidecar of an earlier export says are its own, beside those whose names are of our making.

    Raises:
        InputError: it is no such file.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        members = iter_members(stream, arrays=frozenset({"files"}), file=path.name)
        found = [decode_unique(element.whole()) for name, element in members if name == "files" and element is not None]
    return frozenset(name for name in found if type(name) is str)
