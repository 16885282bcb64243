"""``satchel log``: imports and changes, one of them whole, two compared, the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satchel.vault.store import Store
    from satchel.vault.values import Batch


@click.command()
@click.argument("number", type=options.CHANGE, required=False, metavar="[IMPORT]")
@click.option("--compare", is_flag=True, help="Compare the import with the one before.")
@click.option("--with", "before", type=options.CHANGE, metavar="IMPORT", help="Compare with this one.")
@click.option("--audit", is_flag=True, help="The audit log, with the hash that chains it.")
@click.option("--exports", is_flag=True, help="What left the vault, when and where to.")
@options.json
def log(number: int | None, compare: bool, before: int | None, audit: bool, exports: bool, json: bool) -> None:
    """List imports and other changes of the vault.

    \b
    satchel log             all of them
    satchel log 3           what import 3 did, and what it could not read
    satchel log 3 --compare what is new, changed or gone since the import before it
    satchel log --exports   what left, and where to
    """
    from satchel.cli.console import say_json
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError

    if (compare or before is not None) and number is None:
        raise UsageError("--compare needs an import's number", hint="satchel log 3 --compare")
    with opened() as store:
        if audit:
            _audit(store, json=json)
        elif exports:
            _exports(store, json=json)
        elif number is None:
            _list(store, json=json)
        elif compare or before is not None:
            _compare(store, number, before, json=json)
        elif json:
            say_json({"batch": store.batch(number)})
        else:
            _one(store.batch(number), {batch.id: batch.kind for batch in store.batches()})


def _what(batch: Batch, kinds: Mapping[int, str]) -> str:
    """What a change did; ``kinds``: of all changes, by their numbers."""
    match batch.kind:
        case "create":
            return "made the vault"
        case "undo":
            return f"took back {'import' if kinds.get(batch.undoes or 0) == 'import' else 'change'} {batch.undoes}"
        case "forget":
            count = sum(batch.summary.removed.values())
            records = f"{count:,} record{'' if count == 1 else 's'}"
            if batch.undone_by:
                return f"erased {records}"
            if batch.undo_until is None:
                return f"erased {records} for good"
            return f"erased {records}; sealed until {batch.undo_until:%Y-%m-%d %H:%M}"
        case _:
            return f"import of {batch.label}"


def _exports(store: Store, *, json: bool) -> None:
    from satchel.cli.console import clean, say, say_json, size, table

    found = store.exports()
    if json:
        say_json({"exports": found})
        return
    if not found:
        say("Nothing has left the vault.")
        return
    rows = [
        [
            f"{export.at:%Y-%m-%d %H:%M}" if export.at else "",
            export.format,
            f"{export.after + 1}–{export.change}",
            size(export.size_bytes) if export.digest else "not finished",
            clean(export.target),
        ]
        for export in found
    ]
    table(rows, head=["when (UTC)", "format", "changes", "size", "where to"], right={3})


def _list(store: Store, *, json: bool) -> None:
    from satchel.cli.console import one_line, say_json, table

    batches = store.batches()
    if json:
        say_json({"batches": batches})
        return
    rows = []
    kinds = {batch.id: batch.kind for batch in batches}
    for batch in batches:
        totals = {"new": 0, "updated": 0, "unchanged": 0}
        for outcomes in batch.summary.counts.values():
            for outcome in ("new", "updated", "unchanged"):
                totals[outcome] += outcomes.get(outcome, 0)
        numbers = [f"{count:,}" for count in totals.values()] if batch.kind == "import" else ["", "", ""]
        undone = f"taken back by {batch.undone_by}" if batch.undone_by else ""
        rows.append([str(batch.id), f"{batch.at:%Y-%m-%d %H:%M}", one_line(_what(batch, kinds), 60), *numbers, undone])
    table(rows, head=["", "when (UTC)", "what", "new", "updated", "unchanged", ""], right={0, 3, 4, 5})


def _one(batch: Batch, kinds: Mapping[int, str]) -> None:
    from satchel.cli.console import bold, clean, say
    from satchel.cli.import_ import print_counts, print_findings, print_transitions

    say(bold(clean(f"{batch.id}  {batch.at:%Y-%m-%d %H:%M:%S} UTC  {_what(batch, kinds)}")))
    if batch.undone_by:
        say(f"Taken back by change {batch.undone_by}.")
    print_counts(batch.summary)
    print_transitions(batch.summary)
    for word, counts in (
        ("left the vault", batch.summary.removed),
        ("returned to its state before", batch.summary.restored),
    ):
        for kind, count in sorted(counts.items()):
            say(f"{count:,} {kind} {word}")
    print_findings(batch.summary.findings, limit=10_000)


def _compare(store: Store, number: int, before: int | None, *, json: bool) -> None:
    from satchel.cli.console import one_line, say, say_json, style

    changes = store.compare(number, before)
    if json:
        say_json({"changes": changes})
        return
    colour = {"new": "32", "updated": "33", "gone": "31", "older": "2"}
    unchanged = sum(change.outcome == "unchanged" for change in changes)
    for change in changes:
        if change.outcome != "unchanged":
            word = style(f"{change.outcome:8}", colour[change.outcome])
            say(f"{word} {change.uid[:10]}  {change.kind}  {one_line(change.title, 60)}")
    say(f"{unchanged:,} unchanged. What is gone from the export is still in the vault.")


def _audit(store: Store, *, json: bool) -> None:
    import msgspec

    from satchel.cli.console import clean, say, say_json

    entries = list(store.audit())
    broken = store.check_audit()
    if json:
        say_json({"entries": entries, "intact": not broken})
    else:
        for entry in entries:
            detail = msgspec.json.encode(entry.detail).decode()
            say(clean(f"{entry.id:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  {entry.operation:8}  {entry.hash[:16]}  {detail}"))
        say("The chain of hashes is intact." if not broken else f"Altered: {broken[0].text}.")
    if broken:
        raise SystemExit(1)
