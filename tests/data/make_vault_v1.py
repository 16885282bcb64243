"""How ``vault-v1`` was made, by the Satchel that wrote schema version 1. It is kept as it is: later Satchels must open it.

SATCHEL_PASSPHRASE="vault of version 1" python tests/data/make_vault_v1.py
"""

from pathlib import Path

from satchel.move.imports import import_paths
from satchel.vault.folder import create_vault

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"

store, recovery = create_vault(HERE / "vault-v1")
import_paths(store, [EXAMPLES / "claude"])
import_paths(store, [EXAMPLES / "chatgpt"])
store.undo(import_paths(store, [EXAMPLES]).id)
store.close()
(HERE / "vault-v1" / "recovery-key.txt").write_bytes(recovery.reveal() + b"\n")
