"""``satchel redactions``: what ``satchel export --redact`` took out: list it, recover it, destroy the key to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.trust.redaction.tokens import Kept


@click.group()
def redactions() -> None:
    """What redacted exports left out: recover it, or make it unrecoverable.

    \b
    satchel redactions list
    """


@redactions.command("list")
@options.json
def list_(json: bool) -> None:
    """List the redactions whose keys the vault keeps, or kept.

    \b
    satchel redactions list
    """
    from satchel.cli.console import say, say_json, table
    from satchel.cli.vaults import opened

    with opened() as store:
        found = store.redaction_keys()
    if json:
        say_json(found)
        return
    if not found:
        say("There are none: satchel export --redact makes one.")
        return
    lines = [
        [
            each.id,
            f"{each.made:%Y-%m-%d %H:%M}",
            f"destroyed {each.shredded:%Y-%m-%d}" if each.shredded else "can be recovered",
            ", ".join(f"{count:,} {type}" for type, count in each.counts.items()),
        ]
        for each in found
    ]
    table(lines, head=["id", "made (UTC)", "", "taken out"])


@redactions.command()
@click.argument("file", metavar="FILE", type=options.PATH)
@click.argument("tokens", metavar="[TOKEN]…", nargs=-1)
@click.option("--identity", type=options.PATH, help="An age identity that the key was sealed to; else the vault's.")
@options.json
def recover(file: Path, tokens: tuple[str, ...], identity: Path | None, json: bool) -> None:
    """Tell what tokens stand for. FILE is the redaction store beside the export.

    Without a token, a text is read from standard input and written with its originals put back, all else byte for byte.
    Somebody else than the owner shows a capability token with the permission redact: satchel --token FILE --caller NAME
    redactions recover …

    \b
    satchel redactions recover to-share.3f9a21c07b5e8d64.redactions.json "[REDACTED:email:k3v9x2m1]"
    satchel redactions recover to-share.3f9a21c07b5e8d64.redactions.json < answer.txt
    """
    from satchel.cli.console import clean, say, say_json
    from satchel.errors import NotFound, UsageError
    from satchel.trust.redaction.tokens import recovered_bytes

    if not tokens and sys.stdin.isatty():
        raise UsageError("what shall be recovered?", hint="name a token, or give a text on standard input")
    kept = _opened(file, identity)
    if not tokens:
        data = recovered_bytes(sys.stdin.buffer.read(), kept)
        if json:
            try:
                say_json({"text": data.decode("utf-8", "surrogatepass")})
            except UnicodeDecodeError:
                raise UsageError("the text is not UTF-8", hint="without --json it comes back byte for byte") from None
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        return
    found = {}
    for token in tokens:
        if token not in kept:
            raise NotFound("the redaction store has no such token", hint="it looks like [REDACTED:email:k3v9x2m1]; quote it")
        found[token] = kept[token]
    if json:
        say_json({token: {"original": each.original, "type": each.type} for token, each in found.items()})
        return
    for each in found.values():
        say(clean(str(each.original)))


@redactions.command()
@click.argument("file", metavar="FILE", type=options.PATH)
@click.option("--identity", type=options.PATH, help="An age identity that the key was sealed to; else the vault's.")
@options.json
def types(file: Path, identity: Path | None, json: bool) -> None:
    """Count what a redaction store holds, by type; nothing of it is shown.

    \b
    satchel redactions types to-share.3f9a21c07b5e8d64.redactions.json
    """
    from collections import Counter

    from satchel.cli.console import say, say_json

    counts = dict(sorted(Counter(each.type for each in _opened(file, identity).values()).items()))
    if json:
        say_json({"types": counts})
        return
    for type, count in counts.items():
        say(f"{type}  {count:,}")


@redactions.command()
@click.argument("id", metavar="ID")
@options.dry_run
@options.yes
@options.json
def shred(id: str, dry_run: bool, yes: bool, json: bool) -> None:
    """Destroy the key of a redaction store: nobody recovers it again, wherever copies of the file lie.

    What the vault itself holds stays in the vault. A copy of the vault from before still has the key.

    \b
    satchel redactions shred rs:3f9a21c07b5e8d64 --dry-run
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError

    with opened() as store:
        store.redaction_key(id)
        counts = next(each.counts for each in store.redaction_keys() if each.id == id)
        if not json:
            what = ", ".join(f"{count:,} {type}" for type, count in counts.items())
            say(f"The key of {id} opens: {what}.")
        if not dry_run:
            if not yes:
                if not sys.stdin.isatty():
                    raise UsageError("shred asks before it destroys a key", hint="--yes goes ahead, --dry-run only tells")
                click.confirm("Destroy it? Nothing brings it back.", abort=True)
            store.shred_redaction_key(id)
    if json:
        say_json({"dry_run": dry_run, "id": id, "types": counts})
    elif not dry_run:
        say("Destroyed.")


def _opened(file: Path, identity: Path | None) -> dict[str, Kept]:
    """What the tokens of a redaction store stand for; the vault's audit log has it where the vault's key opened it."""
    from satchel.cli import door
    from satchel.cli.vaults import opened_to
    from satchel.errors import UsageError
    from satchel.trust.files import read_private
    from satchel.trust.redaction.recovery import opened
    from satchel.trust.redaction.store import read_file

    sealed = read_file(file)
    if identity is not None:
        lines = read_private(identity).decode("utf-8", "replace").splitlines()
        return opened(sealed, sealed.key_by(line for line in lines if line.upper().startswith("AGE-SECRET-KEY-"))).entries
    held = door.held()
    if held is not None and len(held.files) > 1:
        raise UsageError("a redaction store is opened with one token", hint="give the one that permits to redact")
    shown = door.read(held)[0].token if held else None
    with opened_to("redact") as store:
        found = opened(sealed, store.redaction_key(sealed.id), shown)
        store.note_recovery(sealed.id, shown.id if shown else "")
    return found.entries
