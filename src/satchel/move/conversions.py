"""From any input that Satchel reads to any format that it writes, without the person's vault.

Where the target lets conversations be written as they are read, and nothing needs merging, they are (``straight``). Else what
comes in passes through a vault of its own, under a key that nobody keeps, removed at the end: so a conversion reads, merges and
writes by the same rules as an import and an export, and holds no more in memory than they do.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from satchel.errors import UsageError
from satchel.formats import registry as formats
from satchel.formats.base import PLAIN, LogEntry, State, WriteOptions, Written
from satchel.formats.base import Progress as Writing
from satchel.limits import DEFAULT, Limits
from satchel.move import straight
from satchel.move.exports import VaultSelection
from satchel.move.imports import Progress as Reading
from satchel.move.imports import recognised
from satchel.move.passage import HEADS, owner_of
from satchel.trust.age import NOBODY, Identities
from satchel.vault.folder import trial_vault
from satchel.vault.store import Store
from satchel.vault.values import Batch


class Conversion(msgspec.Struct, frozen=True):
    """What was read, as an import tells it, and what was written."""

    read: Batch
    written: Written


class _Converted(VaultSelection):
    """What was read, on its way out. There is no vault behind it: whose it is shows from the input, when it is, from the clock
    or from SOURCE_DATE_EPOCH (reproducible-builds.org), so that a conversion can be repeated byte for byte."""

    def __init__(self, store: Store, read: Batch, digests: Sequence[str], *, strip_identifiers: bool) -> None:
        super().__init__(store)
        self._read = read
        self._digests = [*digests, *(edition.digest for edition in store.editions())]
        self._strip = strip_identifiers

    @functools.cached_property
    def owner_id(self) -> str:
        """See ``passage.owner_of``."""
        seen: set[tuple[str, str, str]] = set()
        for record in () if self._strip else self._store.records(*HEADS):
            seen.add((record.origin.space, record.provenance.platform, record.provenance.account))
            if len(seen) > 1:
                break
        return owner_of(seen, self._digests)

    @property
    def changed_at(self) -> datetime:
        return self._read.at

    @property
    def state(self) -> State:
        # Nothing can be exported since: what is behind it is gone.
        return State("", 0)

    def log(self, after: int = 0) -> Iterator[LogEntry]:  # noqa: ARG002
        """Empty: what the passing vault did is nobody's history."""
        return iter(())


def convert(
    paths: Sequence[Path],
    target: Path,
    *,
    format: str,
    adapter: str = "",
    account: str = "",
    limits: Limits = DEFAULT,
    reading: Reading | None = None,
    writing: Writing | None = None,
    options: WriteOptions = PLAIN,
    accept_invalid_signature: bool = False,
    identities: Identities = NOBODY,
) -> Conversion:
    """Write what is in ``paths`` into ``target``. See ``move.imports.recognised`` and ``formats.base.Format.write``.

    Raises:
        NotRecognised, InputError: the input cannot be read; nothing was written.
        UsageError: no such format or option, or the target is the input.
        OutputError: the target cannot be written; nothing of it was.
    """
    writer = formats.get(format)
    if options.since is not None:
        raise UsageError("a conversion has no earlier state that it could be since")
    _refuse_input(paths, target)
    at = _epoch()
    shown = straight.Shown(reading, writing)
    with contextlib.ExitStack() as stack:
        with recognised(paths, adapter=adapter, limits=limits, progress=shown, identities=identities) as export:
            done = straight.convert(export, writer, target, account=account, at=at, shown=shown, options=options)
            if done is not None:
                return Conversion(*done)
            store = stack.enter_context(trial_vault())
            batch = export.into(
                store, account=account, progress=shown, accept_invalid_signature=accept_invalid_signature, at=at
            )
            digests = [file.sha256 for file in export.files]
        selection = _Converted(store, batch, digests, strip_identifiers=options.strip_identifiers)
        return Conversion(batch, writer.write(selection, target, progress=shown.wrote, options=options))


def _refuse_input(paths: Sequence[Path], target: Path) -> None:
    out = target.resolve()
    for path in paths:
        if str(path) != "-" and (path.resolve() == out or path.resolve() in out.parents or out in path.resolve().parents):
            raise UsageError(f"{target} is, holds or lies in the input {path}", hint="name another target")


def _epoch() -> datetime | None:
    """The time that SOURCE_DATE_EPOCH gives; None where it is not set."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    try:
        if not (text.isascii() and text.isdecimal()):
            raise ValueError
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "SOURCE_DATE_EPOCH is no number of seconds since 1970", hint="unset it, or give a whole number"
        ) from None
