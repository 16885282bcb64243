"""``satchel context``: what an agent gets to see for a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.model.findings import Finding
    from satchel.recall.summarising import Sending, Summariser


@click.command()
@click.option(
    "--task", default="", metavar="TEXT", help="What the agent is to do or was asked; - reads it from standard input."
)
@click.option("--budget", type=click.IntRange(min=1), default=4096, show_default=True, metavar="TOKENS", help="Never overrun.")
@click.option(
    "--for",
    "target",
    type=click.Choice(["plain", "claude", "gpt", "gemini", "llama", "tool"]),
    default="plain",
    show_default=True,
    help="The family of the model.",
)
@click.option("--reader", default="", metavar="NAME", help="Who gets it, for the receipt; else the family.")
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="The model's tokenizer.json, to count exactly; else bytes stand for tokens.",
)
@click.option(
    "--trust",
    type=click.Choice(["own", "reviewed", "verified", "imported", "untrusted"]),
    default="untrusted",
    show_default=True,
    help="The least that may stand in it.",
)
@click.option(
    "--sensitivity",
    type=click.Choice(["low", "normal", "high"]),
    default="normal",
    show_default=True,
    help="The highest that may.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="From this export, bundle, package or artifact, checked as an import checks it, instead of the vault.",
)
@options.as_of
@options.words_only
@click.option(
    "--format",
    "style",
    type=click.Choice(["structured", "narrative"]),
    default="structured",
    show_default=True,
    help="Each record as a JSON object, or as a sentence that leads to its text.",
)
@click.option("--datamark", is_flag=True, help="A random character for every space, so that each word shows that it is data.")
@click.option("--message", is_flag=True, help="As JSON, in the shape of the family's requests, instead of the bare text.")
@click.option("--detector", metavar="NAME", help="An installed detector that flags what looks hostile; satchel eval attacks.")
@click.option("--summarise", metavar="URL", help="Sum up what does not fit, by a model at this OpenAI-compatible URL.")
@click.option("--summary-model", metavar="NAME", help="That model.")
@click.option("--explain", is_flag=True, help="Tell on standard error what each step did, and why each record is in or out.")
@options.yes
@options.json
def context(
    task: str,
    budget: int,
    target: str,
    reader: str,
    tokenizer: Path | None,
    trust: str,
    sensitivity: str,
    source: Path | None,
    as_of: str,
    words_only: bool,
    style: str,
    datamark: bool,
    message: bool,
    detector: str | None,
    summarise: str | None,
    summary_model: str | None,
    explain: bool,
    yes: bool,
    json: bool,
) -> None:
    """Print the memory that a task calls for, framed as data, within a budget.

    Each answer is noted in the vault, without its text: satchel reach tells later which agent saw a record. With --from nothing
    is noted, and no vault is needed. Without --tokenizer each byte counts as a token, which is never too little and about four
    times too much.

    Nothing leaves this machine but with --summarise, which sends what does not fit the budget to the model at that URL, after
    telling how much, and asks before; its key comes from SATCHEL_API_KEY. A model that fails costs nothing but its summary.

    \b
    satchel context --task "plan the repair course" --for claude --budget 8000
    satchel context --task "where do I live?" --as-of 2025-06-30
    satchel context --task "what did the agent decide?" --from agent.pam
    satchel context --task "plan the week" --for gpt --format narrative --datamark --message
    satchel context --task "our trip" --summarise http://localhost:8000/v1 --summary-model qwen3-8b
    """
    import sys
    from datetime import UTC, datetime

    from satchel.cli.console import say_json, tell
    from satchel.cli.door import refuse_tokens
    from satchel.cli.embed import sense_of
    from satchel.cli.moments import as_of_moment
    from satchel.cli.vaults import opened_behind
    from satchel.errors import UsageError
    from satchel.move.imports import import_paths
    from satchel.recall import counting, detectors, past
    from satchel.recall.candidates import Policy
    from satchel.recall.pipeline import Asked
    from satchel.recall.pipeline import context as recall
    from satchel.vault.folder import trial_vault
    from satchel.vault.values import Handed

    if bool(summarise) != bool(summary_model):
        raise UsageError("a summary needs both a place and a model", hint="--summarise URL --summary-model NAME")
    if json and message:
        raise UsageError("--message prints the request's piece alone", hint="--json has it as context.message")
    flags = detectors.get(detector) if detector else None
    by = _summariser(summarise, summary_model, yes) if summarise and summary_model else None
    counter = counting.from_vocabulary(tokenizer) if tokenizer else counting.BYTES
    if task == "-":
        task = sys.stdin.read()
    asked = Asked(
        task=task,
        budget=budget,
        target=target,  # type: ignore[arg-type]
        policy=Policy(sensitivity=sensitivity, trust=trust),  # type: ignore[arg-type]
        format=style,  # type: ignore[arg-type]
        datamark=datamark,
    )
    at = datetime.now(UTC)
    moment = as_of_moment(as_of)
    number = None
    findings: tuple[Finding, ...] = ()
    if source is not None:
        refuse_tokens("a token is about a vault; --from names a file")
        with trial_vault() as passing:
            findings = import_paths(passing, [source]).summary.findings
            then = passing if moment is None else past.as_of(passing, moment)
            made = recall(then, asked, now=moment or at, counter=counter, detector=flags, summariser=by)
        reader = reader or target
    else:
        with opened_behind("rehydrate") as vault:
            sense = sense_of(vault.store, task, words_only=words_only)
            seen = vault.seen if moment is None else past.as_of(vault.seen, moment)
            made = recall(seen, asked, now=moment or at, counter=counter, sense=sense, detector=flags, summariser=by)
            handed = [Handed(item.uid, item.form, item.digest) for item in made.given]
            audiences = [token.audience for token in vault.tokens if token.audience]
            reader = reader or (audiences[0] if audiences else target)
            tokens = " ".join(token.id for token in vault.tokens)
            number = vault.store.hand_out(handed, reader=reader, token=tokens, at=at, cost=made.cost)
    if json:
        say_json({"handout": number, "reader": reader, "at": at, "context": made, "findings": findings})
    else:
        if message:
            say_json(made.message if made.message is not None else {"text": made.text})
        else:
            sys.stdout.write(made.text)
        for finding in findings:
            if finding.severity != "info":
                tell(f"{finding.place}: {finding.text}")
    if explain and not json:
        for step in made.steps:
            tell(f"{step.name:<9} {step.did}")
        for item in made.given:
            why = ", ".join(f"{name} {value:.2f}" for name, value in item.scores.items())
            tell(f"{item.uid[:12]}  {item.block}  {item.form}  relevance {item.relevance:.2f} ({why})")
        for held in made.held:
            tell(f"{held.uid[:12]}  out: {held.reason}" + (f" ({', '.join(held.families)})" if held.families else ""))
        tell(f"{made.cost:,} of {made.budget:,} by {made.counter}")
    if any(finding.severity == "error" for finding in findings):
        raise SystemExit(3)


def _summariser(url: str, model: str, yes: bool) -> Summariser:
    """The model elsewhere, which is told of before anything is sent, and asked about."""
    import sys

    from satchel.cli.console import counted, tell
    from satchel.errors import UsageError
    from satchel.recall.evaluation.endpoint import Endpoint
    from satchel.recall.summarising import Summariser

    def before(sending: Sending) -> bool:
        tell(
            f"{counted(sending.records, 'record')} that did not fit: {sending.characters:,} characters go to {sending.model} at"
            f" {sending.url}"
        )
        if yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError("this sends memory of yours to a model, so it asks before", hint="--yes goes ahead")
        return click.confirm("Send them?", err=True)

    return Summariser(Endpoint.named(url), model, before)
