"""``satchel export``: write the vault out in an open format, or as texts to paste into an assistant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import ledger as ledgers
from satchel.cli import options

if TYPE_CHECKING:
    from satchel.formats.base import Written
    from satchel.model.ledger import LedgerLine
    from satchel.move.redaction import Redaction


@click.command()
@click.argument("target", metavar="TARGET", type=options.PATH)
@click.option(
    "--to",
    required=True,
    metavar="FORMAT[=PROFILE]",
    help="portable-agent-memory, portable-ai-memory, portable-memory; texts to paste: chatgpt-text, claude-text, gemini-text,"
    " system-prompt.",
)
@click.option("--sign", default="", metavar="KEY", help="Sign with the key of this name (satchel keys create).")
@click.option(
    "--profile",
    default="",
    metavar="NAME",
    help="A spelling of the format, as behind the =: sdk, spec; of an artifact sdk-0.1, spec-1.0, schema-1.0.",
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="CHARACTERS",
    help="How long a text to paste may be where the assistant states no limit.",
)
@options.as_of
@click.option(
    "--since", default="", metavar="X", help="Only what is new since: a time, a change (satchel log), an earlier export."
)
@click.option(
    "--strip-identifiers", is_flag=True, help="Leave out account and user ids, and what else a product said of itself."
)
@options.encrypt_to
@options.encrypt_passphrase
@click.option("--redact", is_flag=True, help="Put tokens in the place of personal data and secrets; files stay behind.")
@click.option(
    "--redact-types", default="", metavar="TYPES", help="With --redact, these alone: email,phone_us,… (default: all)."
)
@click.option("--irreversible", is_flag=True, help="With --redact, keep nothing by which it could be recovered.")
@click.option("--consistent", is_flag=True, help="With --redact, give the same value the same token throughout.")
@click.option(
    "--detector", default="", metavar="NAME", help="With --redact, also presidio or presidio=MODEL, which knows names."
)
@click.option("--seal-to", multiple=True, metavar="AGE1…", help="With --redact, let these recover it, and the vault not.")
@click.option("--recoverable-by", default="", metavar="NAME", help="With --redact, whom a token must name to recover it.")
@options.no_residue
@ledgers.asked
@options.json
def export(
    target: Path,
    to: str,
    sign: str,
    profile: str,
    budget: int | None,
    as_of: str,
    since: str,
    strip_identifiers: bool,
    encrypt_to: tuple[str, ...],
    encrypt_passphrase: bool,
    redact: bool,
    redact_types: str,
    irreversible: bool,
    consistent: bool,
    detector: str,
    seal_to: tuple[str, ...],
    recoverable_by: str,
    no_residue: bool,
    ledger: Path | None,
    sign_ledger: str,
    json: bool,
) -> None:
    """Write everything in the vault in an open format, or what matters most as texts to paste into an assistant; what
    the target cannot hold is told.

    TARGET is a folder; for Portable AI Memory also one file, where its name ends in .zip, for Portable Agent Memory where it
    ends in .pam (JSON) or .pam.cbor. What is written is not encrypted, unless you say for whom (Portable AI Memory alone): then
    it is one file that any age tool opens, and signed inside if you sign it.

    The same vault gives the same bytes, but for the time of a memory store's signature and for what is encrypted. With
    --as-of, what held at that moment: earlier states of what changed since, nothing that began later or was over. With
    --since, an increment for whoever has the rest: a time or a change stands for the full export of that state; to follow
    an increment, name that.

    With --redact, what was taken out is kept beside TARGET in an encrypted file, whose key the vault has: satchel redactions
    recovers it, or destroys the key.

    \b
    satchel export --to portable-ai-memory my-memory
    satchel export --to portable-ai-memory --since my-memory since-then
    satchel export --to portable-ai-memory --strip-identifiers to-share.zip
    satchel export --to portable-ai-memory --encrypt-passphrase backup.zip.age
    satchel export --to portable-ai-memory --encrypt-to age1ql3z… to-her.zip.age
    satchel export --to portable-memory --sign main my-memory.mem
    satchel export --to portable-agent-memory --sign main my-memory.pam
    satchel export --to portable-agent-memory=spec-1.0 my-memory.pam.cbor
    satchel export --to claude-text for-claude
    satchel export --to portable-ai-memory --redact --redact-types email,phone_us,phone to-share
    satchel export --to system-prompt --budget 8000 prompt
    satchel export --to portable-memory --since my-memory.mem since-then.mem
    satchel export --to portable-agent-memory --ledger ledger.json my-memory.pam
    """
    from satchel.cli import door
    from satchel.cli.console import WorkProgress, say_json
    from satchel.cli.moments import as_of_moment
    from satchel.cli.sealed import recipients
    from satchel.cli.vaults import opened_to
    from satchel.errors import UsageError
    from satchel.move.exports import export as write
    from satchel.move.redaction import Redaction

    if sign or since or sign_ledger:
        door.refuse_tokens("--sign and --since are for the owner: a token has no key, and shows no state to go on from")
    moment = as_of_moment(as_of)
    to, profile = format_and_profile(to, profile)
    readers = recipients(encrypt_to, by_passphrase=encrypt_passphrase)
    redaction = None
    if redact:
        redaction = Redaction(
            types=redact_types.split(","),
            detector=detector,
            irreversible=irreversible,
            consistent=consistent,
            recipients=seal_to,
            audience=recoverable_by,
        )
    elif redact_types or irreversible or consistent or detector or seal_to or recoverable_by:
        raise UsageError("that is about what --redact takes out", hint="give --redact too")
    # A token that asks for redaction is content with one that takes out everything and that nobody undoes.
    is_thorough = redact and irreversible and not redact_types
    progress_shown = WorkProgress("Writing", shown=not json, by_bytes=False)
    with opened_to("export", redacts=is_thorough) as store, progress_shown as progress:
        progress.total(store.count())
        written = write(
            store,
            target,
            format=to,
            progress=progress.advance,
            sign=sign,
            profile=profile,
            budget=budget or 0,
            as_of=moment,
            since=since,
            strip_identifiers=strip_identifiers,
            recipients=readers,
            redaction=redaction,
            residue=not no_residue,
            ledger=ledgers.wanted(ledger, sign_ledger, lambda name: store.signing_key(name), sign),
        )
    if json:
        counts = {**written.counts, "files": written.files, "size_bytes": written.size_bytes}
        said = {"format": to, "target": str(target), "written": counts, "encrypted": readers is not None}
        said["ledger"] = written.ledger.lines()
        if redaction is not None:
            store_path = str(redaction.path) if redaction.path else None
            said["redaction"] = {"id": redaction.id, "types": redaction.counts(), "store": store_path}
        say_json(said)
        return
    tell_written(target, written, is_encrypted=readers is not None)
    ledgers.tell(ledger, written.document)
    if redaction is not None:
        _tell_redaction(redaction)


def tell_written(target: Path, written: Written, *, is_encrypted: bool) -> None:
    """What stands in the target, and what it could not hold."""
    from satchel.cli.console import clean, counted, dim, say, size

    what = [f"{name} {count:,}" for name, count in written.counts.items()]
    amount = f"{counted(written.files, 'file')}, {size(written.size_bytes)}{', encrypted' if is_encrypted else ''}"
    say(f"{target}: {', '.join(what) or 'nothing'}; {amount}")
    for (fate, kind, text), lines in _alike(written.ledger.lines()).items():
        shown = str if fate in ("unresolved", "rejected") else dim
        most = max(line.count for line in lines)
        fields = [line.field if line.count == most else f"{line.field} ({line.count:,})" for line in lines if line.field]
        names = f" {', '.join(fields)}" if fields else ""
        say(shown(f"  {fate}: {most:,} {kind}{names}: ") + clean(text))


def _alike(lines: list[LedgerLine]) -> dict[tuple[str, str, str], list[LedgerLine]]:
    """Lines that differ in the field alone, told as one."""
    found: dict[tuple[str, str, str], list[LedgerLine]] = {}
    for line in lines:
        if line.code:
            found.setdefault((line.fate, line.kind, line.text or line.code), []).append(line)
    return found


def _tell_redaction(redaction: Redaction) -> None:
    from satchel.cli.console import clean, dim, say

    taken = [f"{count:,} {type}" for type, count in redaction.counts().items()]
    say(f"Taken out: {', '.join(taken) or 'nothing was found'}.")
    if redaction.path is not None:
        say(f"What the tokens stand for is in {clean(str(redaction.path))}, encrypted. Do not share the two together.")
    say(dim("Rules find what has a form of its own. Names, addresses and what only its context tells are not found;"))
    say(dim("read what you share."))


def format_and_profile(to: str, profile: str) -> tuple[str, str]:
    """The format and the profile of ``FORMAT[=PROFILE]`` and ``--profile``. Raises UsageError where they name two profiles."""
    from satchel.errors import UsageError

    format, _, named = to.partition("=")
    if named and profile and named != profile:
        raise UsageError(f"--to says profile {named!r} and --profile says {profile!r}", hint="leave one of them out")
    return format, named or profile
