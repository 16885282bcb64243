"""``satchel context``: what an agent gets to see for a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.model.findings import Finding


@click.command()
@click.option(
    "--task", default="", metavar="TEXT", help="What the agent is to do or was asked; - reads it from standard input."
)
@click.option("--budget", type=click.IntRange(min=1), default=4096, show_default=True, metavar="TOKENS", help="Never overrun.")
@click.option(
    "--for",
    "target",
    type=click.Choice(["plain", "claude", "gpt", "gemini", "llama"]),
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
@click.option("--explain", is_flag=True, help="Tell on standard error why each record is in or out.")
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
    explain: bool,
    json: bool,
) -> None:
    """Print the memory that a task calls for, framed as data, within a budget.

    Each answer is noted in the vault, without its text: satchel reach tells later which agent saw a record. With --from nothing
    is noted, and no vault is needed. Without --tokenizer
    each byte counts as a token, which is never too little and about four times too much.

    \b
    satchel context --task "plan the repair course" --for claude --budget 8000
    satchel context --task "where do I live?" --as-of 2025-06-30
    satchel context --task "what did the agent decide?" --from agent.pam
    """
    import sys
    from datetime import UTC, datetime

    from satchel.cli.console import say_json, tell
    from satchel.cli.door import refuse_tokens
    from satchel.cli.embed import sense_of
    from satchel.cli.moments import as_of_moment
    from satchel.cli.vaults import opened_behind
    from satchel.move.imports import import_paths
    from satchel.recall import counting, past
    from satchel.recall.candidates import Policy
    from satchel.recall.pipeline import Asked
    from satchel.recall.pipeline import context as recall
    from satchel.vault.folder import trial_vault
    from satchel.vault.values import Handed

    counter = counting.from_vocabulary(tokenizer) if tokenizer else counting.BYTES
    if task == "-":
        task = sys.stdin.read()
    asked = Asked(
        task=task,
        budget=budget,
        target=target,  # type: ignore[arg-type]
        policy=Policy(sensitivity=sensitivity, trust=trust),  # type: ignore[arg-type]
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
            made = recall(then, asked, now=moment or at, counter=counter)
        reader = reader or target
    else:
        with opened_behind("rehydrate") as vault:
            sense = sense_of(vault.store, task, words_only=words_only)
            seen = vault.seen if moment is None else past.as_of(vault.seen, moment)
            made = recall(seen, asked, now=moment or at, counter=counter, sense=sense)
            handed = [Handed(item.uid, item.form, item.digest) for item in made.given]
            token = vault.token
            reader = reader or (token.audience if token and token.audience else target)
            number = vault.store.hand_out(handed, reader=reader, token=token.id if token else "", at=at, cost=made.cost)
    if json:
        say_json({"handout": number, "reader": reader, "at": at, "context": made, "findings": findings})
    else:
        sys.stdout.write(made.text)
        for finding in findings:
            if finding.severity != "info":
                tell(f"{finding.place}: {finding.text}")
    if explain and not json:
        for item in made.given:
            why = ", ".join(f"{name} {value:.2f}" for name, value in item.scores.items())
            tell(f"{item.uid[:12]}  {item.block}  {item.form}  relevance {item.relevance:.2f} ({why})")
        for held in made.held:
            tell(f"{held.uid[:12]}  out: {held.reason}" + (f" ({', '.join(held.families)})" if held.families else ""))
        tell(f"{made.cost:,} of {made.budget:,} by {made.counter}; it goes {made.place}")
    if any(finding.severity == "error" for finding in findings):
        raise SystemExit(3)
