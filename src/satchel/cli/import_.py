"""``satchel import``: an export goes into the vault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import ledger as ledgers
from satchel.cli import options

if TYPE_CHECKING:
    from satchel.model.findings import Finding
    from satchel.vault.values import Batch, Summary

#: Findings shown before the rest is only counted; --json and ``satchel log N`` give all.
SHOWN_FINDINGS = 20


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=options.PATH)
@click.option(
    "--as",
    "adapter",
    default="",
    metavar="NAME",
    help="Read with this adapter only: chatgpt, claude, mem0, engram, transfer_text.",
)
@click.option("--account", default="", help="Your name for the account, where ids are not unique without it.")
@click.option("--dry-run", is_flag=True, help="Do all of it, tell, and keep nothing.")
@click.option(
    "--accept-invalid-signature",
    is_flag=True,
    help="Take a memory store or an artifact whose signature does not hold as if it had none.",
)
@options.identity
@click.option(
    "--allow-erased",
    multiple=True,
    metavar="ID",
    help="Take this record though it was erased: its id, or the beginning that the import told. It is noted in the audit log.",
)
@options.yes
@options.limit
@ledgers.asked
@options.json
def import_(
    paths: tuple[Path, ...],
    adapter: str,
    account: str,
    dry_run: bool,
    accept_invalid_signature: bool,
    identity: tuple[Path, ...],
    allow_erased: tuple[str, ...],
    yes: bool,
    limit: tuple[str, ...],
    ledger: Path | None,
    sign_ledger: str,
    json: bool,
) -> None:
    """Import an assistant's export, a Portable Memory bundle, a Portable AI Memory package or an artifact of Portable Agent
    Memory, recognised by its structure.

    A PATH is a file, a folder, a zip, a .gz or .zst file, or - for standard input; any file may be encrypted (age).

    Tombstones in a bundle are carried out for good; before they take anything out of the vault you are asked (or --yes).

    The first import makes the vault. A second import of the same export changes nothing. Exit code 3: imported, but parts of
    it could not be read; they are named.

    \b
    satchel import ~/Downloads/chatgpt.zip ~/Downloads/data-2026-08-20-batch-0000.zip
    satchel import --identity key.txt my-memory.zip.age
    satchel import --ledger ledger.json ~/Downloads/chatgpt.zip
    """
    from satchel import limits
    from satchel.cli.console import WorkProgress, counted, dim, say, say_json
    from satchel.cli.sealed import identities
    from satchel.cli.vaults import opened_or_made
    from satchel.move.imports import import_told, recognised

    bounds = limits.raised(list(limit))
    keys = identities(identity, bounds)
    with (
        WorkProgress("Importing", shown=not json) as progress,
        recognised(paths, adapter=adapter, limits=bounds, progress=progress, identities=keys) as export,
        opened_or_made(trial=dry_run) as store,
    ):
        asked = None if yes or dry_run else _ask
        batch, told = import_told(
            export,
            store,
            ledgers.wanted(ledger, sign_ledger, store.signing_key),
            account=account,
            progress=progress,
            dry_run=dry_run,
            confirm=asked,
            accept_invalid_signature=accept_invalid_signature,
            allow_erased=allow_erased,
        )
        lacking = max((store.count() - model.records for model in store.vector_models()), default=0)
    if json:
        say_json({"dry_run": dry_run, "batch": batch})
    else:
        _tell(batch, dry_run=dry_run)
        if lacking and not dry_run:
            say(dim(f"{counted(lacking, 'record')} without vectors, found by words until satchel embed has made them"))
        ledgers.tell(ledger, told)
    if any(finding.severity == "error" for finding in batch.summary.findings):
        raise SystemExit(3)


def _ask(summary: Summary) -> None:
    """Before tombstones take records out, for good."""
    import sys

    from satchel.cli.console import counted, tell
    from satchel.errors import UsageError

    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(summary.removed.items()))
    told = f"{counted(summary.tombstones, 'tombstone')} would erase from the vault: {said}"
    if not sys.stdin.isatty():
        raise UsageError(told, hint="--yes goes ahead, --dry-run only tells")
    tell(told)
    click.confirm("This cannot be undone. Go on?", abort=True)


def _tell(batch: Batch, *, dry_run: bool) -> None:
    from satchel.cli.console import bold, counted, dim, say, size

    summary = batch.summary
    print_counts(summary)
    print_transitions(summary)
    if summary.tombstones:
        said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(summary.removed.items())) or "nothing"
        say(f"{counted(summary.tombstones, 'new tombstone')} kept for good; erased from the vault: {said}")
    if summary.blobs:
        say(f"{counted(summary.blobs, 'new file')} kept, {size(summary.blob_bytes)}")
    print_findings(summary.findings)
    if not any(count for outcomes in summary.counts.values() for count in outcomes.values()):
        say("Nothing in it became a record; see above for why.")
    if dry_run:
        say(bold("Dry run: nothing was kept."))
    else:
        say(dim(f"Import {batch.id}. See it: satchel log {batch.id}   Take it back: satchel undo {batch.id}"))


def print_counts(summary: Summary) -> None:
    """The closing table: new, updated, unchanged, skipped (an older state than the vault's) by kind."""
    from satchel.cli.console import table
    from satchel.vault.values import OUTCOMES

    if not summary.counts:
        return
    shown = [name for name in OUTCOMES if name != "erased" or any("erased" in found for found in summary.counts.values())]
    rows = [[kind, *(f"{found.get(name, 0):,}" for name in shown)] for kind, found in sorted(summary.counts.items())]
    table(rows, head=["", *shown], right=set(range(1, len(shown) + 1)))


def print_transitions(summary: Summary) -> None:
    """What became superseded, retracted and the like."""
    from satchel.cli.console import say

    if summary.transitions:
        steps = (f"{step} {count:,}" for step, count in sorted(summary.transitions.items()))
        say(f"Changes of status: {', '.join(steps)}")


def print_findings(findings: tuple[Finding, ...], *, limit: int = SHOWN_FINDINGS) -> None:
    """What was not read and why: errors first, then warnings, then notes; past ``limit``, counts by code."""
    from satchel.cli.console import clean, say, style

    if not findings:
        return
    order = {"error": 0, "warning": 1, "info": 2}
    colour = {"error": "31", "warning": "33", "info": "2"}
    ranked = sorted(findings, key=lambda finding: order[finding.severity])
    for finding in ranked[:limit]:
        times = f" (x{finding.count:,})" if finding.count > 1 else ""
        place = f"{finding.place}: " if str(finding.place) else ""
        word = "skipped" if finding.outcome == "skipped" else finding.severity
        say(f"{style(word, colour[finding.severity])}  {clean(place + finding.text)}{times}")
    rest: dict[str, int] = {}
    for finding in ranked[limit:]:
        rest[finding.code] = rest.get(finding.code, 0) + finding.count
    for code, count in sorted(rest.items()):
        say(f"and {count:,} more of {code}")
