"""``satchel export``: write the vault out in an open format, or as texts to paste into an assistant."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("target", metavar="TARGET", type=click.Path(path_type=Path))
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
    "--since", default="", metavar="X", help="Only what is new since: a time, a change (satchel log), an earlier bundle."
)
@click.option(
    "--strip-identifiers", is_flag=True, help="Leave out account and user ids, and what else a product said of itself."
)
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
    json: bool,
) -> None:
    """Write everything in the vault in an open format, or what matters most as texts to paste into an assistant; what
    the target cannot hold is told.

    TARGET is a folder; for Portable AI Memory also one file, where its name ends in .zip, for Portable Agent Memory where it
    ends in .pam (JSON) or .pam.cbor. What is written is not encrypted.
    The same vault gives the same bytes, but for the time of a memory store's signature. With --as-of, what held at that
    moment: earlier states of what changed since, nothing that began later or was over.

    \b
    satchel export --to portable-ai-memory my-memory
    satchel export --to portable-ai-memory --strip-identifiers to-share.zip
    satchel export --to portable-memory --sign main my-memory.mem
    satchel export --to portable-agent-memory --sign main my-memory.pam
    satchel export --to portable-agent-memory=spec-1.0 my-memory.pam.cbor
    satchel export --to claude-text for-claude
    satchel export --to system-prompt --budget 8000 prompt
    satchel export --to portable-memory --since my-memory.mem since-then.mem
    """
    from satchel.cli.console import WorkProgress, clean, counted, dim, say, say_json, size
    from satchel.cli.moments import as_of_moment
    from satchel.cli.vaults import opened
    from satchel.move.exports import export as write

    moment = as_of_moment(as_of)
    to, profile = format_and_profile(to, profile)
    with opened() as store, WorkProgress("Writing", shown=not json, by_bytes=False) as progress:
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
        )
    lines = written.ledger.lines()
    if json:
        counts = {**written.counts, "files": written.files, "size_bytes": written.size_bytes}
        say_json({"format": to, "target": str(target), "written": counts, "ledger": lines})
        return
    what = [f"{name} {count:,}" for name, count in written.counts.items()]
    say(f"{target}: {', '.join(what) or 'nothing'}; {counted(written.files, 'file')}, {size(written.size_bytes)}")
    for line in lines:
        if line.code:
            field = f" {line.field}" if line.field else ""
            say(dim(f"  {line.fate}: {line.count:,} {line.kind}{field}: ") + clean(line.text or line.code))


def format_and_profile(to: str, profile: str) -> tuple[str, str]:
    """The format and the profile of ``FORMAT[=PROFILE]`` and ``--profile``. Raises UsageError where they name two profiles."""
    from satchel.errors import UsageError

    format, _, named = to.partition("=")
    if named and profile and named != profile:
        raise UsageError(f"--to says profile {named!r} and --profile says {profile!r}", hint="leave one of them out")
    return format, named or profile
