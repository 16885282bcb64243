"""Where a vault's key is kept: the system keyring, or a passphrase-wrapped age file beside the vault.

The choice is made once, when the vault is made, and written in its ``vault.json``: a passphrase that is given then asks for
the file; otherwise the keyring is used where there is one; otherwise a passphrase is asked for. The recovery file opens the
same key in either case.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from satchel.errors import KeyStoreError, WrongKey
from satchel.trust.age import (
    new_recovery,
    unwrap_with_passphrase,
    unwrap_with_recovery,
    wrap_with_passphrase,
)
from satchel.trust.files import read_private, write_private
from satchel.trust.secrets import KEY_BYTES, Secret

Keeper = Literal["keyring", "passphrase"]
#: Asks the person for a passphrase; the argument says whether it is a new one, to be typed twice.
Ask = Callable[[bool], str]

KEY_FILE = "key.age"
RECOVERY_FILE = "recovery.age"
VARIABLE = "SATCHEL_PASSPHRASE"
_SERVICE = "satchel"


def refuse_to_ask(new: bool) -> str:
    """An ``Ask`` for where nobody can be asked."""
    raise KeyStoreError(
        "the vault's key needs a passphrase" if not new else "there is no system keyring to keep the vault's key in",
        hint=f"set {VARIABLE}",
    )


def keep(key: Secret, vault_id: str, folder: Path, ask: Ask = refuse_to_ask) -> Keeper:
    """Keep a new vault's key; see the module docstring for where. Returns the keeper.

    Raises:
        KeyStoreError: no keyring and no passphrase.
    """
    passphrase = os.environ.get(VARIABLE)
    if not passphrase and _keyring_works():
        keep_in_keyring(key, vault_id)
        return "keyring"
    keep_in_file(key, folder, passphrase or ask(True))
    return "passphrase"


def fetch(keeper: Keeper, vault_id: str, folder: Path, ask: Ask = refuse_to_ask) -> Secret:
    """The vault's key from its keeper.

    Raises:
        WrongKey: the passphrase is wrong.
        KeyStoreError: the keyring is locked, has no such entry, or the file is missing.
    """
    if keeper == "keyring":
        return _fetch_from_keyring(vault_id)
    return unwrap_with_passphrase(read_private(folder / KEY_FILE), os.environ.get(VARIABLE) or ask(False))


def keep_in_file(key: Secret, folder: Path, passphrase: str) -> None:
    """Write (or replace) the passphrase-wrapped key file."""
    if not passphrase:
        raise KeyStoreError("the passphrase is empty", hint=f"type one, or set {VARIABLE}")
    write_private(folder / KEY_FILE, wrap_with_passphrase(key, passphrase))


def keep_in_keyring(key: Secret, vault_id: str) -> None:
    """Put the key into the system keyring."""
    import keyring
    import keyring.errors

    try:
        keyring.set_password(_SERVICE, vault_id, base64.b64encode(key.reveal()).decode())
    except keyring.errors.KeyringError as error:
        raise KeyStoreError(
            f"the system keyring would not keep the key: {type(error).__name__}", hint=f"unlock it, or set {VARIABLE}"
        ) from None


def forget_in_keyring(vault_id: str) -> None:
    """Take the key out of the keyring; nothing happens where it is not there."""
    import keyring
    import keyring.errors

    try:
        keyring.delete_password(_SERVICE, vault_id)
    except keyring.errors.KeyringError:
        return


def make_recovery(key: Secret, folder: Path) -> Secret:
    """Write a new recovery file and return the recovery key, to be shown once; an earlier one opens nothing any more."""
    recovery, data = new_recovery(key)
    write_private(folder / RECOVERY_FILE, data)
    return recovery


def recover(folder: Path, recovery_key: str) -> Secret:
    """The vault's key by its recovery key.

    Raises:
        WrongKey, KeyStoreError: it is not the one; there is no recovery file.
    """
    return unwrap_with_recovery(read_private(folder / RECOVERY_FILE), recovery_key)


def _keyring_works() -> bool:
    import keyring
    import keyring.backends.fail
    import keyring.backends.null

    backend = keyring.get_keyring()
    return not isinstance(backend, keyring.backends.fail.Keyring | keyring.backends.null.Keyring)


def _fetch_from_keyring(vault_id: str) -> Secret:
    import keyring
    import keyring.errors

    try:
        text = keyring.get_password(_SERVICE, vault_id)
    except keyring.errors.KeyringError as error:
        raise KeyStoreError(f"the system keyring does not answer: {type(error).__name__}", hint="unlock it") from None
    if text is None:
        raise KeyStoreError(
            "the system keyring has no key for this vault", hint="the recovery key opens it: satchel keys recover"
        )
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise WrongKey("the keyring's entry for this vault is not a key")
    return Secret(key)
