"""A source as commands are told of it: a platform or account, an import, a file, a signing key, or records by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from satchel.vault.store import Store
    from satchel.vault.values import Forgetting


def selectors(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments and options that name a source; ``asked`` takes them."""
    for option in reversed(
        (
            click.argument("ids", nargs=-1, metavar="[ID]..."),
            click.option(
                "--source", "platforms", multiple=True, metavar="NAME", help="All from this platform: chatgpt, claude."
            ),
            click.option("--account", "accounts", multiple=True, metavar="ID", help="Only from this account there."),
            click.option("--import", "imports", multiple=True, type=int, metavar="N", help="Only what import N brought."),
            click.option("--file", "files", multiple=True, metavar="NAME", help="Only what was read from this file."),
            click.option("--key", "keys", multiple=True, metavar="KEY", help="Only what came signed by this public key."),
        )
    ):
        command = option(command)
    return command


def asked(store: Store, given: dict[str, Any]) -> Forgetting:
    """What was named. Raises NotFound; UsageError for what is no key."""
    from satchel.vault.values import Forgetting

    return Forgetting(
        uids=tuple(dict.fromkeys(store.resolve(id) for id in given["ids"])),
        platforms=given["platforms"],
        accounts=given["accounts"],
        batches=given["imports"],
        files=given["files"],
        signers=tuple(public_key(key) for key in given["keys"]),
    )


def public_key(text: str) -> str:
    """A key in any encoding as the vault spells it. Raises UsageError."""
    from satchel.errors import UsageError
    from satchel.move.vouching import read_trusted

    key = read_trusted(text)
    if isinstance(key, str):
        raise UsageError("a source is named by its key, not by a DID", hint="satchel verify shows the key")
    return key.text
