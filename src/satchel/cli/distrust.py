"""``satchel distrust``: a poisoned source in quarantine, with what was made of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from satchel.cli import options, sources

if TYPE_CHECKING:
    from satchel.model.erasure import Closure
    from satchel.vault.values import Handout


@click.command()
@sources.selectors
@click.option("--forget", "forgets", is_flag=True, help="Erase it for good instead, as satchel forget does.")
@click.option("--lift", type=int, metavar="N", help="Lift quarantine N.")
@click.option("--list", "lists", is_flag=True, help="List what is in quarantine.")
@options.dry_run
@options.yes
@options.json
def distrust(**given: Any) -> None:
    """Quarantine a source: no recall gives its records, nor what derives from these alone.

    First shows what it comes to and which agents were given any of it, then asks. Nothing is changed in the records: search and
    export still have them, and --lift takes them out again. What a platform, account, file or key brings later is quarantined
    as it comes, and the import says so. Conditions narrow one another; each ID is added. A key that is named is trusted no
    more.

    \b
    satchel distrust --source chatgpt --account user-8tQ --dry-run
    satchel distrust --import 14
    satchel distrust --file shared-memory.json --forget
    satchel distrust --key 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8
    satchel distrust --lift 2
    """
    from satchel.cli.console import counted, say, say_json
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.move import forgetting

    if given["lists"] or given["lift"] is not None:
        _holds(given)
        return
    with opened() as store:
        asked = sources.asked(store, given)
        forgets = given["forgets"]
        closure = forgetting.preview(store, asked) if forgets else store.reach_of_distrust(asked)
        if not closure.going:
            hint = (
                "satchel keys distrust KEY takes a key's trust alone" if asked.signers else "satchel search shows what is there"
            )
            raise UsageError("nothing in the vault is what was named", hint=hint)
        going = [record.uid for record in closure.records if record.goes]
        handouts = store.handouts(going)
        keys = [key.public for key in store.trusted_keys() if key.public in asked.signers]
        if not given["json"]:
            _show(closure, handouts)
        made = None
        if not given["dry_run"]:
            if not given["yes"]:
                if not sys.stdin.isatty():
                    would = "erased" if forgets else "quarantined"
                    raise UsageError(
                        f"{counted(len(going), 'record')} would be {would}", hint="--yes goes ahead, --dry-run only tells"
                    )
                verb = "Erase for good" if forgets else "Quarantine"
                click.confirm(f"{verb} {counted(len(going), 'record')}?", abort=True)
            made = forgetting.forget(store, asked, expected=closure) if forgets else store.distrust(asked, expected=closure)
            for key in keys if forgets else ():
                store.distrust_key(key)
    if given["json"]:
        told = {"dry_run": given["dry_run"], "closure": closure, "contexts": handouts, "done": made}
        say_json({**told, "distrusted_keys": keys})
    elif given["dry_run"]:
        say("Dry run: nothing was changed.")
    elif forgets:
        say(f"Forgotten: {counted(len(going), 'record')}. satchel receipt tells what was reached.")
    elif made is not None:
        say(f"Quarantine {made.id}: no recall gives these any more. satchel distrust --lift {made.id} lifts it.")  # type: ignore[union-attr]
    if keys and not given["json"]:
        would = "would be" if given["dry_run"] else "is"
        say(f"{counted(len(keys), 'key')} {would} trusted no more: what it alone verified counts as imported.")


def _show(closure: Closure, handouts: list[Handout]) -> None:
    from satchel.cli.console import clean, counted, dim, say, table

    words = {
        "named": "the source",
        "derived": "part of it",
        "unfounded": "rests on it alone",
        "orphan": "nothing else speaks of it",
    }
    rows = [[words[how], kind, f"{count:,}"] for how, kinds in closure.going.items() for kind, count in sorted(kinds.items())]
    table(rows, head=["", "", "records"], right={2})
    say()
    if not handouts:
        say(dim("No agent was given any of it."))
        return
    who: dict[str, list[Handout]] = {}
    for each in handouts:
        who.setdefault(each.reader, []).append(each)
    table(
        [
            [
                clean(reader),
                f"{len(some):,}",
                f"{max(each.at for each in some):%Y-%m-%d %H:%M}",
                f"{len({uid for each in some for uid in each.uids}):,}",
            ]
            for reader, some in sorted(who.items())
        ],
        head=["was given it", "contexts", "last (UTC)", "records"],
        right={1, 3},
    )
    say(dim(f"{counted(len(who), 'agent')}: what they made of it elsewhere is out of reach."))


def _holds(given: dict[str, Any]) -> None:
    from satchel.cli.console import counted, dim, say, say_json, table
    from satchel.cli.vaults import opened

    with opened() as store:
        lifted = None if given["lift"] is None or given["dry_run"] else store.lift(given["lift"])
        holds = store.holds()
    if given["json"]:
        say_json({"lifted": lifted, "holds": holds})
    elif lifted is not None:
        say(f"Quarantine {lifted.id} is lifted: {counted(lifted.records, 'record')} may be recalled again.")
    elif holds:
        rows = [
            [
                f"{each.id}",
                f"{each.at:%Y-%m-%d %H:%M}",
                ", ".join(each.request.by),
                f"{each.records:,}",
                "lifted" if each.lifted else "also what comes" if each.standing else "",
            ]
            for each in holds
        ]
        table(rows, head=["quarantine", "since (UTC)", "named by", "records", ""], right={0, 3})
    else:
        say(dim("No source is in quarantine."))
