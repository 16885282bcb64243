"""``satchel search``: find in the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from satchel.vault.store import Hit


def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]...", help='Words, "a phrase", begin*, -without.')
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind: memory, message, document, …")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only this platform: chatgpt, claude.")] = None,
    since: Annotated[str, typer.Option(metavar="DATE", help="From this day or time on (2026-01-31).")] = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="Before this time; a day counts whole.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many at most.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Skip the first ones.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="One JSON document for machines.")] = False,
) -> None:
    """Search everything in the vault; all words must occur. Without words: list the newest.

    \b
    satchel search sourdough --kind memory
    satchel search --kind conversation --since 2026-01-01
    satchel search '"index scan" -oracle' --source claude --since 2026-01-01
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.model.bodies import KINDS
    from satchel.vault.store import Query

    for name in kind or []:
        if name not in KINDS:
            raise UsageError(f"no kind is called {name!r}", hint="kinds: " + ", ".join(KINDS))
    query = Query(
        words=" ".join(_requoted(word) for word in words or ()),
        kinds=tuple(kind or ()),
        sources=tuple(source or ()),
        since=_moment(since, "--since"),
        until=_moment(until, "--until", end=True),
        tags=tuple(tag or ()),
        limit=limit,
        offset=offset,
    )
    with opened() as store:
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


def _moment(text: str, option: str, *, end: bool = False) -> datetime | None:
    if not text:
        return None
    from datetime import timedelta

    from satchel.errors import UsageError
    from satchel.model.times import from_iso

    moment = from_iso(text)
    if moment is None:
        raise UsageError(f"{option} takes a date or time such as 2026-01-31 or 2026-01-31T12:00Z, not {text!r}")
    return moment + timedelta(days=1) if end and len(text.strip()) <= 10 else moment


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
