"""The vault that a command works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from satchel.cli import door

if TYPE_CHECKING:
    from satchel.trust.capabilities.tokens import Permission, Token
    from satchel.vault.sqlite.store import SqliteStore
    from satchel.vault.store import Store


def folder() -> Path:
    """``--vault``, ``SATCHEL_VAULT``, or the user's data folder."""
    named = os.environ.get("SATCHEL_VAULT")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path("satchel") / "vault"


@contextmanager
def opened_to(permission: Permission, *, redacts: bool = False) -> Iterator[Store]:
    """The existing vault, open: all of it, or with ``--token`` what the token grants to this kind of operation. ``redacts``:
    personal data is taken out of all that leaves, for good. Raises what open_vault raises, and AccessDenied."""
    with opened_behind(permission, redacts=redacts) as vault:
        yield vault.seen


class Opened(NamedTuple):
    """What may be ``seen`` of a vault, the vault itself for what the owner's log is told, and the tokens, if any."""

    seen: Store
    store: SqliteStore
    tokens: tuple[Token, ...]


@contextmanager
def opened_behind(permission: Permission, *, redacts: bool = False) -> Iterator[Opened]:
    """As ``opened_to``, with the vault behind what is seen of it."""
    from satchel.cli.console import ask_passphrase
    from satchel.vault.folder import open_vault

    held = door.held()
    presented = None if held is None else door.read(held)
    with closing(open_vault(folder(), ask_passphrase)) as store:
        if held is None or presented is None:
            yield Opened(store, store, ())
            return
        from satchel.vault.guard import view

        seen = view(store, presented, permission, caller=held.caller, redacts=redacts)
        yield Opened(seen, store, tuple(each.token for each in presented))


@contextmanager
def opened() -> Iterator[SqliteStore]:
    """The existing vault, open, for its owner alone. Raises what open_vault raises, and AccessDenied with ``--token``."""
    from satchel.cli.console import ask_passphrase
    from satchel.vault.folder import open_vault

    door.refuse_tokens()
    with closing(open_vault(folder(), ask_passphrase)) as store:
        yield store


@contextmanager
def opened_or_made(*, trial: bool = False) -> Iterator[SqliteStore]:
    """The vault, made where there is none; with ``trial``, one that is thrown away takes its place."""
    from satchel.cli.console import ask_passphrase, tell
    from satchel.errors import VaultExists
    from satchel.vault.folder import create_vault, exists, trial_vault

    door.refuse_tokens()
    place = folder()
    if exists(place):
        with opened() as store:
            yield store
        return
    if trial:
        with trial_vault() as store:
            yield store
        return
    try:
        store, recovery = create_vault(place, ask_passphrase)
    except VaultExists:
        if not exists(place):
            raise
        # Another process made it meanwhile.
        with opened() as store:
            yield store
        return
    with closing(store):
        tell(f"Made a new encrypted vault in {place}")
        tell("Its recovery key, shown this once. Keep it on paper; with it the vault opens when all else is lost:")
        tell("")
        tell(f"    {recovery.reveal().decode()}")
        tell("")
        yield store
