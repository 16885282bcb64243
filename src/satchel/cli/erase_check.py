"""``satchel erase-check``: whether anything is left of what was erased, in the vault or in the files of another product."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.cli.console import WorkProgress
    from satchel.limits import Limits
    from satchel.model.residue import Residue


@click.command(name="erase-check")
@click.option("--in", "place", metavar="PATH", type=options.PATH, help="Search this file or folder instead of the vault.")
@click.option(
    "--for",
    "texts",
    multiple=True,
    metavar="FILE|ID",
    help="With --in: for the lines of this text file, or for what this record says. Else for what was forgotten.",
)
@click.option("--drop", is_flag=True, help="Keep nothing to look for any longer, whatever is found.")
@options.limit
@options.json
def erase_check(place: Path | None, texts: tuple[str, ...], drop: bool, limit: tuple[str, ...], json: bool) -> None:
    """Search every byte for what was erased: database pages and free ones, logs, files, and what is compressed in them.

    What was forgotten is kept as keyed hashes of its fragments alone, until a search finds nothing and could read everything;
    it tells places and counts, no content. What records that stay say themselves is no residue.

    With --in it searches the files of another product, such as a mem0 folder, after you deleted something there.

    Exit code 0: nothing is left; 3: something is, could not be read, or is kept sealed by an undo window.

    \b
    satchel erase-check
    satchel erase-check --in ~/.mem0 --for what-i-deleted.txt
    """
    from satchel import limits
    from satchel.cli.console import WorkProgress, say_json
    from satchel.errors import UsageError

    bounds = limits.raised(list(limit))
    if place is None and texts:
        raise UsageError("--for says what to look for in other files", hint="name them with --in PATH")
    if place is not None and drop:
        raise UsageError("--drop is for a search of the vault")
    with WorkProgress("Searching", shown=not json) as progress:
        residue = _in_vault(drop, bounds, progress) if place is None else _elsewhere(place, texts, bounds, progress)
    if json:
        told = {"found": residue.found, "unreadable": residue.unreadable, "held_back": residue.held_back}
        say_json({**told, "residue": residue})
    else:
        _tell(residue, in_vault=place is None)
    if residue.found or residue.unreadable or residue.held_back:
        raise SystemExit(3)


def _in_vault(drop: bool, bounds: Limits, progress: WorkProgress) -> Residue:
    from satchel.cli.console import ask_passphrase
    from satchel.cli.vaults import folder
    from satchel.vault import erase_check as checking
    from satchel.vault.folder import fetch_key

    place = folder()
    key = fetch_key(place, ask_passphrase)
    return checking.check(place, key, drop=drop, total=progress.total, progress=progress.advance, limits=bounds)


def _elsewhere(place: Path, texts: tuple[str, ...], bounds: Limits, progress: WorkProgress) -> Residue:
    from satchel.cli.vaults import opened
    from satchel.codec.file_inspection import read_texts
    from satchel.move import erase_check as checking

    files = [Path(text) for text in texts if Path(text).is_file()]
    ids = [text for text in texts if not Path(text).is_file()]
    lines = [line for file in files for line in read_texts(file, bounds)]
    if texts and not ids:
        wanted = checking.sought(lines)
    else:
        with opened() as store:
            wanted = checking.sought(lines, store, ids)
    return checking.check(place, wanted, total=progress.total, progress=progress.advance, limits=bounds)


def _tell(residue: Residue, *, in_vault: bool) -> None:
    from satchel.cli.console import clean, counted, dim, say, size, table, tell_held_back

    if not residue.sought:
        say("There is nothing to look for: nothing was forgotten since the last clean search.")
        tell_held_back(residue.held_back)
        return
    rows = []
    for place in residue.places:
        if place.found:
            where = f"{place.unit} " + ", ".join(f"{at:,}" for at in place.at[:5]) + (", …" if len(place.at) > 5 else "")
            rows.append([clean(place.place), counted(place.found, "fragment"), f"{where} ({', '.join(place.spellings)})"])
        for reason, count in place.unreadable.items():
            rows.append([clean(place.place), "not read", f"{reason}" + (f" ({count:,} times)" if count > 1 else "")])
    if rows:
        table(rows, head=["place", "found", ""])
    searched = f"{counted(len(residue.places), 'place')}, {size(residue.read_bytes)}, for {residue.sought:,} fragments"
    if residue.found:
        say(f"Still there. Searched {searched}.")
        if all(place.place.endswith("-wal") for place in residue.places if place.found):
            say(
                "It is in the log alone, which is folded in when the last program that reads the vault ends: search again then."
            )
        elif in_vault:
            say("Please report this: what was forgotten should leave no trace.")
    elif residue.unreadable:
        say(f"Nothing was found, but not everything could be read. Searched {searched}.")
    elif residue.held_back:
        say(f"Nothing was found outside the undo window. Searched {searched}.")
    else:
        say(f"Nothing is left. Searched {searched}.")
    tell_held_back(residue.held_back)
    if residue.excused:
        say(dim(f"{counted(residue.excused, 'fragment')} stand in records that stay, which say the same themselves."))
