"""A process that forgets half of the talks of a store, for tests that kill it or starve it of disk.

Arguments: the database, the key in hexadecimal, words of what it forgets, or ``undo``: it takes back what was forgotten; or
``purge``. Prints ``ready`` before and ``done`` after its
commit; exits with 3 and the error's code when the vault refuses.
"""

from __future__ import annotations

import sys
from pathlib import Path

from satchel.errors import VaultError
from satchel.move import forgetting
from satchel.trust.secrets import Secret
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting


def run(database: Path, key: Secret, words: str) -> None:
    store = SqliteStore.open(database, key)
    print("ready", flush=True)
    if words == "undo":
        store.undo(store.last_change())
    elif words == "purge":
        store.purge()
    else:
        forgetting.forget(store, Forgetting(words=words))
    print("done", flush=True)
    store.close()


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]), Secret(bytes.fromhex(sys.argv[2])), sys.argv[3])
    except VaultError as error:
        print(error.code, flush=True)
        sys.exit(3)
