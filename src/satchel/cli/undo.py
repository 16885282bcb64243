"""``satchel undo``: take an import back."""

from __future__ import annotations

import sys

import click

from satchel.cli import options


@click.command()
@click.argument("number", type=options.CHANGE, metavar="CHANGE")
@options.dry_run
@options.yes
@options.json
def undo(number: int, dry_run: bool, yes: bool, json: bool) -> None:
    """Take back what an import did: what it replaced returns, what only it brought leaves the vault. Or bring back what was
    forgotten, where an undo window was set before and is still open (satchel forget --undo-window 7d).

    Of an import, what a later one met again stays; to have it back, import the export again. Of what was forgotten all comes
    back, or nothing, where the vault changed since in the same place; what was stopped at the door meanwhile is to be imported
    again.

    \b
    satchel undo 3 --dry-run
    """
    from satchel.cli.console import say, say_json, table
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError

    with opened() as store:
        what = "import" if store.batch(number).kind == "import" else "change"
        summary = store.undo(number, dry_run=True)
        if not json:
            kinds = sorted({*summary.removed, *summary.restored})
            if kinds:
                rows = [[kind, f"{summary.removed.get(kind, 0):,}", f"{summary.restored.get(kind, 0):,}"] for kind in kinds]
                table(rows, head=["", "leaves the vault", "returns to its state before"], right={1, 2})
            else:
                say("Nothing in the vault would change: later imports hold all of it.")
        if not dry_run:
            if not yes:
                if not sys.stdin.isatty():
                    raise UsageError("undo asks before it changes the vault", hint="--yes goes ahead, --dry-run only tells")
                click.confirm(f"Take back {what} {number}?", abort=True)
            summary = store.undo(number)
    if json:
        say_json({"dry_run": dry_run, "undone": number, "summary": summary})
    elif not dry_run:
        say(f"{what.capitalize()} {number} is taken back.")
