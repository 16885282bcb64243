"""``satchel export``: write the vault out in an open format."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("target", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FORMAT", help="The format: portable-ai-memory, portable-memory.")
@click.option("--sign", default="", metavar="KEY", help="Sign with the key of this name (satchel keys create).")
@click.option("--profile", default="", metavar="NAME", help="A spelling of the format: sdk, spec (portable-memory).")
@options.json
def export(target: Path, to: str, sign: str, profile: str, json: bool) -> None:
    """Write everything in the vault in an open format; what the format cannot hold is told.

    The files are not encrypted. The same vault gives the same bytes.

    \b
    satchel export --to portable-ai-memory my-memory
    satchel export --to portable-memory --sign main my-memory.mem
    """
    from satchel.cli.console import WorkProgress, clean, counted, dim, say, say_json, size
    from satchel.cli.vaults import opened
    from satchel.move.exports import export as write

    with opened() as store, WorkProgress("Writing", shown=not json, by_bytes=False) as progress:
        progress.total(sum(store.stats().records.values()))
        written = write(store, target, format=to, progress=progress.advance, sign=sign, profile=profile)
    lines = written.ledger.lines()
    if json:
        counts = {**written.counts, "files": written.files, "size_bytes": written.size_bytes}
        say_json({"format": to, "target": str(target), "written": counts, "ledger": lines})
        return
    what = [f"{name} {count:,}" for name, count in written.counts.items()]
    say(f"{target}: {', '.join(what) or 'nothing'}; {counted(written.files, 'file')}, {size(written.size_bytes)}")
    for line in lines:
        if line.code:
            field = f" {line.field}" if line.field else ""
            say(dim(f"  {line.fate}: {line.count:,} {line.kind}{field}: ") + clean(line.text or line.code))
