"""What a journey begins with: packages and exports on disk, and records that were never in any.

A sample is one thing that is imported by itself: a package, a file of a standard, or a folder or file of a product's export.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from satchel.errors import NotRecognised, Place, SatchelError
from satchel.formats import registry as formats
from satchel.formats.base import Reader, WriteOptions
from satchel.limits import DEFAULT, Limits
from satchel.model.record import Original, Reading, Record
from satchel.move.conversions import convert
from satchel.move.exports import export
from satchel.move.fidelity.generated import portable_agent_memory, portable_ai_memory, portable_memory, records
from satchel.move.imports import recognised
from satchel.vault.folder import trial_vault
from satchel.vault.store import Store

_AGENT = "portable-agent-memory"
#: The formats that are read back, each with the profiles of which every one is a target of its own.
STANDARDS: tuple[str, ...] = (
    "portable-memory",
    "portable-ai-memory",
    *(f"{_AGENT}={profile}" for profile in portable_agent_memory.PROFILES),
)
#: The source that is no package: records of every kind.
EVERY_KIND = "every kind"
#: So many records tell which adapters read an export.
_SOME = 1000


def texts() -> tuple[str, ...]:
    """The formats that nobody reads back."""
    return tuple(name for name in formats.OURS if not isinstance(formats.get(name), Reader))


def targets() -> tuple[str, ...]:
    """Every target, the standards first."""
    return (*STANDARDS, *texts())


class Source(Protocol):
    """``name`` is the row that it counts for; ``home`` is what it comes back as (format[=PROFILE]), "" where nothing writes it;
    ``path`` where it lies, None where it never was a file."""

    @property
    def name(self) -> str: ...

    @property
    def home(self) -> str: ...

    @property
    def path(self) -> Path | None: ...

    def read(self) -> contextlib.AbstractContextManager[Store]:
        """Its records in a vault of their own."""
        ...

    def write(self, target: Path, to: str, *, residue: bool = True) -> None:
        """Write it in another format (format[=PROFILE]); ``residue``: let what has no place there ride along."""
        ...


class Sample(NamedTuple):
    """A package or an export."""

    path: Path
    name: str
    home: str = ""
    limits: Limits = DEFAULT

    def read(self) -> contextlib.AbstractContextManager[Store]:
        """See Source.read."""
        return read(self.path, self.limits)

    def write(self, target: Path, to: str, *, residue: bool = True) -> None:
        """See Source.write."""
        transfer(self.path, target, to, self.limits, residue=residue)


class EveryKind:
    """Records of every kind of the model, as if an adapter had read them."""

    name = EVERY_KIND
    home = ""
    path = None

    @contextmanager
    def read(self) -> Iterator[Store]:
        """See Source.read."""
        with trial_vault() as store:
            _fill(store)
            yield store

    def write(self, target: Path, to: str, *, residue: bool = True) -> None:  # noqa: ARG002 - no package rides in it
        """See Source.write."""
        format, _, profile = to.partition("=")
        with self.read() as store:
            export(store, target, format=format, profile=profile)


def _fill(store: Store) -> None:
    with store.importing("records of every kind") as intake:
        for record in records.records():
            intake.put(_original(record))
        intake.finish(())


def _original(record: Record) -> Original:
    return Original(
        uid=record.uid,
        kind=record.origin.kind,
        native=msgspec.json.encode(record.body),
        place=Place(file="generated"),
        reader="generated/1",
        updated=None,
        read=lambda: Reading((record,)),
    )


@contextmanager
def read(path: Path, limits: Limits = DEFAULT) -> Iterator[Store]:
    """What is at ``path``, in a vault of its own. Raises as ``move.imports.recognised`` and ``Export.into``."""
    with trial_vault() as store:
        with recognised([path], limits=limits) as found:
            found.into(store)
        yield store


def transfer(path: Path, target: Path, to: str, limits: Limits = DEFAULT, *, residue: bool = True) -> None:
    """Convert what is at ``path`` into FORMAT[=PROFILE]. Raises as ``move.conversions.convert``."""
    format, _, profile = to.partition("=")
    convert([path], target, format=format, limits=limits, options=WriteOptions(profile=profile), residue=residue)


def suffix_of(to: str) -> str:
    """How a target's name ends."""
    return {"portable-memory": ".mem", _AGENT: ".pam"}.get(to.partition("=")[0], "")


def generated(folder: Path) -> list[Source]:
    """Packages of each standard that use all that it has, made in ``folder``; and records of every kind."""
    made: list[Source] = [
        Sample(portable_memory.write(folder / "generated.mem"), "portable-memory", "portable-memory"),
        Sample(portable_ai_memory.write(folder / "generated"), "portable-ai-memory", "portable-ai-memory"),
    ]
    for profile in portable_agent_memory.PROFILES:
        name = f"{_AGENT}={profile}"
        made.append(Sample(portable_agent_memory.write(folder / f"{profile}.pam", profile=profile), name, name))
    return [*made, EveryKind()]


class Found(NamedTuple):
    """What was found in given paths: samples, and how many things could not be taken, by the reason's code."""

    samples: list[Sample]
    refused: dict[str, int]


def given(paths: Sequence[Path], limits: Limits = DEFAULT) -> Found:
    """Each path as a sample."""
    found = Found([], {})
    for path in paths:
        _take(path, found, limits)
    return found


def below(folder: Path, limits: Limits = DEFAULT) -> Found:
    """Every sample in a folder of them: what a format reads; else a folder whose own files an adapter reads, whole; else what
    the folders in it hold."""
    found = Found([], {})
    _walk(folder, found, limits)
    return found


def _walk(folder: Path, found: Found, limits: Limits) -> None:
    # A folder of artifacts is as many samples.
    if _format_of(folder) not in (None, _AGENT):
        _take(folder, found, limits)
        return
    inside = sorted(folder.iterdir())
    files = [path for path in inside if path.is_file()]
    packages = [path for path in files if _format_of(path) is not None]
    for path in packages:
        _take(path, found, limits)
    if files and not packages and _is_export(files, limits) and _take(folder, found, limits):
        return
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            _walk(path, found, limits)


def _take(path: Path, found: Found, limits: Limits) -> bool:
    """Add what is at ``path``, read once to know what reads it; whether something does."""
    try:
        with read(path, limits) as store:
            name, home = _reader_of(path, store)
            if not name:
                raise NotRecognised("there is no record in it", place=Place(file=str(path)))
    except SatchelError as error:
        found.refused[error.code] = found.refused.get(error.code, 0) + 1
        return False
    found.samples.append(Sample(path, name, home, limits))
    return True


def _is_export(files: list[Path], limits: Limits) -> bool:
    """Whether an adapter knows one of these files."""
    try:
        with recognised(files, limits=limits):
            return True
    except SatchelError:
        return False


def _format_of(path: Path) -> str | None:
    try:
        format = formats.reader_of(path)
    except SatchelError:
        return None
    return format.info.name if format is not None else None  # type: ignore[attr-defined]


def _reader_of(path: Path, store: Store) -> tuple[str, str]:
    """The name of the row ("" without a record), and what the way home is."""
    own = _format_of(path)
    if own is None:
        some = itertools.islice(store.records(), _SOME)
        readers = {source.reader.partition("/")[0] for record in some if (source := store.source(record)) is not None}
        return "+".join(sorted(readers)), ""
    if own != _AGENT:
        return own, own
    dialect = next((record.origin.dialect for record in store.records("foreign") if record.origin.dialect), "")
    name = f"{own}={dialect}"
    return name, name if name in STANDARDS else ""
