"""A vault on disk: a private folder with the encrypted file, what tells where its key is kept, and the wrapped keys.

vault.json     its id, and the keeper of its key; nothing secret
vault.db       everything else, encrypted
key.age        the key under a passphrase, where the keyring does not keep it
recovery.age   the key under the recovery key
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

try:
    import fcntl
except ImportError:  # Windows has no flock.
    fcntl = None  # type: ignore[assignment]

from satchel.errors import KeyStoreError, VaultDamaged, VaultError, VaultExists, VaultMissing
from satchel.trust import keystore
from satchel.trust.files import read_private, write_private
from satchel.trust.secrets import Secret, new_key
from satchel.vault.sqlite.store import SqliteStore

DATABASE = "vault.db"
_DESCRIPTION = "vault.json"
_LOCK = ".lock"


class Description(msgspec.Struct, frozen=True):
    """What ``vault.json`` holds."""

    id: str
    keeper: Literal["keyring", "passphrase"]
    backend: Literal["sqlite"] = "sqlite"


def exists(folder: Path) -> bool:
    """Whether there is a vault in ``folder``."""
    return (folder / _DESCRIPTION).exists()


def describe(folder: Path) -> Description:
    """The vault's description.

    Raises:
        VaultMissing, VaultDamaged.
    """
    if not exists(folder):
        raise VaultMissing(f"there is no vault in {folder}", hint="satchel import makes one")
    try:
        return msgspec.json.decode(read_private(folder / _DESCRIPTION), type=Description)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise VaultDamaged(f"{folder / _DESCRIPTION} is not a vault's description") from error


def create_vault(folder: Path, ask: keystore.Ask = keystore.refuse_to_ask) -> tuple[SqliteStore, Secret]:
    """Make a vault and keep its key; returns the open store and the recovery key, to be shown once.

    The description is written last: a folder without it is no vault, so a creation that is cut short leaves nothing that
    would be taken for one, and can be repeated.

    Raises:
        VaultExists: there is one already, or the folder holds other things.
        KeyStoreError: no keyring and no passphrase.
        VaultError: the folder cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder):
            return _create(folder, ask)
    except OSError as error:
        raise VaultError(f"cannot make a vault in {folder}: {error.strerror}") from error


def _create(folder: Path, ask: keystore.Ask) -> tuple[SqliteStore, Secret]:
    if exists(folder):
        raise VaultExists(f"there is a vault in {folder} already")
    ours = {DATABASE, DATABASE + "-wal", DATABASE + "-shm", keystore.KEY_FILE, keystore.RECOVERY_FILE}
    found = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
    if found - ours:
        raise VaultExists(f"{folder} holds other files", hint="give an empty folder")
    folder.chmod(0o700)
    for name in found:
        (folder / name).unlink()
    description = Description(str(uuid.uuid4()), "passphrase")
    key = new_key()
    try:
        description = msgspec.structs.replace(description, keeper=keystore.keep(key, description.id, folder, ask))
    except KeyStoreError:
        # Where no key can be kept, no folder is left behind either.
        with contextlib.suppress(OSError):
            (folder / _LOCK).unlink()
            folder.rmdir()
        raise
    recovery = keystore.make_recovery(key, folder)
    store = SqliteStore.create(folder / DATABASE, key, owner_id=str(uuid.uuid4()))
    _describe(folder, description)
    return store, recovery


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process at a time makes a vault here; the others wait, and find it made."""
    if fcntl is None:
        yield
        return
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                if exists(folder):
                    (folder / _LOCK).unlink()


def open_vault(folder: Path, ask: keystore.Ask = keystore.refuse_to_ask) -> SqliteStore:
    """Open the vault in ``folder``.

    Raises:
        VaultMissing, WrongKey, KeyStoreError, VaultTooNew, VaultDamaged.
    """
    description = describe(folder)
    if not (folder / DATABASE).exists():
        raise VaultDamaged(f"{folder / DATABASE} is missing", hint="restore it from a backup")
    return SqliteStore.open(folder / DATABASE, keystore.fetch(description.keeper, description.id, folder, ask))


def rekey_passphrase(folder: Path, key: Secret, passphrase: str) -> None:
    """Keep the vault's key under a new passphrase from now on."""
    description = describe(folder)
    keystore.keep_in_file(key, folder, passphrase)
    if description.keeper == "keyring":
        _describe(folder, msgspec.structs.replace(description, keeper="passphrase"))
        keystore.forget_in_keyring(description.id)


def rekey_keyring(folder: Path, key: Secret) -> None:
    """Keep the vault's key in the system keyring from now on."""
    description = describe(folder)
    keystore.keep_in_keyring(key, description.id)
    _describe(folder, msgspec.structs.replace(description, keeper="keyring"))
    (folder / keystore.KEY_FILE).unlink(missing_ok=True)


def _describe(folder: Path, description: Description) -> None:
    write_private(folder / _DESCRIPTION, msgspec.json.format(msgspec.json.encode(description)) + b"\n")


def open_with_recovery(folder: Path, recovery_key: str) -> Secret:
    """The vault's key by its recovery key, checked against the vault.

    Raises:
        WrongKey, KeyStoreError, VaultMissing.
    """
    describe(folder)
    key = keystore.recover(folder, recovery_key)
    SqliteStore.open(folder / DATABASE, key).close()
    return key


def open_with_key(folder: Path, key: Secret) -> SqliteStore:
    """Open the vault with its key at hand. Raises as ``open_vault``."""
    return SqliteStore.open(folder / DATABASE, key)


def fetch_key(folder: Path, ask: keystore.Ask = keystore.refuse_to_ask) -> Secret:
    """The vault's key, as ``open_vault`` gets it."""
    description = describe(folder)
    return keystore.fetch(description.keeper, description.id, folder, ask)


@contextmanager
def trial_vault() -> Iterator[SqliteStore]:
    """A vault for a dry run where there is none yet: encrypted under a key that nobody keeps, and removed."""
    folder = Path(tempfile.mkdtemp(prefix="satchel-trial-"))
    try:
        store = SqliteStore.create(folder / DATABASE, new_key(), owner_id=str(uuid.uuid4()), passing=True)
        try:
            yield store
        finally:
            store.close()
    except OSError as error:
        raise KeyStoreError(f"no room for a trial: {error.strerror}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
