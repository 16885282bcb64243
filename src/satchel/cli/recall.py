"""``satchel recall``: what speaks of a question, best first, with the reasons."""

from __future__ import annotations

import click

from satchel.cli import options


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@click.option("--most", "-n", type=click.IntRange(1, 64), default=10, show_default=True, help="At most so many records.")
@options.as_of
@options.words_only
@click.option("--explain", is_flag=True, help="Tell what each has for itself.")
@options.json
def recall(words: tuple[str, ...], most: int, as_of: str, words_only: bool, explain: bool, json: bool) -> None:
    """List the records that speak of a question, as satchel context would rank them before it weighs and cuts.

    Unlike satchel search, it takes a question in plain words, finds other forms of them, what stands beside them in a talk, who
    is named, and a time such as "last week"; and, after satchel embed, what is said in other words.

    \b
    satchel recall when did we order brake pads last month
    satchel recall --as-of 2025-06-30 where do I live
    """
    from datetime import UTC, datetime

    import msgspec

    from satchel.cli.console import bold, clean, dim, one_line, say, say_json
    from satchel.cli.embed import sense_of
    from satchel.cli.moments import as_of_moment
    from satchel.cli.vaults import opened_behind
    from satchel.recall import past
    from satchel.recall.asking import question
    from satchel.recall.retrieval import retrieve
    from satchel.recall.telling import told

    asked = " ".join(words)
    moment = as_of_moment(as_of)
    with opened_behind("read") as vault:
        sense = sense_of(vault.store, asked, words_only=words_only)
        store = vault.seen if moment is None else past.as_of(vault.seen, moment)
        seen = store.look()
        found = retrieve(
            seen,
            question(asked, moment or datetime.now(UTC)),
            most=most,
            may=lambda record: not seen.is_distrusted(record.uid),
            sense=sense,
        )
        if seen is not store:
            # A token for so many entries counts what is given, best first.
            given = ((result, store.get(result.record.uid)) for result in found)
            found = [
                msgspec.structs.replace(result, record=record, whole=record.linked("part_of"))
                for result, record in given
                if record
            ]
    if json:
        say_json({"question": asked, "found": found})
        return
    for result in found:
        record = result.record
        moment = record.times.created or record.times.observed or record.times.updated
        day = f"{moment:%Y-%m-%d}" if moment else "no date"
        say(f"{bold(record.uid[:10])}  {record.kind} · {clean(record.provenance.platform)} · {day}")
        say(f"    {one_line(told(record), 200)}")
        if explain:
            parts = result.evidence
            reasons = {name: getattr(parts, name) for name in ("words", "meaning", "neighbours", "talk", "speaker", "time")}
            said = ", ".join(f"{name} {value:.2f}" for name, value in reasons.items() if value)
            near = "" if parts.cosine is None else f"; cosine {parts.cosine:.2f}"
            say(dim(f"    {parts.score:.2f}: {said}{near}"))
    if not found:
        say("Nothing in the vault speaks of it.")
