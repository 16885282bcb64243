"""``satchel stats``: what the vault holds."""

from __future__ import annotations

import click

from satchel.cli import options


@click.command()
@click.option("--check", is_flag=True, help="Also look for damage: pages, index, audit log.")
@options.json
def stats(check: bool, json: bool) -> None:
    """Count what the vault holds, by kind and platform. Exit code 1 when --check finds damage.

    \b
    satchel stats --check
    """
    from satchel.cli.console import clean, counted, dim, say, say_json, size, table, tell_held_back
    from satchel.cli.import_ import print_findings
    from satchel.cli.vaults import folder, opened

    with opened() as store:
        held = store.stats()
        damage = tuple(store.check()) if check else ()
    if json:
        say_json({"vault": str(folder()), "stats": held, "damage": damage if check else None})
    else:
        platforms = sorted(held.platforms)
        rows = [
            [kind, *(f"{held.platforms[platform].get(kind, 0):,}" for platform in platforms), f"{count:,}"]
            for kind, count in held.records.items()
        ]
        if rows:
            names = [platform or "-" for platform in platforms]
            table(rows, head=["", *names, "all"], right=set(range(1, len(platforms) + 2)))
        else:
            say("The vault is empty.")
        if held.first and held.last:
            imports, versions = counted(held.imports, "import"), counted(held.versions, "earlier version")
            say(f"From {held.first:%Y-%m-%d} to {held.last:%Y-%m-%d}; {imports}, {versions}")
        say(
            f"Originals kept: {held.originals:,} ({size(held.original_bytes)}); files: {held.blobs:,}"
            f" ({size(held.blob_bytes)}); the vault takes {size(held.file_bytes)}"
        )
        for model in held.vectors:
            whole = sum(held.records.values())
            state = "" if model.in_use else ", not in use until all have: satchel embed goes on"
            say(f"Vectors: {model.records:,} of {counted(whole, 'record')} by {clean(model.name)} ({model.digest[:12]}){state}")
        tell_held_back(held.held_back)
        say(dim(f"{folder()}, schema {held.schema_version}"))
        if check:
            print_findings(damage)
            say("No damage found." if not damage else "The vault is damaged: restore it from a backup.")
    if damage:
        raise SystemExit(1)
