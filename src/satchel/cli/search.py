"""``satchel search``: find in the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.vault.values import Hit


@click.command()
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option("--kind", multiple=True, help="Only this kind: memory, message, document, …")
@click.option("--source", multiple=True, help="Only this platform: chatgpt, claude.")
@click.option("--since", default="", metavar="DATE", help="From this day or time on (2026-01-31).")
@click.option("--until", default="", metavar="DATE", help="Before this time; a day counts whole.")
@options.as_of
@click.option("--tag", multiple=True, help="Only with this tag.")
@click.option("--limit", "-n", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.option("--offset", type=click.IntRange(0, 2**63 - 1), default=0, help="Skip the first ones.")
@options.json
def search(
    words: tuple[str, ...],
    kind: tuple[str, ...],
    source: tuple[str, ...],
    since: str,
    until: str,
    as_of: str,
    tag: tuple[str, ...],
    limit: int,
    offset: int,
    json: bool,
) -> None:
    """Search everything in the vault; all words must occur. Without words: list the newest.

    WORDS are words, "a phrase", begin* and -without (after --, where it comes first).

    \b
    satchel search sourdough --kind memory
    satchel search --kind conversation --since 2026-01-01
    satchel search lives --kind memory --as-of 2025-06-30
    satchel search '"index scan" -oracle' --source claude --since 2026-01-01
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.moments import as_of_moment, moment_of
    from satchel.cli.vaults import opened_to
    from satchel.errors import UsageError
    from satchel.model.bodies import KINDS
    from satchel.vault.values import Query

    for name in kind:
        if name not in KINDS:
            raise UsageError(f"no kind is called {name!r}", hint="kinds: " + ", ".join(KINDS))
    query = Query(
        words=" ".join(_requoted(word) for word in words),
        kinds=kind,
        sources=source,
        since=moment_of(since, "--since"),
        until=moment_of(until, "--until", end=True),
        as_of=as_of_moment(as_of),
        tags=tag,
        limit=limit,
        offset=offset,
    )
    with opened_to("read") as store:
        found = store.search(query)
    if json:
        say_json({"total": found.total, "hits": found.hits})
        return
    if not found.hits:
        say("Nothing found.")
        return
    for hit in found.hits:
        _tell(hit)
    if found.total > offset + len(found.hits):
        say(f"{len(found.hits)} of {found.total:,}; more with --offset {offset + limit}")


def _requoted(word: str) -> str:
    """The shell took the quotes of a "quoted phrase" off: they are put back."""
    return f'"{word}"' if " " in word.strip() and '"' not in word else word


def _tell(hit: Hit) -> None:
    from satchel.cli.console import bold, clean, dim, one_line, say, style

    record = hit.record
    moment = record.times.created or record.times.observed or record.times.updated
    what = [record.kind, record.provenance.platform, f"{moment:%Y-%m-%d}" if moment else "no date"]
    role = getattr(record.body, "role", "")
    if role:
        what[0] = f"{record.kind} ({role})"
    title = hit.context or getattr(record.body, "title", "") or getattr(record.body, "name", "")
    more = f"  +{len(hit.witnesses) - 1} more with the same words" if len(hit.witnesses) > 1 else ""
    say(f"{bold(record.uid[:10])}  {dim(' · '.join(filter(None, what)))}  {one_line(title, 60)}{dim(more)}")
    if not hit.snippet.strip() or hit.snippet == title:
        return
    pieces, at = [], 0
    for start, end in hit.marks:
        if start >= at:
            pieces += [clean(hit.snippet[at:start]), style(clean(hit.snippet[start:end]), "1;33")]
            at = end
    say("    " + "".join(pieces) + clean(hit.snippet[at:]))
