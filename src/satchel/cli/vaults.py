"""The vault that a command works on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satchel.vault.sqlite.store import SqliteStore


def folder() -> Path:
    """``--vault``, ``SATCHEL_VAULT``, or the user's data folder."""
    named = os.environ.get("SATCHEL_VAULT")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path("satchel") / "vault"


@contextmanager
def opened() -> Iterator[SqliteStore]:
    """The existing vault, open. Raises what open_vault raises."""
    from satchel.cli.console import ask_passphrase
    from satchel.vault.folder import open_vault

    with closing(open_vault(folder(), ask_passphrase)) as store:
        yield store


@contextmanager
def opened_or_made(*, trial: bool = False) -> Iterator[SqliteStore]:
    """The vault, made where there is none; with ``trial``, one that is thrown away takes its place."""
    from satchel.cli.console import ask_passphrase, tell
    from satchel.errors import VaultExists
    from satchel.vault.folder import create_vault, exists, trial_vault

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
