"""``satchel convert``: from any input to any format, without a vault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import ledger as ledgers
from satchel.cli import options

if TYPE_CHECKING:
    from satchel.formats.base import Written
    from satchel.move.semantic import Embedder, Semantic
    from satchel.trust.signatures import PrivateKey

#: Records that are told one by one.
_MOST_TOLD = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.argument("target", metavar="TARGET", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FORMAT", help="As for satchel export.")
@click.option("--as", "adapter", default="", metavar="NAME", help="Read with this adapter only, as for satchel import.")
@click.option("--account", default="", help="Your name for the account, where ids are not unique without it.")
@click.option("--sign", default="", metavar="KEY", help="Sign with this key of your vault.")
@click.option("--profile", default="", metavar="NAME", help="A spelling of the format: sdk, spec.")
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="CHARACTERS",
    help="How long a text to paste may be where nobody states a limit.",
)
@click.option("--strip-identifiers", is_flag=True, help="Leave out account and user ids, and what a product said of itself.")
@click.option(
    "--accept-invalid-signature", is_flag=True, help="Take a memory store whose signature does not hold as if it had none."
)
@ledgers.asked
@options.encrypt_to
@options.encrypt_passphrase
@options.identity
@options.limit
@options.no_residue
@click.option(
    "--verify",
    type=click.Choice(["semantic"]),
    help="Read it back and tell what does not say what was read: names, numbers, negations, what is gone.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="With --verify, a model for meanings (satchel embed --help); without one, spellings alone.",
)
@options.json
def convert(
    paths: tuple[Path, ...],
    target: Path,
    to: str,
    adapter: str,
    account: str,
    sign: str,
    profile: str,
    budget: int | None,
    strip_identifiers: bool,
    accept_invalid_signature: bool,
    ledger: Path | None,
    sign_ledger: str,
    encrypt_to: tuple[str, ...],
    encrypt_passphrase: bool,
    identity: tuple[Path, ...],
    limit: tuple[str, ...],
    no_residue: bool,
    verify: str | None,
    model: Path | None,
    json: bool,
) -> None:
    """Read exports, bundles or packages and write what they hold in another format. Your vault is left alone.

    PATH and TARGET are as for satchel import and satchel export. What has to be merged lies in a temporary vault on the way,
    under a key that nobody keeps. With SOURCE_DATE_EPOCH set, the same input gives the same bytes. Exit code 3: written, but
    parts of the input could not be read; they are named.

    A package of another standard rides along in what is written: converted back, it is the very same bytes again, and what
    was edited meanwhile comes back with it. With --verify semantic what was written is read back, and each record that does
    not say what was read is told; the exit code is 4 then, and what was written stays.

    \b
    satchel convert ~/Downloads/chatgpt.zip my-memory --to portable-ai-memory
    satchel convert my-memory.mem for-claude --to claude-text
    satchel convert my-memory.mem my-memory.pam --to portable-agent-memory --ledger ledger.json
    """
    from satchel import limits
    from satchel.cli.console import WorkProgress, say_json
    from satchel.cli.export import format_and_profile, tell_written
    from satchel.cli.import_ import print_counts, print_findings
    from satchel.cli.sealed import identities, recipients
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.formats.base import WriteOptions
    from satchel.move.conversions import Verifying
    from satchel.move.conversions import convert as run

    if model is not None and not verify:
        raise UsageError("--model is for --verify", hint="give --verify semantic too")

    to, profile = format_and_profile(to, profile)
    bounds = limits.raised(list(limit))
    readers = recipients(encrypt_to, by_passphrase=encrypt_passphrase)
    key = None
    if sign:
        with opened() as store:
            key = store.signing_key(sign)

    def signing_key(name: str) -> PrivateKey:
        with opened() as store:
            return store.signing_key(name)

    told = ledgers.wanted(ledger, sign_ledger, signing_key, sign)
    with WorkProgress("Reading", shown=not json) as reading, WorkProgress("Writing", shown=not json, by_bytes=False) as writing:
        done = run(
            paths,
            target,
            format=to,
            adapter=adapter,
            account=account,
            limits=bounds,
            reading=reading,
            writing=writing.advance,
            options=WriteOptions(
                signing_key=key, profile=profile, budget=budget or 0, strip_identifiers=strip_identifiers, recipients=readers
            ),
            accept_invalid_signature=accept_invalid_signature,
            identities=identities(identity, bounds),
            residue=not no_residue,
            verify=Verifying(_embedder(model)) if verify else None,
            ledger=told,
        )
    summary, written = done.read.summary, done.written
    if json:
        counts = {**written.counts, "files": written.files, "size_bytes": written.size_bytes}
        read = {"counts": summary.counts, "findings": summary.findings}
        lines = written.ledger.lines()
        checked = {"semantic": done.semantic} if verify else {}
        say_json({"format": to, "target": str(target), "read": read, "written": counts, "ledger": lines, **checked})
    else:
        print_counts(summary)
        print_findings(summary.findings)
        tell_written(target, written, is_encrypted=readers is not None)
        if verify:
            _tell_semantic(done.semantic, done.written)
        ledgers.tell(ledger, done.ledger)
    if done.semantic is not None and done.semantic.has_failed:
        raise SystemExit(4)
    if any(finding.severity == "error" for finding in summary.findings):
        raise SystemExit(3)


def _embedder(model: Path | None) -> Embedder:
    if model is not None:
        from satchel.recall.embedders.folder import FolderEmbedder

        return FolderEmbedder(model)
    from satchel.recall.embedders.hashing import HashingEmbedder

    return HashingEmbedder()


def _tell_semantic(found: Semantic | None, written: Written) -> None:
    """What the check came to: how many say the same, and each that does not, by its id and codes."""
    from satchel.cli.console import counted, dim, say

    if found is None:
        same = any(line.code == "as-it-came" for line in written.ledger.lines())
        say("Checked: the very files came home." if same else "Not checked: this format is not read back.")
        return
    counts = [f"{name} {count:,}" for name, count in found.outcomes.items() if count]
    how = "by spelling alone" if found.is_lexical else f"with {found.embedder}" if found.embedder else "without a model"
    say(f"Checked {counted(found.records, 'record')} against what is read back, {how}: {', '.join(counts)}")
    shown = [each for each in found.told if each.verdict in ("needs-review", "inconsistent")]
    for each in shown[:_MOST_TOLD]:
        say(f"  {each.verdict}: {each.kind} {each.uid[:12]}: {', '.join(each.codes)}")
    if len(shown) > _MOST_TOLD:
        say(dim(f"  and {len(shown) - _MOST_TOLD:,} more (--json lists them)"))
