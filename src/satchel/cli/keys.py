"""``satchel keys``: what opens the vault, what it signs with, and whose signatures it trusts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from satchel.cli import options


@click.group()
def keys() -> None:
    """What opens the vault, what signs exports, and whose signatures are trusted."""


@keys.command()
@options.json
def show(json: bool) -> None:
    """Tell where the vault's key is kept. The key itself is never shown.

    \b
    satchel keys show
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import folder
    from satchel.trust import keystore
    from satchel.vault.folder import describe

    place = folder()
    if json:
        say_json(_kept(place))
        return
    described = describe(place)
    recovery = (place / keystore.RECOVERY_FILE).exists()
    kept = "the system keyring" if described.keeper == "keyring" else f"{place / keystore.KEY_FILE}, under a passphrase"
    say(f"Vault {described.id} in {place}")
    say(f"Its key is kept in {kept}.")
    say("A recovery key opens it too." if recovery else "There is no recovery key: satchel keys recovery makes one.")


def _kept(place: Path) -> dict[str, Any]:
    """Where a vault's key is kept, for machines."""
    from satchel.trust import keystore
    from satchel.vault.folder import describe

    described = describe(place)
    recovery = (place / keystore.RECOVERY_FILE).exists()
    return {"vault": str(place), "id": described.id, "keeper": described.keeper, "recovery": recovery}


@keys.command()
@options.yes
@options.json
def recovery(yes: bool, json: bool) -> None:
    """Make a new recovery key and show it once; the one before opens nothing any more.

    \b
    satchel keys recovery
    """
    import sys

    from satchel.cli.console import ask_passphrase, say, say_json, tell
    from satchel.cli.vaults import folder, opened
    from satchel.errors import UsageError
    from satchel.trust.keystore import make_recovery
    from satchel.vault.folder import fetch_key

    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("recovery asks before it replaces the recovery key", hint="--yes goes ahead")
        click.confirm("The recovery key that you have will stop working. Go on?", abort=True)
    key = fetch_key(folder(), ask_passphrase)
    with opened() as store:
        made = make_recovery(key, folder())
        store.record_event("recovery-key", {})
    if json:
        say_json({"recovery_key": made.reveal().decode()})
        return
    tell("The new recovery key, shown this once:")
    say(made.reveal().decode())


@keys.command()
@options.json
def passphrase(json: bool) -> None:
    """Keep the vault's key under a new passphrase from now on (also when the keyring kept it).

    The new one is asked for, or taken from SATCHEL_NEW_PASSPHRASE.

    \b
    satchel keys passphrase
    """
    from satchel.cli.console import ask_passphrase, say, say_json
    from satchel.cli.vaults import folder, opened
    from satchel.vault.folder import fetch_key, rekey_passphrase

    key = fetch_key(folder(), ask_passphrase)
    with opened() as store:
        rekey_passphrase(folder(), key, os.environ.get("SATCHEL_NEW_PASSPHRASE") or ask_passphrase(True))
        store.record_event("new-passphrase", {})
    if json:
        say_json(_kept(folder()))
        return
    say("Done. The passphrase before opens nothing any more; copies of the vault made earlier still open with it.")


@keys.command()
@options.json
def keyring(json: bool) -> None:
    """Keep the vault's key in the system keyring from now on.

    \b
    satchel keys keyring
    """
    from satchel.cli.console import ask_passphrase, say, say_json
    from satchel.cli.vaults import folder, opened
    from satchel.vault.folder import fetch_key, rekey_keyring

    key = fetch_key(folder(), ask_passphrase)
    with opened() as store:
        rekey_keyring(folder(), key)
        store.record_event("to-keyring", {})
    if json:
        say_json(_kept(folder()))
        return
    say("Done. The system keyring keeps the key.")


