"""``satchel reach``: who saw a record, and what was made of it."""

from __future__ import annotations

import click

from satchel.cli import options


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@options.json
def reach(ids: tuple[str, ...], json: bool) -> None:
    """List what derives from records, and every context that any of these stood in: to whom, when, under which token.

    \b
    satchel reach 3fa9c1
    """
    from satchel.cli.console import clean, counted, dim, say, say_json, table
    from satchel.cli.vaults import opened
    from satchel.recall.reach import derived

    with opened() as store:
        named = [store.resolve(id) for id in ids]
        further = derived(store, named)
        handouts = store.handouts([*named, *further])
    if json:
        say_json({"records": named, "derived": further, "contexts": handouts})
        return
    if further:
        say(f"{counted(len(further), 'record')} made of it: " + ", ".join(uid[:12] for uid in further))
    if handouts:
        rows = [
            [f"{each.at:%Y-%m-%d %H:%M:%S}", clean(each.reader), clean(each.token), ", ".join(uid[:12] for uid in each.uids)]
            for each in handouts
        ]
        table(rows, head=["when (UTC)", "who", "token", "records"])
    else:
        say(dim("No agent was given it."))
