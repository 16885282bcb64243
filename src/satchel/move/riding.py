"""What rides in a package of one standard of the others, so that the way back gives their bytes (``formats.capsules``).

Of a conversion, the packages that were given, as they are. Of a vault, what came in the other standards, as it would go home.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

import msgspec

from satchel.errors import OutputError
from satchel.formats import registry as formats
from satchel.formats.base import Format, LogEntry, Reader, Selection, State, WriteOptions, Written
from satchel.formats.capsules import Capsule, Carrier, pack
from satchel.limits import DEFAULT, Limits
from satchel.model.record import Record
from satchel.trust.age import begins_age
from satchel.vault.store import Store

#: The standards whose packages ride, and what a package of each is called.
_NAMES = {"portable-memory": "memory.mem", "portable-ai-memory": "memory", "portable-agent-memory": "memory"}
_NOT_THERE = "it does not ride: the export is encrypted or without identifiers, or it is no package by itself"


class Riding(NamedTuple):
    """The capsules, and the formats of what cannot ride."""

    capsules: tuple[Capsule, ...] = ()
    left: tuple[str, ...] = ()

    def within(self, options: WriteOptions) -> WriteOptions:
        """The options with which a writer takes the capsules along."""
        return msgspec.structs.replace(options, capsules=self.capsules) if self.capsules else options

    def tell(self, written: Written) -> None:
        """Tell the ledger of what was written."""
        for capsule in self.capsules:
            written.ledger.field(capsule.head.format, "package", "carried", "residue", "rides along, for the way back")
        for name in self.left:
            written.ledger.field(name, "package", "lost", "no-residue", _NOT_THERE)


def of_packages(
    packages: Sequence[tuple[Path, Reader]],
    writer: Format,
    options: WriteOptions,
    selection: Selection,
    stack: ExitStack,
    limits: Limits,
) -> Riding:
    """What rides of these packages in what ``writer`` writes. ``stack`` holds it."""
    capsules: list[Capsule] = []
    left: list[str] = []
    for path, reader in packages:
        own = cast(Format, reader).info.name
        if own == writer.info.name or not isinstance(writer, Carrier):
            continue
        if not _may_ride(options) or begins_age(path):
            left.append(own)
        else:
            capsules.append(_packed(path, own, options, selection, stack, limits))
    return Riding(tuple(capsules), tuple(left))


def of_vault(store: Store, writer: Format, options: WriteOptions, selection: Selection, stack: ExitStack) -> Riding:
    """What rides of a whole vault: of a part of it, of its past or of an increment, nothing does."""
    if not isinstance(writer, Carrier) or not selection.state.vault or options.since is not None:
        return Riding()
    names = [name for name in _NAMES if name != writer.info.name and name in store.platforms()]
    if not _may_ride(options):
        return Riding(left=tuple(names))
    capsules: list[Capsule] = []
    left: list[str] = []
    for name in names:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="satchel-residue-")))
        path = folder / _NAMES[name]
        try:
            formats.get(name).write(cast(Selection, _Only(selection, name)), path)
        except OutputError:
            # What cannot go home by itself (an artifact without an entry) cannot ride; the ledger tells.
            left.append(name)
            continue
        capsules.append(_packed(path, name, options, selection, stack, DEFAULT))
    return Riding(tuple(capsules), tuple(left))


def _may_ride(options: WriteOptions) -> bool:
    return options.recipients is None and not options.strip_identifiers


def _packed(path: Path, name: str, options: WriteOptions, selection: Selection, stack: ExitStack, limits: Limits) -> Capsule:
    spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    made, owner = selection.changed_at, selection.owner_id
    head = pack(path, spool, format=name, made=made, owner=owner, profile=options.profile, limits=limits)
    return Capsule(head, partial(_again, spool))


def _again(spool: IO[bytes]) -> BinaryIO:
    """The spooled bytes from the first one, in a stream whose end leaves the spool open."""
    spool.seek(0)
    return cast(BinaryIO, _Lent(spool))


class _Lent:
    """A stream that is read and not closed."""

    def __init__(self, inner: IO[bytes]) -> None:
        self.read = inner.read

    def close(self) -> None:
        pass

    def __enter__(self) -> _Lent:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class _Only:
    """Of a selection, what came in one format, as a ``formats.base.Selection``."""

    def __init__(self, selection: Selection, format: str) -> None:
        self._selection = selection
        self._format = format

    def __getattr__(self, name: str) -> object:
        return getattr(self._selection, name)

    @property
    def changed_at(self) -> datetime:
        return self._selection.changed_at

    @property
    def state(self) -> State:
        # Nobody goes on from it.
        return State("", 0)

    def log(self, after: int = 0) -> Iterator[LogEntry]:  # noqa: ARG002
        return iter(())

    def records(self, *kinds: str, not_from: str = "", after: int = 0) -> Iterator[Record]:
        if not_from == self._format:
            return iter(())
        return (record for record in self._selection.records(*kinds, after=after) if record.origin.format == self._format)

    def messages(self, conversation: str) -> Iterator[Record]:
        return (record for record in self._selection.messages(conversation) if record.origin.format == self._format)

    def get(self, uid: str) -> Record | None:
        record = self._selection.get(uid)
        return record if record is not None and record.origin.format == self._format else None
