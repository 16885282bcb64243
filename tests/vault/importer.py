"""A process that imports made-up talks into a store, for tests that kill it, starve it of disk, or run two of it.

Arguments: the database, the key in hexadecimal, how many talks, words to put into each. Prints ``ready`` before the import
and ``done`` after its commit; exits with 3 and the error's code when the vault refuses.
"""

from __future__ import annotations

import sys
from pathlib import Path

from satchel.errors import VaultError
from satchel.trust.secrets import Secret
from satchel.vault.sqlite.store import SqliteStore
from tests.vault.made import conversation


def run(database: Path, key: Secret, talks: int, word: str) -> None:
    store = SqliteStore.open(database, key)
    print("ready", flush=True)
    with store.importing(word, on_wait=lambda: print("waiting", flush=True)) as intake:
        for number in range(talks):
            words = [f"{word} {number} {step} " + "some more words to fill the page with text " * 20 for step in range(8)]
            intake.put(conversation(f"{word}-{number}", words, element=number))
        intake.finish(())
    print("done", flush=True)
    store.close()


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]), Secret(bytes.fromhex(sys.argv[2])), int(sys.argv[3]), sys.argv[4])
    except VaultError as error:
        print(error.code, flush=True)
        sys.exit(3)
