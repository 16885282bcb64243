"""``satchel ledger``: what became of each record of an import, an export or a conversion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.formats.signing import Verification
    from satchel.model.ledger import LedgerLine
    from satchel.move.ledgers.document import LedgerRecord
    from satchel.move.ledgers.reading import Head
    from satchel.move.ledgers.writing import Wanted

#: Records shown one by one before the rest is only counted; --json gives all.
SHOWN = 200


def asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options ``--ledger FILE`` and ``--sign-ledger KEY``; ``wanted`` makes sense of them."""
    command = click.option(
        "--sign-ledger", default="", metavar="KEY", help="Sign the ledger with this key of your vault (else that of --sign)."
    )(command)
    return click.option(
        "--ledger",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write what became of each record and field (satchel ledger show).",
    )(command)


def wanted(ledger: Path | None, sign_ledger: str, key: Callable[[str], Any], sign: str = "") -> Wanted | None:
    """What the options ask for; ``key`` gives a signing key by its name. Raises UsageError for a key without a ledger."""
    from satchel.errors import UsageError
    from satchel.move.ledgers.writing import Wanted

    if ledger is None:
        if sign_ledger:
            raise UsageError("there is no ledger to sign", hint="--ledger FILE writes one")
        return None
    name = sign_ledger or sign
    return Wanted(ledger, key(name) if name else None)


def tell(ledger: Path | None, value: dict[str, Any] | None) -> None:
    """Where a ledger is, below what was told."""
    from satchel.cli.console import clean, counted, dim, say

    if ledger is not None and value is not None:
        by = ", signed" if "signature" in value else ""
        amount = counted(value["seal"]["records"], "record")
        say(dim(f"Ledger of {amount}{by}: {clean(str(ledger))}   See it: satchel ledger show {clean(str(ledger))}"))


@click.group()
def ledger() -> None:
    """What became of each record and each field of an import, an export or a conversion.

    \b
    satchel convert chatgpt.zip my-memory --to portable-ai-memory --ledger ledger.json
    satchel ledger show ledger.json --fate lost
    """


@ledger.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--fate", default="", metavar="FATE", help="Of records: accepted, transformed, …; of fields: kept, mapped, lost, …."
)
@click.option("--kind", default="", metavar="KIND", help="Of records of this kind: memory, conversation, ….")
@click.option("--record", "uid", default="", metavar="ID", help="Of one record: its id, or how it begins; or the source's own.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Trust this public key alone; may be repeated.")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Also tell whether this file or folder is what was read or written; may be repeated.",
)
@options.limit
@options.json
def show(
    path: Path,
    fate: str,
    kind: str,
    uid: str,
    keys: tuple[str, ...],
    against: tuple[Path, ...],
    limit: tuple[str, ...],
    json: bool,
) -> None:
    """Show a ledger as a table, the worst first.

    Without --record, the lines: how many records of each kind, or fields of them, met which fate and why. With --record, that
    record alone. Every record and the signature are checked; exit code 1: they do not hold, or PATH is not what it tells of.

    \b
    satchel ledger show ledger.json
    satchel ledger show ledger.json --fate lost --kind memory
    satchel ledger show ledger.json --record 3f09a1
    satchel ledger show ledger.json --against my-memory.mem
    """
    from satchel import limits
    from satchel.cli.console import say, say_json
    from satchel.errors import NotFound, UsageError
    from satchel.model.ledger import FATES, FIELD_FATES
    from satchel.move.ledgers import digests, reading

    if fate and fate not in (*FATES, *FIELD_FATES):
        raise UsageError(f"there is no fate {fate!r}", hint=", ".join((*FATES, *FIELD_FATES)))
    found: list[LedgerRecord] = []

    def each(record: LedgerRecord) -> None:
        if uid and ((record.uid or "").startswith(uid.lower()) or record.id == uid):
            found.append(record)

    bounds = limits.raised(list(limit))
    head = reading.read(path, each if uid else None, limits=bounds)
    if uid and not found:
        raise NotFound(f"the ledger tells of no record {uid!r}")
    verified = _verified(head, keys)
    ends = (*head.ledger.source.files, *head.ledger.target.files)
    same = {str(each): digests.matches(each, ends) for each in against}
    lines = [line for line in _ranked(head) if (not fate or line.fate == fate) and (not kind or line.kind == kind)]
    good = head.is_whole and verified.verdict != "invalid" and all(same.values())
    if json:
        value = {name: item for name, item in head.value.items() if name != "lines"}
        said = {**value, "verdict": verified.verdict, "against": same}
        say_json({**said, "records": found} if uid else {**said, "lines": lines})
    elif uid:
        for record in found[:SHOWN]:
            _tell_record(record, fate)
        if len(found) > SHOWN:
            say(f"and {len(found) - SHOWN:,} more; give more of the id")
    else:
        _tell(head, lines)
    if not json:
        _tell_worth(head, verified, same)
    if not good:
        raise SystemExit(1)


