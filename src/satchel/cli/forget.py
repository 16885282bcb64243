"""``satchel forget`` and ``satchel redact``: erase for good, after showing what goes with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.model.erasure import Closure, Erased, HeldBack
    from satchel.move.elsewhere import Outcome, Wanted
    from satchel.vault.store import Store
    from satchel.vault.values import Forgetting, HeldBy, NearDuplicate

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
            click.option("--account", "accounts", multiple=True, metavar="ID", help="Only from this account there."),
            click.option("--key", "keys", multiple=True, metavar="KEY", help="Only what came signed by this public key."),
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
                "--provider-search",
                is_flag=True,
                help="Where its list is cut: ask its search with the texts that are to go, which tells them to it.",
            ),
            click.option(
                "--receipt",
                "receipt",
                metavar="FILE",
                type=click.Path(path_type=Path, dir_okay=False),
                help="Write the receipt.",
            ),
            click.option("--near", is_flag=True, help="Also list what says nearly the same, to add it by its id or leave it."),
            options.dry_run,
            options.yes,
            options.json,
        )
    ):
        command = option(command)
    return command


@click.command()
@_selectors
@click.option(
    "--undo-window",
    metavar="7d|none",
    help="On its own: from now on, keep what is forgotten for so long, sealed, so that satchel undo brings it back.",
)
@click.option("--purge", is_flag=True, help="No undo window this time; on its own: destroy what is sealed now.")
def forget(undo_window: str | None, purge: bool, **given: Any) -> None:
    """Erase records for good: every state and copy in the vault, what was derived from them alone, and their way back.

    First shows what goes and what is touched, then asks. IDs are of records (satchel search shows them). Conditions narrow one
    another; each ID is added. No undo brings it back, unless you set a window for that before (--undo-window 7d): then the
    content is still there, sealed, until it ends. Nor does a later import: what was erased is stopped at the door (satchel
    import --allow-erased ID).

    What left the vault before, in exports and at providers, is not reached; exports that held it are shown. With --at it is
    deleted at a provider first, which is asked again afterwards, for "deleted" is not always gone: what it still shows is told
    (exit code 3). It is told no text that it did not show itself, and on a dry run none at all. The key for it is read from
    SATCHEL_PROVIDER_KEY, or asked for.

    \b
    satchel forget 3f2a91c0de --receipt forgotten.json
    satchel forget 3f2a91c0de --at mem0 --provider-url http://localhost:8888 --provider-user anna
    satchel forget --about "Dr. Marlow" --dry-run
    satchel forget --source chatgpt --search '"project heron"' --since 2025-01-01 --yes
    satchel forget --undo-window 7d
    """
    alone = not any(given[name] for name in _NAMING)
    if undo_window is not None:
        if not alone or purge:
            raise click.UsageError("--undo-window is set on its own, before something is forgotten")
        _set_window(undo_window, given["json"])
    elif purge and alone:
        _purge(given)
    else:
        _run("delete", given, at_once=purge)


#: The options that name records, or narrow what others name.
_NAMING = ("ids", "words", "about", "source", "imports", "files", "since", "until", "scope", "kind", "tag")


def _set_window(text: str, given_json: bool) -> None:
    from datetime import UTC, datetime

    from satchel.cli.console import counted, say, say_json
    from satchel.cli.moments import ahead
    from satchel.cli.vaults import opened

    now = datetime.now(UTC).replace(microsecond=0)
    window = timedelta(0) if text.strip().lower() in ("none", "0") else ahead(text, "--undo-window", now) - now
    if window < timedelta(0):
        raise click.UsageError("--undo-window takes 24h, 7d or none")
    with opened() as store:
        store.set_undo_window(window)
        held = store.held_back()
    if given_json:
        say_json({"undo_window_s": int(window.total_seconds()), "held_back": held})
    elif not window:
        say("What is forgotten from now on is gone at once.")
        if held:
            say(f"{counted(len(held), 'change')} can still be undone; satchel forget --purge destroys what is sealed.")
    else:
        say(f"What is forgotten from now on is kept for {text.strip()}, sealed; until then satchel undo brings it back.")
        say("So long it is still there: the first command after that destroys it, or satchel forget --purge at once.")


def _purge(given: dict[str, Any]) -> None:
    from satchel.cli.console import counted, say, say_json, tell_held_back
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError

    with opened() as store:
        held = store.held_back()
        if held and not given["dry_run"]:
            if not given["yes"]:
                tell_held_back(held)
                if not sys.stdin.isatty():
                    raise UsageError("purging cannot be undone", hint="--yes goes ahead, --dry-run only tells")
                click.confirm(f"Destroy what is sealed of {counted(len(held), 'change')}?", abort=True)
            store.purge()
    if given["json"]:
        say_json({"dry_run": given["dry_run"], "purged": held})
    elif given["dry_run"]:
        tell_held_back(held)
        say("Dry run: nothing was changed.")
    elif held:
        say("Destroyed: " + ", ".join(f"change {each.change} ({counted(each.records, 'record')})" for each in held))
        say("satchel receipt FILE --change N writes a receipt that says so.")
    else:
        say("Nothing is sealed.")


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


def _run(mode: Literal["delete", "redact"], given: dict[str, Any], *, at_once: bool = False) -> None:
    from satchel.cli.console import WorkProgress, say, say_json, tell
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.move import elsewhere, forgetting, receipts

    given_json, provider = given["json"], given["provider"]
    if provider:
        elsewhere.provider_called(provider)
    with opened() as store:
        with WorkProgress("Looking", shown=not given_json, by_bytes=False) as progress:
            progress.total(None)
            closure = forgetting.preview(store, _asked(store, mode, given), progress=progress.advance)
        near = _near(store, closure, given_json) if given["near"] else None
        if near and not given_json:
            _show_near(store, near)
            if sys.stdin.isatty() and not given["yes"] and not given["dry_run"]:
                more = click.prompt("Also these (ids, or nothing)", default="", show_default=False).split()
                given["ids"] = (*given["ids"], *more)
                if more:
                    closure = forgetting.preview(store, _asked(store, mode, given))
        held = store.exports_holding(record.uid for record in closure.records if record.goes)
        window = timedelta(0) if at_once else store.undo_window()
        older = store.held_back() if not window else []
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
                told = {"near": near, "undo_window_s": int(window.total_seconds()), "purges": older}
                say_json({"dry_run": True, "closure": closure, "exports": held, "elsewhere": there, **told})
            else:
                _tell_provider(there)
                _tell_window(window, older, provider)
                say("Dry run: nothing was changed.")
            return
        if provider and not given_json:
            _tell_what_is_sent(given)
        if not given_json:
            _tell_window(window, older, provider)
        if not given["yes"]:
            _ask(mode, closure, window)
        keys = len(store.signing_keys())
        if provider:
            # First there: what the vault no longer has cannot be asked for.
            there = _ask_provider(given, wanted, dry_run=False)
            if there.failed:
                elsewhere.note(store, None, there)
                _stop(there, closure, held, given_json)
        with WorkProgress("Forgetting", shown=not given_json, by_bytes=False) as progress:
            progress.total(sum(closure.counts().values()))
            erased = forgetting.forget(
                store,
                _asked(store, mode, given),
                expected=closure,
                at_once=at_once,
                progress=lambda count: progress.advance(count / forgetting.PASSES),
            )
        if len(store.signing_keys()) > keys:
            tell("Made a signing key for the vault, for it had none: satchel keys list shows it.")
        if there is not None:
            elsewhere.note(store, erased.change, there)
        receipt = receipts.receipt(store, erased.change) if given["receipt"] else None
    if given_json:
        done = {"dry_run": False, "closure": closure, "exports": held, "elsewhere": there, "erased": erased}
        say_json({**done, "near": near})
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


def _near(store: Store, closure: Closure, given_json: bool) -> list[NearDuplicate]:
    from satchel.cli.console import WorkProgress

    going = [record.uid for record in closure.records if record.goes]
    with WorkProgress("Looking for what is near", shown=not given_json, by_bytes=False) as progress:
        progress.total(len(going))
        return store.near_duplicates(going, [record.uid for record in closure.records], progress.advance)


def _show_near(store: Store, near: list[NearDuplicate]) -> None:
    from satchel.cli.console import bold, dim, one_line, say
    from satchel.model.text import searchable

    say("Says nearly the same, and stays:")
    for each in near[:SHOWN]:
        record = store.get(each.uid)
        if record is not None:
            title, text = searchable(record)
            about = dim(f"{each.kind} · {each.platform} · {each.share:.0%} of {each.of[:10]}")
            say(f"{bold(each.uid[:10])}  {about}  {one_line(title or text, 60)}")
    if len(near) > SHOWN:
        say(dim(f"and {len(near) - SHOWN:,} more; --json lists all"))
    say(dim("Add the ids of those that shall go as well."))
    say()


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
            api,
            wanted,
            user=given["provider_user"],
            dry_run=dry_run,
            progress=progress.advance,
            with_texts=given["provider_search"],
        )


def _tell_what_is_sent(given: dict[str, Any]) -> None:
    from satchel.cli.console import dim, say

    name = given["provider"]
    say(
        dim(
            f"{name} is asked by ids and for its lists, and its search with a word that tells nothing. Where that word does not"
        )
    )
    say(dim("find a memory that it lists, its search is asked with that memory's text, as it has it, in no URL."))
    if given["provider_search"]:
        say(dim("With --provider-search, where its list is cut, it is sent the texts that are to go, which it may not have."))
    say()


def _stop(there: Outcome, closure: Closure, held: list[HeldBy], given_json: bool) -> None:
    """Some of it is gone there and some is not: what the vault has is needed to try again."""
    from satchel.cli.console import say_json
    from satchel.errors import NetworkError

    if given_json:
        say_json({"dry_run": False, "closure": closure, "exports": held, "elsewhere": there, "erased": None})
    else:
        _tell_provider(there)
    raise NetworkError(
        f"{there.failed:,} of {there.found:,} memories at {there.host} were not deleted; nothing was erased in the vault",
        hint="the same command tries the rest again; without --at it erases in the vault alone",
    )


def _tell_provider(there: Outcome | None) -> None:
    from satchel.cli.console import clean, counted, dim, say

    if there is None:
        return
    where = f"{there.provider} at {clean(there.host)}"
    refused = f", {there.failed:,} not deleted" if there.failed else ""
    say(f"{where}: {counted(there.found, 'memory', 'memories')} found, {there.deleted:,} deleted{refused}.")
    if there.sent:
        say(dim(f"  Its search was asked with {counted(there.sent, 'text')}."))
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
    from satchel.cli.sources import public_key
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
        accounts=given["accounts"],
        signers=tuple(public_key(key) for key in given["keys"]),
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


def _span(window: timedelta) -> str:
    from satchel.cli.console import counted

    for unit_s, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if not window.total_seconds() % unit_s:
            return counted(int(window.total_seconds()) // unit_s, name)
    return counted(int(window.total_seconds()), "second")


def _tell_window(window: timedelta, older: list[HeldBack], provider: str) -> None:
    from satchel.cli.console import say

    if window:
        say(
            f"Your undo window: the content stays in the vault for {_span(window)}, sealed, until it is gone. --purge: at once."
        )
    if window and provider:
        say(f"What is deleted at {provider} does not come back with it.")
    if older:
        changes = ", ".join(str(each.change) for each in older)
        say(f"What is sealed of earlier changes ({changes}) is destroyed with it, and they can be undone no more.")


def _ask(mode: str, closure: Closure, window: timedelta) -> None:
    from satchel.cli.console import counted
    from satchel.errors import UsageError

    count = sum(closure.counts().values())
    if not sys.stdin.isatty():
        raise UsageError(f"{counted(count, 'record')} would be erased", hint="--yes goes ahead, --dry-run only tells")
    verb = "Redact" if mode == "redact" else "Forget"
    if window:
        click.confirm(f"{verb} {counted(count, 'record')}? It can be undone for {_span(window)}.", abort=True)
    else:
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
    leaving = counted(len(erased.tombstones), "signed tombstone")
    if erased.undo_until is None:
        say(f"{leaving} will leave with every Portable Memory bundle.")
    else:
        say(f"Still there: it is kept in the vault, sealed, until {erased.undo_until:%Y-%m-%d %H:%M} UTC.")
        say(dim(f"satchel undo {erased.change} brings it back; satchel forget --purge destroys it now."))
        say(f"{leaving} will leave with Portable Memory bundles once it is destroyed.")
    say(dim(f"Change {erased.change}. Exports that were made before, and the providers themselves, still have it."))
