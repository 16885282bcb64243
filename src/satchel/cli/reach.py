"""``satchel reach``: who saw a record or a source, and what was made of it."""

from __future__ import annotations

from typing import Any

import click

from satchel.cli import options, sources

#: Records that are named one by one; the rest is counted, and --json gives all.
SHOWN = 20


@click.command()
@sources.selectors
@options.json
def reach(**given: Any) -> None:
    """List what derives from records or a source, and every context that these stood in: to whom, when, under which token.

    \b
    satchel reach 3fa9c1
    satchel reach --source chatgpt --import 14
    """
    from satchel.cli.console import clean, counted, dim, say, say_json, table
    from satchel.cli.vaults import opened
    from satchel.recall.reach import derived

    with opened() as store:
        asked = sources.asked(store, given)
        closure = store.reach_of_distrust(asked)
        named = [record.uid for record in closure.records if record.how == "named"]
        further = derived(store, [record.uid for record in closure.records if record.goes], besides=named)
        handouts = store.handouts([*named, *further])
    if given["json"]:
        say_json({"records": named, "derived": further, "contexts": handouts})
        return
    if len(named) > 1 or not given["ids"]:
        say(f"{counted(len(named), 'record')} of it")
    if further:
        say(f"{counted(len(further), 'record')} made of it: " + _ids(further))
    if handouts:
        rows = [[f"{each.at:%Y-%m-%d %H:%M:%S}", clean(each.reader), clean(each.token), _ids(each.uids)] for each in handouts]
        table(rows, head=["when (UTC)", "who", "token", "records"])
    else:
        say(dim("No agent was given it."))


def _ids(uids: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(uids) - SHOWN:,} more" if len(uids) > SHOWN else ""
    return ", ".join(uid[:12] for uid in uids[:SHOWN]) + more