@keys.command()
@options.json
def recover(json: bool) -> None:
    """Open the vault with its recovery key and set a new passphrase.

    The recovery key is asked for, or taken from SATCHEL_RECOVERY_KEY; the new passphrase likewise from
    SATCHEL_NEW_PASSPHRASE.

    \b
    satchel keys recover
    """
    import getpass
    import sys

    from satchel.cli.console import ask_passphrase, say, say_json
    from satchel.cli.vaults import folder
    from satchel.errors import UsageError
    from satchel.vault.folder import open_with_key, open_with_recovery, rekey_passphrase

    given = os.environ.get("SATCHEL_RECOVERY_KEY")
    if not given and not sys.stdin.isatty():
        raise UsageError("the recovery key is asked for on a terminal", hint="or set SATCHEL_RECOVERY_KEY")
    key = open_with_recovery(folder(), given or getpass.getpass("Recovery key: "))
    rekey_passphrase(folder(), key, os.environ.get("SATCHEL_NEW_PASSPHRASE") or ask_passphrase(True))
    with open_with_key(folder(), key) as store:
        store.record_event("recovered", {})
    if json:
        say_json(_kept(folder()))
        return
    say("The vault opens with the new passphrase.")


@keys.command()
@click.argument("name", default="main")
@click.option(
    "--algorithm",
    default="ed25519",
    show_default=True,
    metavar="NAME",
    help="ed25519, es256, es384, rs256, rs384, rs512; Portable Memory takes ed25519 alone.",
)
@options.json
def create(name: str, algorithm: str, json: bool) -> None:
    """Make a key for signing exports; the vault keeps it, encrypted.

    \b
    satchel keys create
    satchel export --to portable-memory --sign main my-memory.mem
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.trust.signatures import algorithm_called

    chosen = algorithm_called(algorithm)
    with opened() as store:
        made = store.create_signing_key(name, chosen)
    if json:
        say_json(made)
        return
    say(f"Made the signing key {made.name} ({made.algorithm}). Its public half, for those who shall trust it:")
    say(made.public)


@keys.command("list")
@options.json
def list_(json: bool) -> None:
    """List the signing keys and the keys that are trusted, by their public halves; long ones by their fingerprints."""
    from satchel.cli.console import clean, say, say_json, shown_key, table
    from satchel.cli.vaults import opened
    from satchel.trust.public_keys import read_typed_key

    with opened() as store:
        own, others, dids = store.signing_keys(), store.trusted_keys(), store.trusted_dids()
    if json:
        say_json({"signing": own, "trusted": others, "trusted_dids": dids})
        return
    if not own and not others and not dids:
        say("There are no signing keys and no trusted ones: satchel keys create makes one.")
        return
    lines = [
        [
            shown_key(read_typed_key(key.public)),
            clean(key.name),
            "retired" if key.retired else "signs",
            key.algorithm,
            f"{key.retired or key.created:%Y-%m-%d}",
        ]
        for key in own
    ]
    lines += [
        [shown_key(read_typed_key(key.public)), clean(key.name), "trusted", key.kind, f"{key.since:%Y-%m-%d}"] for key in others
    ]
    lines += [[clean(each.did), clean(each.name), "trusted", "DID", f"{each.since:%Y-%m-%d}"] for each in dids]
    table(lines, head=["public key", "name", "", "", "since"])


@keys.command()
@click.argument("public", metavar="KEY")
@click.option("--name", default="", help="Whose key it is.")
@options.json
def trust(public: str, name: str, json: bool) -> None:
    """Trust what this key signs from now on: 64 hexadecimal digits, JWK, PEM, multibase, did:key, or a did:web.

    The keys of a did:web are those that its document names when something is verified with --resolve. What a key signed before
    it was trusted is verified once it is imported again.

    \b
    satchel keys trust 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8 --name laptop
    satchel keys trust did:web:example.org
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.move.vouching import read_trusted

    read = read_trusted(public)
    with opened() as store:
        if isinstance(read, str):
            store.trust_did(read, name)
            trusted: Any = next(each for each in store.trusted_dids() if each.did == read)
        else:
            store.trust_key(read.text, name)
            trusted = next(each for each in store.trusted_keys() if each.public == read.text)
    if json:
        say_json({"trusted": trusted})
        return
    say("Trusted.")


