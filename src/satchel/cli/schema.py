"""``satchel schema``: the JSON Schemas of the open formats, and of what Satchel writes besides."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("name", required=False, default="")
@click.option("--out", type=options.PATH, metavar="FOLDER", help="Write them as files; one of the same name is replaced.")
def schema(name: str, out: Path | None) -> None:
    """Print the JSON Schema of a file, or write all of them into a folder; without either, their names.

    \b
    satchel schema memory-store > memory-store.schema.json
    satchel schema --out schemas
    """
    from satchel.cli.console import counted, say, say_json
    from satchel.errors import OutputError, UsageError
    from satchel.formats import registry
    from satchel.move.ledgers import document as ledgers

    known = {**registry.schemas(), ledgers.SCHEMA_NAME: ledgers.schema()}
    if name and name not in known:
        raise UsageError(f"no schema is called {name!r}", hint="there are " + ", ".join(known))
    if out is not None:
        import msgspec

        wanted = {name: known[name]} if name else known
        try:
            out.mkdir(parents=True, exist_ok=True)
            for each, document in wanted.items():
                text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
                (out / f"{each}.schema.json").write_bytes(text)
        except OSError as error:
            raise OutputError(f"cannot write into {out}: {error.strerror or error}") from None
        say(f"{counted(len(wanted), 'schema')} in {out}.")
    elif name:
        say_json(known[name])
    else:
        for each, document in known.items():
            say(f"{each}  {document['title']}")
