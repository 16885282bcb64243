"""From any input that Satchel reads to any format that it writes, without the person's vault.

Where the target lets conversations be written as they are read, and nothing needs merging, they are (``straight``). Else what
comes in passes through a vault of its own, under a key that nobody keeps, removed at the end: so a conversion reads, merges and
writes by the same rules as an import and an export, and holds no more in memory than they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from satchel.errors import UsageError
from satchel.formats import registry as formats
from satchel.formats.base import PLAIN, WriteOptions, Written
from satchel.formats.base import Progress as Writing
from satchel.formats.capsules import Profiled
from satchel.limits import DEFAULT, Limits
from satchel.model.ledger import Ledger, Witness
from satchel.move import straight
from satchel.move.exports import format_of, tell_tombstones
from satchel.move.homecoming import lay_out
from satchel.move.imports import Export, recognised
from satchel.move.imports import Progress as Reading
from satchel.move.ledgers.arriving import Arrivals
from satchel.move.ledgers.digests import of_path, of_sources
from satchel.move.ledgers.document import LedgerEnd
from satchel.move.ledgers.writing import Wanted, begun, told_options
from satchel.move.passing import Passing, epoch
from satchel.move.restoring import Restoring
from satchel.move.riding import Riding, of_packages
from satchel.trust.age import NOBODY, Identities
from satchel.vault.values import Batch

if TYPE_CHECKING:
    from satchel.move.semantic import Embedder, Semantic


class Conversion(msgspec.Struct, frozen=True):
    """What was read, as an import tells it, what was written, and what the ledger says of it but its records."""

    read: Batch
    written: Written
    ledger: dict[str, Any] | None = None
    #: None where it was not asked for, where the format cannot be read back, and where the very files came home.
    semantic: Semantic | None = None


class Verifying(msgspec.Struct, frozen=True):
    """That a conversion is to be checked, and the third tier's model; None leaves that tier out."""

    embedder: Embedder | None = None


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
    residue: bool = True,
    ledger: Wanted | None = None,
    verify: Verifying | None = None,
) -> Conversion:
    """Write what is in ``paths`` into ``target``. See ``move.imports.recognised`` and ``formats.base.Format.write``.

    A package that comes home to the format which it was written from, as nobody edited it since, comes home as its very bytes.

    Args:
        residue: let packages of another standard ride along, so that the way back gives their bytes.
        ledger: where to write what became of each record.
        verify: read back what was written and hold it against what was read; what is found is told and takes nothing back.

    Raises:
        NotRecognised, InputError: the input cannot be read; nothing was written.
        UsageError: no such format or option, or the target is the input.
        OutputError: the target cannot be written; nothing of it was.
    """
    writer = formats.get(format)
    if options.since is not None:
        raise UsageError("a conversion has no earlier state that it could be since")
    _refuse_input(paths, target)
    at = epoch()
    shown = straight.Shown(reading, writing)
    said = told_options(options, adapter=adapter)
    with (
        begun(ledger, *paths, target, operation="convert", options=said, made=at) as told,
        recognised(paths, adapter=adapter, limits=limits, progress=shown, identities=identities) as export,
    ):
        reading_ledger = Ledger(told)
        done = _home(export, format, target, limits, told, options)
        if done is None and told is None and verify is None:
            straightly = straight.convert(export, writer, target, account=account, at=at, shown=shown, options=options)
            done = None if straightly is None else Conversion(*straightly)
        if done is None:
            from satchel.vault.folder import trial_vault

            with trial_vault() as store, ExitStack() as stack:
                batch = export.into(
                    store,
                    account=account,
                    progress=shown,
                    accept_invalid_signature=accept_invalid_signature,
                    at=at,
                    arrivals=Arrivals(reading_ledger, everything=False) if told is not None else None,
                )
                store.only_read()
                digests = [file.sha256 for file in export.files]
                selection = Passing(store, batch.at, digests, strip_identifiers=options.strip_identifiers)
                riding = Riding()
                if residue:
                    riding = of_packages(export.packages, writer, options, selection, stack, limits)
                options = riding.within(msgspec.structs.replace(options, witness=told))
                written = writer.write(selection, target, progress=shown.wrote, options=options)
                riding.tell(written)
                tell_tombstones(store, format, written.ledger)
                semantic = None
                if verify is not None:
                    from satchel.move.verified import verified

                    semantic = verified(store, writer, target, written.ledger, embedder=verify.embedder, limits=limits)
                done = Conversion(batch, written, semantic=semantic)
        if told is None or ledger is None:
            return done
        source = LedgerEnd(formats=export.formats, files=of_sources(paths, export.files))
        end = LedgerEnd(formats=(format_of(writer),), files=(of_path(target),))
        lines = sorted([*reading_ledger.lines(), *done.written.ledger.lines()])
        return msgspec.structs.replace(done, ledger=told.finish(lines, source, end, ledger.key))


def _home(
    export: Export, format: str, target: Path, limits: Limits, witness: Witness | None, options: WriteOptions
) -> Conversion | None:
    """The only package of the input written home as the very files that it was, where ``target`` is named for that, and nothing
    else is asked for than the profile that it has."""
    if len(export.packages) != 1 or export.files or msgspec.structs.replace(options, profile="") != PLAIN:
        return None
    reader = export.packages[0][1]
    found = reader.home(format) if isinstance(reader, Restoring) else None
    if found is None:
        return None
    path, head, batch = found
    if options.profile:
        own = formats.get(format)
        if not isinstance(own, Profiled) or own.profile_of(path, limits=limits) != options.profile:
            return None
    written = lay_out(path, head, target, limits, Ledger(witness))
    return None if written is None else Conversion(batch, written)


def _refuse_input(paths: Sequence[Path], target: Path) -> None:
    out = target.resolve()
    for path in paths:
        if str(path) != "-" and (path.resolve() == out or path.resolve() in out.parents or out in path.resolve().parents):
            raise UsageError(f"{target} is, holds or lies in the input {path}", hint="name another target")
