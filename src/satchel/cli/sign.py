"""``satchel sign`` and ``satchel verify``: who vouches for a bundle or a memory store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.formats.signing import Verification

_RESOLVE = click.option("--resolve", is_flag=True, help="Fetch the document of a did:web; else nothing leaves the machine.")


@click.command()
@click.argument("path", type=options.PATH)
@click.option("--key", default="main", show_default=True, metavar="NAME", help="The signing key.")
@click.option("--did", default="", metavar="DID", help="Write this DID of the owner; key: the did:key of the signing key.")
@_RESOLVE
@options.limit
@options.json
def sign(path: Path, key: str, did: str, resolve: bool, limit: tuple[str, ...], json: bool) -> None:
    """Sign a valid Portable Memory bundle, a valid memory store of Portable AI Memory (its package, a folder or a zip, or the
    file alone), or a valid artifact of Portable Agent Memory.

    A signature that is there is replaced. Of a memory store only the members that a signature needs are written anew; of an
    artifact the root hash is signed and the whole envelope sealed.

    \b
    satchel keys create
    satchel sign my-memory.mem
    satchel sign --did key my-memory/memory-store.json
    satchel sign my-memory.zip
    satchel sign agent.pam
    """
    from satchel import limits
    from satchel.cli.console import say, say_json, shown_key
    from satchel.cli.import_ import print_findings
    from satchel.cli.vaults import opened
    from satchel.formats.signing import SignOptions
    from satchel.move import vouching

    bounds = limits.raised(list(limit))
    fetch = vouching.over_the_network(bounds) if resolve else None
    vouching.refuse_sealed(path)
    vouching.signer_of(path)
    with opened() as store:
        private = store.signing_key(key)
        findings = vouching.sign(path, private, SignOptions(did=did, fetch=fetch), bounds)
    public = private.public
    if json:
        say_json({"path": str(path), "key": public.text, "fingerprint": public.fingerprint, "findings": findings})
        return
    print_findings(findings, limit=200)
    say(f"Signed {path} with {key} ({shown_key(public)}).")


@click.command()
@click.argument("path", type=options.PATH)
@click.option("--key", "keys", multiple=True, metavar="KEY", help="Trust this public key or DID alone; may be repeated.")
@_RESOLVE
@options.identity
@options.limit
@options.json
def verify(
    path: Path, keys: tuple[str, ...], resolve: bool, identity: tuple[Path, ...], limit: tuple[str, ...], json: bool
) -> None:
    """Verify a Portable Memory bundle, a memory store of Portable AI Memory, an artifact of Portable Agent Memory, the
    receipt of an erasure or a loss ledger, by keys that you trust.

    Of a bundle every byte is checked, its signature and its tombstones' signatures; of a memory store the checksum of its
    memories, its signature and its owner's DID; of an artifact every entry's id, the root hash, its signature and its seal;
    of a receipt its signature and, in the vault that it is of, that the audit log says the same and nothing came back;
    of a ledger every record and its signature. Without --key the vault's own signing keys and those of satchel keys trust
    count. Exit code 0: verified; 3: not.

    \b
    satchel verify my-memory.mem
    satchel verify --key did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd their-memory
    satchel verify erased-2026-11-22.json
    satchel verify ledger.json
    """
    from contextlib import ExitStack

    from satchel import limits
    from satchel.cli.console import say_json
    from satchel.cli.sealed import identities
    from satchel.cli.vaults import folder, opened
    from satchel.errors import UsageError
    from satchel.move import receipts, vouching
    from satchel.move.ledgers import reading as ledgers
    from satchel.move.ledgers.document import INFO as LEDGER
    from satchel.vault.folder import exists

    bounds = limits.raised(list(limit))
    fetch = vouching.over_the_network(bounds) if resolve else None
    openers = identities(identity, bounds)
    value = receipts.read(path, bounds) if receipts.recognises(path) else None
    head = ledgers.read(path, limits=bounds) if value is None and ledgers.recognises(path) else None
    if value is None and head is None:
        vouching.signer_of(path, openers)
    with ExitStack() as stack:
        store = None
        if keys:
            trust = vouching.trust_in(keys, fetch=fetch)
        elif not exists(folder()):
            raise UsageError("there is no vault whose keys could be trusted", hint="--key KEY names one")
        else:
            store = stack.enter_context(opened())
            trust = vouching.trust_of(store, fetch=fetch)
        if value is not None:
            info, found = receipts.INFO, receipts.verify_receipt(value, trust, store)
        elif head is not None:
            info, found = LEDGER, ledgers.verify_ledger(head, trust)
        else:
            format, found = vouching.verify(path, trust, bounds, openers)
            info = format.info
            if store is not None:
                vouching.remember(store, found)
    if json:
        say_json(
            {
                "verified": found.verdict == "verified",
                "verdict": found.verdict,
                "format": info,
                "key": found.key.text if found.key else "",
                "fingerprint": found.key.fingerprint if found.key else "",
                "name": found.name,
                "algorithm": found.algorithm,
                "key_id": found.key_id,
                "owner": found.owner,
                "did": found.did,
                "did_match": found.did_match,
                "steps": found.steps,
                "findings": found.findings,
                "does_not_prove": found.unproven,
            }
        )
    else:
        _tell(found)
    if found.verdict != "verified":
        raise SystemExit(3)


_MARKS = {"passed": "ok", "failed": "failed", "noticed": "note", "skipped": "skipped"}


def _tell(found: Verification) -> None:
    from satchel.cli.console import clean, counted, dim, say, shown_key, table
    from satchel.cli.import_ import print_findings

    print_findings(found.findings, limit=200)
    if found.steps:
        table([[step.name, _MARKS[step.outcome], clean(step.text)] for step in found.steps], head=["step", "", ""])
    text = shown_key(found.key) if found.key else ""
    by = f"{clean(found.name)} ({text})" if found.name else text or "nobody"
    faults = sum(finding.severity == "error" for finding in found.findings)
    faults += sum(step.outcome == "failed" for step in found.steps)
    match found.verdict:
        case "verified":
            say(f"Verified: signed by {by}.")
        case "unsigned":
            say("Not verified: nobody signed it.")
        case "untrusted":
            say(f"Not verified: the signature holds, but nobody whom you trust vouches for it; signed by {by}.")
        case "invalid":
            say(f"Not verified: {counted(faults, 'error')}; signed by {by}.")
    for line in found.unproven if found.holds else ():
        say(dim(f"  {line}"))