def _verified(head: Head, keys: tuple[str, ...]) -> Verification:
    """With the vault's keys where there is one: without, a signature can hold and nobody vouch for it."""
    from satchel.cli.vaults import folder, opened
    from satchel.formats.signing import Trust
    from satchel.move import vouching
    from satchel.move.ledgers import reading
    from satchel.vault.folder import exists

    if keys:
        return reading.verify_ledger(head, vouching.trust_in(keys, fetch=None))
    if "signature" not in head.value or not exists(folder()):
        return reading.verify_ledger(head, Trust())
    with opened() as store:
        return reading.verify_ledger(head, vouching.trust_of(store, fetch=None))


def _ranked(head: Head) -> list[LedgerLine]:
    """The lines, the worst fates first, the most frequent first among them."""
    from satchel.model.ledger import FATES, FIELD_FATES, LedgerLine

    order = {fate: place for place, fate in enumerate(("rejected", "lost", "unresolved", "omitted"))}
    order |= {fate: len(order) + place for place, fate in enumerate((*FIELD_FATES[1:], *FATES[3:]))}
    lines = [LedgerLine(line.kind, line.field, line.fate, line.code, line.text, line.count) for line in head.ledger.lines]
    return sorted(lines, key=lambda line: (order.get(line.fate, 99), -line.count, line))


def _tell(head: Head, lines: list[LedgerLine]) -> None:
    from satchel.cli.console import clean, counted, dim, say, table

    ledger = head.ledger
    ends = [
        ", ".join(
            [*(f"{each.name} {each.version}" for each in end.formats), *(file.name for file in end.files)]
            + ([f"vault {end.vault[:8]}"] if end.vault else [])
        )
        for end in (ledger.source, ledger.target)
    ]
    say(clean(f"{ledger.operation} of {ledger.made}, by Satchel {ledger.satchel}: {ends[0]} to {ends[1]}"))
    if lines:
        rows = [
            [line.fate, f"{line.count:,}", clean(line.kind), clean(line.field), clean(line.code), clean(line.text)]
            for line in lines
        ]
        table(rows, head=["fate", "", "kind", "field", "code", "why"], right={1})
    else:
        say("No line is of that kind and fate.")
    totals = ledger.totals
    told = ", ".join(f"{count:,} {fate}" for fate, count in totals.records.items() if count)
    whole = f" ({totals.whole:,} byte for byte)" if totals.whole else ""
    say(f"{counted(head.records, 'record')} told one by one: {told or 'none'}{whole}")
    fields = ", ".join(f"{count:,} {fate}" for fate, count in totals.fields.items() if count)
    if fields:
        say(dim(f"Their fields: {fields}"))


def _tell_record(record: LedgerRecord, fate: str) -> None:
    from satchel.cli.console import bold, clean, say, table

    named = record.uid or ", ".join(
        filter(None, (record.file, f"element {record.element}" if record.element is not None else ""))
    )
    why = f" ({record.code})" if record.code else ""
    say(bold(clean(f"{named}  {record.kind}: {record.fate}{why}")))
    rows = [[each.fate, clean(each.field), clean(each.code)] for each in record.fields]
    rows += [["mapped", clean(name), ""] for name in record.mapped]
    rows = [row for row in rows if not fate or row[0] == fate]
    if rows:
        table(rows, head=["fate", "field", "code"])
    if record.kept:
        say(f"{record.kept:,} members kept as they came")


def _tell_worth(head: Head, verified: Verification, same: dict[str, bool]) -> None:
    from satchel.cli.console import clean, dim, say, shown_key

    if not head.is_whole:
        say("Not as it was written: the records are not those that it was sealed over.")
    by = f"{clean(verified.name)} " if verified.name else ""
    key = f"{by}({shown_key(verified.key)})" if verified.key else ""
    match verified.verdict:
        case "verified":
            say(f"Signed by {key}.")
        case "untrusted":
            say(f"Signed by {key}, for whom nobody vouches whom you trust.")
        case "unsigned":
            say(dim("Nobody signed it."))
        case "invalid" if head.is_whole:
            say("The signature does not hold.")
    for path, is_same in same.items():
        say(f"{clean(path)}: {'is' if is_same else 'is not'} what was read or written.")
