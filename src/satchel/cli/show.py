"""``satchel show``: read one record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.model.record import Record
    from satchel.vault.values import Version


@click.command()
@click.argument("id", metavar="ID")
@click.option("--markdown", "-m", is_flag=True, help="As Markdown.")
@click.option("--raw", is_flag=True, help="The exact bytes that the provider gave.")
@click.option("--versions", is_flag=True, help="All versions, oldest first.")
@options.as_of
@click.option("--hidden", is_flag=True, help="Hidden messages of a conversation too.")
@options.json
def show(id: str, markdown: bool, raw: bool, versions: bool, as_of: str, hidden: bool, json: bool) -> None:
    """Read a conversation, a memory or any other record. ID is its id, or the first digits of it (4 or more).

    \b
    satchel show 3f2a9c01 --markdown > talk.md
    """
    from satchel.cli.moments import as_of_moment
    from satchel.cli.vaults import opened_to
    from satchel.errors import NotFound

    with opened_to("read") as store:
        uid = store.resolve(id)
        moment = as_of_moment(as_of)
        record = store.get(uid) if moment is None else store.state_at(uid, moment)
        if record is None:
            raise NotFound(f"nothing that {uid[:10]} says held at that time", hint="--versions shows all that it ever said")
        if raw:
            _raw(store.native(record))
            return
        if versions:
            _versions(store.versions(record.uid), json=json)
            return
        messages = list(store.messages(record.uid)) if record.kind == "conversation" else []
        linking = store.linking_to(record.uid)
        witnesses = [] if record.kind == "message" else store.witnesses(record.uid)
    if json:
        from satchel.cli.console import say_json

        beside = [{"link": link, "record": other} for link, other in linking]
        say_json({"record": record, "messages": messages, "linking": beside, "witnesses": witnesses})
        return
    from satchel.cli import render
    from satchel.cli.console import dim, say

    if record.kind == "conversation":
        write = render.conversation_markdown if markdown else render.conversation_text
        blocks = write(record, messages, hidden=hidden)
    elif record.kind == "message":
        blocks = render.message_markdown(record) if markdown else iter([render.message_text(record)])
    else:
        blocks = render.record_markdown(record) if markdown else render.record_text(record)
    for block in blocks:
        say(block + "\n")
    if not markdown:
        for link, other in linking:
            say(dim(f"{link.replace('_', ' ')} this: {_named(other)}"))
        for other in witnesses:
            say(dim(f"says the same: {_named(other)}"))
        for out in record.links:
            say(dim(f"{out.type.replace('_', ' ')} {out.to[:10]}"))


def _named(record: Record) -> str:
    from satchel.cli.console import one_line

    body = record.body
    name = getattr(body, "title", "") or getattr(body, "name", "") or getattr(body, "text", "")
    return f"{record.kind} {record.uid[:10]} ({record.provenance.platform})  {one_line(name, 60)}"


def _raw(data: bytes | None) -> None:
    import sys

    from satchel.cli.console import tell

    if data is None:
        tell("No text of it was kept: it is a file. satchel export writes files out.")
        raise SystemExit(1)
    if sys.stdout.isatty():
        from satchel.cli.console import clean, say

        say(clean(data.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.write(data)


def _versions(versions: list[Version], *, json: bool) -> None:
    from satchel.cli import render
    from satchel.cli.console import bold, say, say_json

    if json:
        say_json({"versions": versions})
        return
    for version in versions:
        say(bold(f"version {version.number}, by change {version.batch}"))
        blocks = (
            iter([render.message_text(version.record)])
            if version.record.kind == "message"
            else render.record_text(version.record)
        )
        for block in blocks:
            say(block)
        say()
