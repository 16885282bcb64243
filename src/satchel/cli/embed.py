"""``satchel embed``: vectors of the vault's records, for recall by meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.recall.embedders.sources import Source
    from satchel.recall.vectors import Made, Plan, Sense
    from satchel.vault.store import Store


@click.command()
@click.option("--model", type=click.Path(path_type=Path), metavar="FOLDER", help="A model that lies in this folder.")
@click.option("--url", metavar="URL", help="An OpenAI-compatible base URL; your texts and questions are sent there.")
@click.option("--name", default="", metavar="NAME", help="The model's name at --url.")
@click.option("--hashing", is_flag=True, help="No model: words and their spelling, hashed.")
@click.option("--none", "drop", is_flag=True, help="Remove all vectors; recall goes by words alone.")
@click.option("--limit-s", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop after so long; the next run goes on.")
@options.dry_run
@options.yes
@options.limit
@options.json
def embed(
    model: Path | None,
    url: str | None,
    name: str,
    hashing: bool,
    drop: bool,
    limit_s: float | None,
    dry_run: bool,
    yes: bool,
    limit: tuple[str, ...],
    json: bool,
) -> None:
    """Make vectors of all records, so that recall finds what is said in other words.

    A model is a folder as sentence-transformers or model2vec write it: ONNX, or safetensors of a BERT or a static table.
    Nothing is fetched. Without --model, --url or --hashing: go on with the model that is there, as after an import.

    It can be stopped at any time and goes on where it was. Until a new model is through, the one before it answers, or words
    alone; two models' vectors are never compared. Vectors lie in the encrypted vault and leave it with what they were made of.

    Exit code 3: stopped by --limit-s before the end.

    \b
    satchel embed --model ~/models/all-MiniLM-L6-v2
    satchel embed --url http://localhost:8080/v1 --name bge-small
    satchel embed --limit-s 60
    """
    from satchel.cli.console import WorkProgress, counted, dim, say, say_json, size
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.limits import raised
    from satchel.recall import vectors
    from satchel.recall.embedders.sources import opened as embedder_of
    from satchel.recall.embedders.sources import place_of

    if sum(map(bool, (model, url, hashing, drop))) > 1:
        raise UsageError("one of --model, --url, --hashing and --none at a time")
    if bool(url) != bool(name):
        raise UsageError("--url and --name go together", hint="satchel embed --url http://localhost:8080/v1 --name bge-small")
    bounds = raised(list(limit))
    with opened() as store:
        if drop:
            held = store.vector_models()
            count = max((each.records for each in held), default=0) if dry_run else store.drop_vectors()
            if json:
                say_json({"dry_run": dry_run, "removed": count})
            else:
                say(f"{'Would remove' if dry_run else 'Removed'} the vectors of {counted(count, 'record')}.")
            return
        source = _source(store, model, url, name, hashing)
        embedder = embedder_of(source)
        plan = vectors.planned(store, embedder, bounds)
        what = f"{counted(plan.records, 'record')} to embed: {counted(plan.passages, 'passage')}, {size(plan.bytes)}"
        if dry_run:
            if json:
                say_json({"dry_run": True, "model": embedder.name, "digest": embedder.digest, "plan": plan})
            else:
                say(f"{what}, by {embedder.name}")
            return
        if url:
            _agree(plan, embedder.name, yes)
        with WorkProgress(f"Embedding by {embedder.name}", shown=not json, by_bytes=False) as progress:
            done = 0

            def tell_progress(made: Made) -> None:
                nonlocal done
                if done == 0:
                    progress.total(made.records)
                progress.advance(made.done - done)
                done = max(1, made.done)

            made = vectors.make(store, embedder, place_of(source), limit_s=limit_s, on_progress=tell_progress, limits=bounds)
    if json:
        say_json({"dry_run": False, "model": embedder.name, "digest": embedder.digest, "plan": plan, "made": made})
    else:
        say(what + "." if plan.records else "Every record has its vectors.")
        if made.in_use:
            say(f"{embedder.name} answers from now on, with words: {counted(made.records, 'record')}.")
        else:
            say(f"{made.done:,} of {counted(made.records, 'record')} done; it answers when satchel embed is through.")
        if embedder.is_lexical:
            say(dim("It knows spellings, not meanings: what it finds comes behind what the words find."))
    if not made.in_use:
        raise SystemExit(3)


def _source(store: Store, model: Path | None, url: str | None, name: str, hashing: bool) -> Source:
    """What was named; else the model that is being made, else the one in use, else hashing."""
    from satchel.recall.embedders.sources import Folder, Hashing, Url, read_place

    if model is not None:
        return Folder(str(model.expanduser().resolve()))
    if url:
        return Url(url.rstrip("/"), name)
    held = [] if hashing else store.vector_models()
    # The one in use stands first, one that is being made last.
    return read_place(held[-1].place) if held else Hashing()


def _agree(plan: Plan, name: str, yes: bool) -> None:
    import sys

    from satchel.cli.console import counted, size, tell
    from satchel.errors import UsageError

    tell(
        f"{counted(plan.passages, 'passage')} of your vault, {size(plan.bytes)} of text, would be sent to {name};"
        " and from then on each question that recall and context are asked, and what later imports bring"
    )
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("this sends what your vault holds, so it asks before", hint="--yes goes ahead")
        click.confirm("Send it?", abort=True)


def sense_of(store: Store, question: str, *, words_only: bool = False) -> Sense | None:
    """The model that answers a question, None for words alone: asked for, or because the model is not there, which is told."""
    from satchel.cli.console import tell
    from satchel.errors import SatchelError
    from satchel.recall.vectors import in_use

    if words_only or not question.strip():
        return None
    try:
        sense = in_use(store)
        if sense is not None:
            sense.of_question(question)
        return sense
    except SatchelError as error:
        tell(f"by words alone: {error}")
        return None
