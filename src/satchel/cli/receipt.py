"""``satchel receipt``: what was erased, for somebody who must be shown, or for the file."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("target", metavar="FILE", type=options.FILE)
@click.option("--change", type=options.CHANGE, metavar="N", help="Of this change (satchel log); else of the last erasure.")
@options.json
def receipt(target: Path, change: int | None, json: bool) -> None:
    """Write the signed receipt of an erasure as JSON, and a page to print beside it.

    It tells what was asked, what went and where it was reached, what satchel erase-check found since, and what is out of reach,
    with what to do there: exports of before, accounts at providers, backups. It holds nothing of what was erased.
    satchel verify FILE checks it.

    \b
    satchel receipt erased-2026-11-22.json
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.errors import NotFound
    from satchel.move import receipts

    with opened() as store:
        if change is None:
            erasures = store.erasures()
            if not erasures:
                raise NotFound("nothing was forgotten in this vault", hint="satchel forget does")
            change = erasures[-1].change
        value = receipts.receipt(store, change)
    page = receipts.write(value, target)
    if json:
        say_json({"target": str(target), "page": str(page), "receipt": value})
        return
    say(f"{target}: the receipt of change {change}, signed. To read and print: {page}")
