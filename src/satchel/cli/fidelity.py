"""``satchel fidelity``: how much survives from each format into each, and on the way back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.move.fidelity.figures import Cell, Matrix


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--from", "source", default="", metavar="FORMAT", help="Only this row: a format[=PROFILE], or an adapter.")
@click.option("--to", "target", default="", metavar="FORMAT", help="Only this column: a format[=PROFILE].")
@click.option(
    "--samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Measure every export, bundle and package that lies in FOLDER.",
)
@click.option(
    "--generated/--no-generated", default=None, help="Measure made-up packages too; so it is where nothing else is given."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write fidelity.json, fidelity.svg and the tables of fidelity.md there.",
)
@click.option(
    "--check",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Compare with this fidelity.json: nothing may be worse.",
)
@options.limit
@options.json
def fidelity(
    paths: tuple[Path, ...],
    source: str,
    target: str,
    samples: Path | None,
    generated: bool | None,
    out: Path | None,
    check: Path | None,
    limit: tuple[str, ...],
    json: bool,
) -> None:
    """Convert each PATH into every format, read it there, and bring it home; tell what survived.

    PATH is as for satchel import, each a sample by itself. Without any, made-up packages of every standard are measured, which
    use all that it has. Nothing leaves this machine and your vault is left alone.

    \b
    records    of all in per cent that stand there in their words; in brackets with the package that rides along
    fields     of these that are there as they were; so too
    home       whether the way back gives the same bytes

    With one row and one column (--from, --to), each kind and field is told too. Exit code 3: --check found a figure that is
    worse.

    \b
    satchel fidelity
    satchel fidelity ~/Downloads/chatgpt.zip --to portable-memory
    satchel fidelity my.mem --from portable-memory --to portable-ai-memory --json
    """
    from satchel import limits
    from satchel.cli.console import WorkProgress, say, say_json, tell
    from satchel.move.fidelity import holding
    from satchel.move.fidelity.matrix import matrix

    held = holding.load(check) if check is not None else None
    with WorkProgress("Measuring", shown=not json, by_bytes=False, unit="conversions") as progress:
        begun = False

        def told(done: int, total: int, _what: str) -> None:
            nonlocal begun
            if not begun:
                progress.total(total)
                begun = True
            elif done:
                progress.advance(1)

        found = matrix(
            paths,
            samples=samples,
            generated=generated,
            only_from=source,
            only_to=target,
            limits=limits.raised(list(limit)),
            told=told,
        )
    if out is not None:
        _write(out, found)
    worse = [*holding.worse(held, found)] if held is not None else []
    if json:
        import msgspec

        value = msgspec.to_builtins(found)
        say_json({**value, "worse": [str(each) for each in worse]} if held is not None else value)
    else:
        _tell(found, in_full=bool(source and target))
        if held is not None:
            say()
            say("nothing is worse than it is held to be" if not worse else "worse than it is held to be:")
    for each in worse:
        tell(str(each))
    if worse:
        raise SystemExit(3)


def _write(folder: Path, found: Matrix) -> None:
    from satchel.errors import OutputError
    from satchel.move.fidelity import drawing, holding, page

    name = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name = folder / "fidelity.md"
        text = page.page(found, name.read_text(encoding="utf-8") if name.exists() else "")
        files = {
            "fidelity.md": text.encode(),
            "fidelity.svg": drawing.draw(found).encode(),
            "fidelity.json": holding.dump(found),
        }
        for file, data in files.items():
            name = folder / file
            beside = folder / f".{file}.new"
            beside.write_bytes(data)
            beside.replace(name)
    except OSError as error:
        raise OutputError(f"{name} cannot be written: {error.strerror}") from None


def _tell(found: Matrix, *, in_full: bool) -> None:
    from satchel.cli.console import counted, say

    for title, cells in (("made-up packages", found.generated), ("given", found.given)):
        if not cells:
            continue
        if found.generated and found.given:
            say(f"{title}:")
        _table(cells)
        if in_full and len(cells) == 1:
            _tell_kinds(cells[0])
            _tell_members(cells[0])
    for code, count in found.refused.items():
        say(f"{counted(count, 'file or folder', 'files or folders')} not measured: {code}")


def _table(cells: list[Cell]) -> None:
    from satchel.cli.console import table
    from satchel.move.fidelity.showing import shown

    rows = []
    for cell in cells:
        found = shown(cell)
        failed = ", ".join(f"{step} ({count})" for step, count in cell.failed.items())
        rows.append(
            [
                cell.source,
                cell.target,
                f"{cell.records.total:,}",
                _both(found.own_records, found.all_records),
                _both(found.own_fields, found.all_fields),
                found.trip or "-",
                failed,
            ]
        )
    head = ["from", "to", "in", "records %", "fields %", "home", "failed"]
    if not any(row[-1] for row in rows):
        rows, head = [row[:-1] for row in rows], head[:-1]
    table(rows, head=head, right={2, 3, 4})


def _both(own: object, all: object) -> str:
    from fractions import Fraction

    from satchel.move.fidelity.showing import percent

    assert own is None or isinstance(own, Fraction)
    assert all is None or isinstance(all, Fraction)
    one, other = percent(own), percent(all)
    return one if one == other else f"{one} ({other})"


def _tell_kinds(cell: Cell) -> None:
    from satchel.cli.console import say, table
    from satchel.move.fidelity.figures import Records

    say()
    names = [name for name in Records.__struct_fields__ if name != "made"]
    rows = [[kind, *(f"{getattr(records, name):,}" for name in names)] for kind, records in sorted(cell.kinds.items())]
    table(rows, head=["kind", *names], right=set(range(1, len(names) + 1)))


def _tell_members(cell: Cell) -> None:
    """The members of which not all are there as they were, those that lose most first."""
    from satchel.cli.console import say, table
    from satchel.move.fidelity.figures import Fields

    names = Fields.__struct_fields__
    short = [(member, fields) for member, fields in cell.members.items() if fields.kept < fields.total or fields.added]
    short.sort(key=lambda each: (-each[1].lost, -each[1].altered, each[0]))
    if short:
        say()
        rows = [[member, *(f"{getattr(fields, name):,}" for name in names)] for member, fields in short]
        table(rows, head=["field", *names], right=set(range(1, len(names) + 1)))
