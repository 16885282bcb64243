"""``satchel forget`` and ``satchel redact``: erase for good, after showing what goes with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.model.erasure import Closure, Erased
    from satchel.move.elsewhere import Outcome, Wanted
    from satchel.vault.store import Store
    from satchel.vault.values import Forgetting, HeldBy

#: Records shown one by one; the rest is counted, and --json gives all.
SHOWN = 20
_GOES = {
    "named": "asked for",
    "derived": "cannot be without these",
    "unfounded": "rests on these alone",
    "orphan": "nothing else speaks of it",
}
_STAYS = {
    "witness": "says the same, or rests on more: loses one",
    "quotes": "quotes them",
    "touched": "links to them",
}


def _selectors(command: Callable[..., None]) -> Callable[..., None]:
    """What both commands are asked with."""
    for option in reversed(
        (
            click.argument("ids", nargs=-1, metavar="[ID]..."),
            click.option("--search", "words", default="", metavar="WORDS", help="Every record that has all these words."),
            click.option(
                "--about",
                default="",
                metavar="NAME",
                help="Everything about a person or a thing.",
            ),
            click.option("--source", multiple=True, help="Only from this platform: chatgpt, claude."),
            click.option("--import", "imports", multiple=True, type=int, metavar="N", help="Only what import N brought."),
            click.option("--file", "files", multiple=True, metavar="NAME", help="Only what was read from this file."),
            click.option("--since", default="", metavar="DATE", help="Only from this day or time on."),
            click.option("--until", default="", metavar="DATE", help="Only before this time; a day counts whole."),
            click.option("--scope", default="", metavar="ID", help="A project or other scope, with all that belongs to it."),
            click.option("--kind", multiple=True, help="Only this kind: memory, message, document, …"),
            click.option("--tag", multiple=True, help="Only with this tag."),
            click.option("--witnesses", is_flag=True, help="Take along what says the same in other sources."),
            click.option(
                "--quotations",
                type=click.Choice(["flag", "scrub"]),
                default="flag",
                show_default=True,
                help="Verbatim quotations in records that stay: tell of them, or take them out.",
            ),
            click.option(
                "--at", "provider", default="", metavar="PROVIDER", help="Delete it there too, and look again: mem0, letta."
            ),
            click.option("--provider-url", default="", metavar="URL", help="A server of one's own: http://localhost:8888."),
            click.option("--provider-user", default="", metavar="ID", help="Whose memories: mem0's user_id, Letta's agent."),
            click.option(
                "--receipt",
                "receipt",
                metavar="FILE",
                type=click.Path(path_type=Path, dir_okay=False),
                help="Write the receipt.",
            ),
            options.dry_run,
            options.yes,
            options.json,
        )
    ):
        command = option(command)
    return command


@click.command()
@_selectors
def forget(**given: Any) -> None:
    """Erase records for good: every state and copy in the vault, what was derived from them alone, and their way back.

    First shows what goes and what is touched, then asks. IDs are of records (satchel search shows them). Conditions narrow one
    another; each ID is added. No undo brings it back, and no later import: what was erased is stopped at the door
    (satchel import --allow-erased ID).

    What left the vault before, in exports and at providers, is not reached; exports that held it are shown. With --at it is
    deleted at a provider first, which is asked again afterwards, for "deleted" is not always gone: what it still shows is told
    (exit code 3). The key for it is read from SATCHEL_PROVIDER_KEY, or asked for.

    \b
    satchel forget 3f2a91c0de --receipt forgotten.json
    satchel forget 3f2a91c0de --at mem0 --provider-url http://localhost:8888 --provider-user anna
    satchel forget --about "Dr. Marlow" --dry-run
    satchel forget --source chatgpt --search '"project heron"' --since 2025-01-01 --yes
    """
    _run("delete", given)


@click.command()
@_selectors
def redact(**given: Any) -> None:
    """Erase what records say, and keep that they were: kind, times and links stay, text goes everywhere.

    Takes what satchel forget takes, and asks as it does. Parts of a record (the messages of a conversation) are redacted with
    it; what was drawn from it alone is forgotten.

    \b
    satchel redact 3f2a91c0de
    """
    _run("redact", given)


def _run(mode: Literal["delete", "redact"], given: dict[str, Any]) -> None:
    from satchel.cli.console import say, say_json, tell
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.move import elsewhere, forgetting, receipts

    given_json, provider = given["json"], given["provider"]
    if provider:
        elsewhere.provider_called(provider)
    with opened() as store:
        closure = forgetting.preview(store, _asked(store, mode, given))
        held = store.exports_holding(record.uid for record in closure.records if record.goes)
        if not given_json:
            _show(store, closure)
            _show_exports(held)
        if not closure.going:
            raise UsageError("nothing in the vault is what was named", hint="satchel search shows what is there")
        wanted = elsewhere.wanted_of(store, closure, provider) if provider else []
        there = None
        if given["dry_run"]:
            there = _ask_provider(given, wanted, dry_run=True) if provider else None
            if given_json:
                say_json({"dry_run": True, "closure": closure, "exports": held, "elsewhere": there})
            else:
                _tell_provider(there)
                say("Dry run: nothing was changed.")
            return
        if not given["yes"]:
            _ask(mode, closure)
        keys = len(store.signing_keys())
        if provider:
            # First there: what the vault no longer has cannot be asked for.
            there = _ask_provider(given, wanted, dry_run=False)
        erased = forgetting.forget(store, _asked(store, mode, given), expected=closure)
        if len(store.signing_keys()) > keys:
            tell("Made a signing key for the vault, for it had none: satchel keys list shows it.")
        if there is not None:
            elsewhere.note(store, erased.change, there)
        receipt = receipts.receipt(store, erased.change) if given["receipt"] else None
    if given_json:
        say_json({"dry_run": False, "closure": closure, "exports": held, "elsewhere": there, "erased": erased})
    else:
        _tell(erased)
        _tell_provider(there)
    if receipt is not None:
        # Last: a path that cannot be written must not hide that it is done. satchel receipt writes it again.
        page = receipts.write(receipt, given["receipt"])
        if not given_json:
            say(f"{given['receipt']}: the receipt. To read and print: {page}")
    if there is not None and (not there.is_gone or there.unasked):
        raise SystemExit(3)


def _ask_provider(given: dict[str, Any], wanted: list[Wanted], *, dry_run: bool) -> Outcome:
    """Delete at the provider, or only look there."""
    import os

    from satchel.cli.console import WorkProgress
    from satchel.move import elsewhere
    from satchel.trust.secrets import Secret

    name = given["provider"]
    key = os.environ.get("SATCHEL_PROVIDER_KEY", "")
    if not key and not given["provider_url"] and sys.stdin.isatty():
        import getpass

        key = getpass.getpass(f"Key for {name}: ")
    api = elsewhere.api_of(name, given["provider_url"], Secret(key.encode()) if key else None)
    with WorkProgress(f"Deleting at {name}", shown=not given["json"], by_bytes=False) as progress:
        progress.total(len(wanted))
        return elsewhere.provider_called(name).delete(
            api, wanted, user=given["provider_user"], dry_run=dry_run, progress=progress.advance
        )


def _tell_provider(there: Outcome | None) -> None:
    from satchel.cli.console import clean, counted, dim, say

    if there is None:
        return
    where = f"{there.provider} at {clean(there.host)}"
    say(f"{where}: {counted(there.found, 'memory', 'memories')} found, {there.deleted:,} deleted.")
    for place, count in there.still.items():
        say(f"  Still there: {counted(count, 'record')} in its {clean(place)}.")
    for line in there.unasked:
        say(dim(f"  Not asked: {clean(line)}"))


def _show_exports(held: list[HeldBy]) -> None:
    from satchel.cli.console import clean, counted, dim, say

    for export, records, certain in held:
        when = export.at.date().isoformat() if export.at else ""
        verb = "has" if certain == records else "may have"
        say(f"{clean(export.target)} ({export.format}, {when}) {verb} {counted(records, 'record')} of these.")
    if held:
        say(dim("These exports are not reached: delete them and their copies."))
        say()


def _asked(store: Store, mode: Literal["delete", "redact"], given: dict[str, Any]) -> Forgetting:
    from satchel.cli.moments import moment_of
    from satchel.errors import UsageError
    from satchel.model.bodies import KINDS
    from satchel.vault.values import Forgetting

    for name in given["kind"]:
        if name not in KINDS:
            raise UsageError(f"no kind is called {name!r}", hint="kinds: " + ", ".join(KINDS))
    return Forgetting(
        uids=tuple(dict.fromkeys(store.resolve(id) for id in given["ids"])),
        words=given["words"],
        platforms=given["source"],
        kinds=given["kind"],
        batches=given["imports"],
        files=given["files"],
        since=moment_of(given["since"], "--since"),
        until=moment_of(given["until"], "--until", end=True),
        scope=store.resolve(given["scope"]) if given["scope"] else "",
        tags=given["tag"],
        about=given["about"],
        mode=mode,
        with_witnesses=given["witnesses"],
        quotations=given["quotations"],
    )


def _show(store: Store, closure: Closure) -> None:
    from satchel.cli.console import bold, dim, one_line, say, table
    from satchel.model.text import searchable

    for head, manners, counted in (("Goes", _GOES, closure.going), ("Stays", _STAYS, closure.staying)):
        rows = [
            [words, kind, f"{count:,}"]
            for how, words in manners.items()
            for kind, count in sorted(counted.get(how, {}).items())
        ]
        if rows:
            table(rows, head=[head, "", ""], right={2})
            say()
    told = [record for record in closure.records if record.how not in ("derived", "touched")]
    for reached in told[:SHOWN]:
        record = store.get(reached.uid)
        if record is not None:
            title, text = searchable(record)
            words = (_GOES | _STAYS)[reached.how]
            says = "takes the quotation out" if reached.scrubbed else words
            about = dim(f"{reached.kind} · {reached.platform} · {says}")
            say(f"{bold(reached.uid[:10])}  {about}  {one_line(title or text, 60)}")
    if len(told) > SHOWN:
        say(dim(f"and {len(told) - SHOWN:,} more; --json lists all"))


def _ask(mode: str, closure: Closure) -> None:
    from satchel.cli.console import counted
    from satchel.errors import UsageError

    count = sum(closure.counts().values())
    if not sys.stdin.isatty():
        raise UsageError(f"{counted(count, 'record')} would be erased", hint="--yes goes ahead, --dry-run only tells")
    verb = "Redact" if mode == "redact" else "Forget"
    click.confirm(f"{verb} {counted(count, 'record')} for good? This cannot be undone.", abort=True)


def _tell(erased: Erased) -> None:
    from satchel.cli.console import counted, dim, say

    stores = erased.stores
    done = "Redacted" if erased.mode == "redact" else "Forgotten"
    say(f"{done}: " + ", ".join(f"{count:,} {kind}" for kind, count in erased.counts.items()))
    reached = (
        (stores.versions, "earlier state", ""),
        (stores.originals_dropped, "kept original dropped", "kept originals dropped"),
        (stores.originals_rewritten, "kept original rewritten without them", "kept originals rewritten without them"),
        (stores.originals_emptied, "kept original emptied", "kept originals emptied"),
        (stores.index_entries, "index entry", "index entries"),
        (stores.vectors, "record's vectors", "records' vectors"),
        (stores.blobs, "file", ""),
        (stores.carried, "file of vectors", "files of vectors"),
        (stores.heard, "foreign audit entry silenced", "foreign audit entries silenced"),
        (stores.quotations_scrubbed, "quotation taken out", "quotations taken out"),
    )
    say("Reached: " + ", ".join(counted(count, one, many) for count, one, many in reached if count))
    if stores.quotations_flagged:
        which = counted(stores.quotations_flagged, "record that stays quotes", "records that stay quote")
        say(f"{which} it; --quotations scrub takes quotations out.")
    if not erased.log_cleared:
        say("Another process reads the vault: its log, encrypted, holds the old pages until that one ends.")
    say(f"{counted(len(erased.tombstones), 'signed tombstone')} will leave with every Portable Memory bundle.")
    say(dim(f"Change {erased.change}. Exports that were made before, and the providers themselves, still have it."))
