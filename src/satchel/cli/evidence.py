"""``satchel evidence``: what an AI's memory held and what was deleted from it, for somebody who must be shown."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("target", metavar="FOLDER", type=options.PATH)
@click.option("--sign", default="", metavar="KEY", help="Sign with the key of this name (satchel keys create).")
@options.json
def evidence(target: Path, sign: str, json: bool) -> None:
    """Write an Evidence Pack: the audit log, the tombstones and what rests on what, with a page to read beside it.

    It holds ids, times and counts, and nothing of what anybody said. It is a Portable Memory bundle: satchel verify checks it.

    \b
    satchel evidence --sign main evidence-2026.mem
    """
    from satchel.cli.console import counted, say, say_json, size
    from satchel.cli.vaults import opened
    from satchel.move.evidence import evidence as write

    with opened() as store:
        written = write(store, target, signing_key=store.signing_key(sign) if sign else None)
    if json:
        counts = {**written.counts, "files": written.files, "size_bytes": written.size_bytes}
        say_json({"target": str(target), "page": f"{target}.md", "written": counts})
        return
    what = ", ".join(f"{name} {count:,}" for name, count in written.counts.items()) or "nothing"
    say(f"{target}: {what}; {counted(written.files, 'file')}, {size(written.size_bytes)}. To read: {target}.md")
