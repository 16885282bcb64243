"""``satchel keys``: where the vault's key is kept, and what opens it."""

from __future__ import annotations

import os

import click

from satchel.cli import options


@click.group()
def keys() -> None:
    """Where the vault's key is kept, and what opens it."""


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
    described = describe(place)
    recovery = (place / keystore.RECOVERY_FILE).exists()
    if json:
        say_json({"vault": str(place), "id": described.id, "keeper": described.keeper, "recovery": recovery})
        return
    kept = "the system keyring" if described.keeper == "keyring" else f"{place / keystore.KEY_FILE}, under a passphrase"
    say(f"Vault {described.id} in {place}")
    say(f"Its key is kept in {kept}.")
    say("A recovery key opens it too." if recovery else "There is no recovery key: satchel keys recovery makes one.")


@keys.command()
@options.yes
def recovery(yes: bool) -> None:
    """Make a new recovery key and show it once; the one before opens nothing any more.

    \b
    satchel keys recovery
    """
    from satchel.cli.console import ask_passphrase, say, tell
    from satchel.cli.vaults import folder, opened
    from satchel.trust.keystore import make_recovery
    from satchel.vault.folder import fetch_key

    if not yes:
        click.confirm("The recovery key that you have will stop working. Go on?", abort=True)
    key = fetch_key(folder(), ask_passphrase)
    with opened() as store:
        made = make_recovery(key, folder())
        store.record_event("recovery-key", {})
    tell("The new recovery key, shown this once:")
    say(made.reveal().decode())


@keys.command()
def passphrase() -> None:
    """Keep the vault's key under a new passphrase from now on (also when the keyring kept it).

    The new one is asked for, or taken from SATCHEL_NEW_PASSPHRASE.
    """
    from satchel.cli.console import ask_passphrase, say
    from satchel.cli.vaults import folder, opened
    from satchel.vault.folder import fetch_key, rekey_passphrase

    key = fetch_key(folder(), ask_passphrase)
    with opened() as store:
        rekey_passphrase(folder(), key, os.environ.get("SATCHEL_NEW_PASSPHRASE") or ask_passphrase(True))
        store.record_event("new-passphrase", {})
    say("Done. The passphrase before opens nothing any more; copies of the vault made earlier still open with it.")


@keys.command()
def keyring() -> None:
    """Keep the vault's key in the system keyring from now on."""
    from satchel.cli.console import ask_passphrase, say
    from satchel.cli.vaults import folder, opened
    from satchel.vault.folder import fetch_key, rekey_keyring

    key = fetch_key(folder(), ask_passphrase)
    with opened() as store:
        rekey_keyring(folder(), key)
        store.record_event("to-keyring", {})
    say("Done. The system keyring keeps the key.")


@keys.command()
def recover() -> None:
    """Open the vault with its recovery key and set a new passphrase.

    The recovery key is asked for, or taken from SATCHEL_RECOVERY_KEY; the new passphrase likewise from
    SATCHEL_NEW_PASSPHRASE.
    """
    import getpass
    import sys

    from satchel.cli.console import ask_passphrase, say
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
    say("The vault opens with the new passphrase.")
