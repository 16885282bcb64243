"""The whole matrix: every source into every target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from satchel.errors import UsageError
from satchel.limits import DEFAULT, Limits
from satchel.move.fidelity import sources
from satchel.move.fidelity.figures import Cell, Matrix, summed
from satchel.move.fidelity.measuring import measure
from satchel.move.fidelity.pairing import Index
from satchel.move.fidelity.sources import Found, Source

#: Called before each cell with the number of cells that are done, how many there are in all, and what comes.
Told = Callable[[int, int, str], None]


def quiet(_done: int, _all: int, _what: str) -> None:
    """A ``Told`` that tells nothing."""


def matrix(
    paths: Sequence[Path] = (),
    *,
    samples: Path | None = None,
    generated: bool | None = None,
    only_from: str = "",
    only_to: str = "",
    limits: Limits = DEFAULT,
    told: Told = quiet,
) -> Matrix:
    """Measure each source in each target.

    Args:
        paths: packages and exports, each a sample.
        samples: a folder of such (``sources.below``).
        generated: measure made-up packages too; None: where nothing else is given.
        only_from: a row; only_to: a column. Both as FORMAT[=PROFILE]; FORMAT alone stands for all of its profiles.

    Raises:
        UsageError: there is no such row or column, or nothing that is given can be measured.
    """
    columns = _chosen(sources.targets(), only_to, "target")
    found = sources.given(paths, limits)
    if samples is not None:
        found = _joined(found, sources.below(samples, limits))
    made = Matrix(refused=dict(sorted(found.refused.items())))
    with TemporaryDirectory(prefix="satchel-fidelity-") as folder:
        wants = not (paths or samples) if generated is None else generated
        own = sources.generated(Path(folder)) if wants else []
        rows = _chosen(list(dict.fromkeys(source.name for source in [*own, *found.samples])), only_from, "source")
        own = [source for source in own if source.name in rows]
        others = [sample for sample in found.samples if sample.name in rows]
        total = (len(own) + len(others)) * len(columns)
        if not total:
            raise UsageError(_nothing(found), hint="name exports, bundles or packages that satchel import takes")
        made.generated = _measured(own, columns, lambda done, what: told(done, total, what))
        behind = len(own) * len(columns)
        made.given = _measured(others, columns, lambda done, what: told(done + behind, total, what))
    return made


def _chosen(names: Iterable[str], wanted: str, what: str) -> list[str]:
    found = [name for name in names if not wanted or wanted in (name, name.partition("=")[0])]
    if not found and wanted:
        raise UsageError(f"there is no {what} {wanted!r}", hint="there are " + ", ".join(names))
    return found


def _joined(one: Found, other: Found) -> Found:
    refused = {code: one.refused.get(code, 0) + other.refused.get(code, 0) for code in {**one.refused, **other.refused}}
    return Found([*one.samples, *other.samples], refused)


def _nothing(found: Found) -> str:
    codes = ", ".join(f"{count} {code}" for code, count in sorted(found.refused.items()))
    return "nothing that was given can be measured" + (f" ({codes})" if codes else "")


def _measured(rows: Sequence[Source], columns: Sequence[str], told: Callable[[int, str], None]) -> list[Cell]:
    """The cells of the rows in their order, all samples of one as one row."""
    each: dict[tuple[str, str], list[Cell]] = {(source.name, to): [] for source in rows for to in columns}
    done = 0
    for source in rows:
        with source.read() as store:
            records = Index(store)
            for to in columns:
                told(done, f"{source.name} to {to}")
                each[source.name, to].append(measure(source, records, to))
                done += 1
    return [summed(cells) for cells in each.values()]