@keys.command()
@click.argument("public", metavar="KEY")
@options.dry_run
@options.json
def distrust(public: str, dry_run: bool, json: bool) -> None:
    """Trust a key or a DID no more; also a retired key of your own. A long key may be named by its fingerprint.

    Records that this key verified, and no other that you trust, are imported ones from now on. They are verified again when the
    key is trusted again and what it signed is imported again. To keep them from recall as well: satchel distrust --key KEY.

    \b
    satchel keys distrust 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8 --dry-run
    """
    from satchel.cli.console import counted, say, say_json
    from satchel.cli.vaults import opened
    from satchel.errors import NotFound
    from satchel.move.vouching import known_key, read_trusted

    lowered: dict[str, int] = {}
    with opened() as store:
        read = known_key(store, public) or read_trusted(public)
        if not isinstance(read, str):
            lowered = store.distrust_key(read.text, dry_run=dry_run)
        elif not dry_run:
            store.distrust_did(read)
        elif read not in {each.did for each in store.trusted_dids()}:
            raise NotFound("that DID is not among the trusted ones", hint="satchel keys list shows them")
    records = sum(lowered.values())
    if json:
        named = {"did": read} if isinstance(read, str) else {"public": read.text, "fingerprint": read.fingerprint}
        say_json({"dry_run": dry_run, "distrusted": named, "lowered": lowered, "records": records})
        return
    said = counted(records, "record")
    if dry_run:
        say(f"{said} would be lowered from verified to imported." if records else "No record is verified by it alone.")
        say("Dry run: nothing was changed.")
        return
    say("No longer trusted." + (f" {said} lowered from verified to imported." if records else ""))


@keys.command("export")
@click.argument("name", default="main")
@click.option("--private", "file", type=options.PATH, help="Write the private half into this new file, 0600.")
@options.json
def export_(name: str, file: Path | None, json: bool) -> None:
    """Print a signing key's public half; its private half only into a file, on request.

    The file of an Ed25519 key holds 64 hexadecimal digits, the seed of RFC 8032; that of another key is PKCS#8 in PEM. Whoever
    has it signs in your name.

    \b
    satchel keys export main
    """
    from satchel.cli.console import say, say_json, tell
    from satchel.cli.vaults import opened
    from satchel.errors import OutputError
    from satchel.trust.files import write_private

    with opened() as store:
        private = store.signing_key(name)
        public = private.public
        if file is not None:
            if file.exists():
                raise OutputError(f"{file} exists already", hint="name a new file")
            store.record_event("signing-key-exported", {"key": public.text})
            write_private(file, private.exported())
            if not json:
                tell(f"The private half is in {file}. Whoever has it signs in your name.")
    if json:
        written = None if file is None else str(file)
        found = {"name": name, "algorithm": private.algorithm, "public": public.text, "fingerprint": public.fingerprint}
        say_json({**found, "private_file": written})
        return
    say(public.text)


@keys.command()
@click.argument("name", default="main")
@options.yes
@options.json
def rotate(name: str, yes: bool, json: bool) -> None:
    """Replace a signing key by a new one of the same name.

    The one before signs no more: its private half is removed. What it signed stays verifiable.
    """
    import sys

    from satchel.cli.console import clean, say, say_json, shown_key
    from satchel.cli.vaults import opened
    from satchel.errors import UsageError
    from satchel.trust.public_keys import read_typed_key

    with opened() as store:
        store.signing_key(name)
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError("rotate asks before it removes a private half", hint="--yes goes ahead")
            click.confirm(f"The private half of {clean(name)} is removed. Go on?", abort=True)
        made, retired = store.rotate_signing_key(name)
    if json:
        say_json({"new": made, "retired": retired})
        return
    say(f"{shown_key(read_typed_key(retired.public))} is retired. The new public key of {made.name}:")
    say(made.public)
