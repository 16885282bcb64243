"""The store: schema, merge, history, search index, audit. One interface, an embedded backend."""

from satchel.vault.folder import create_vault, exists, open_vault
from satchel.vault.store import Store
from satchel.vault.values import Query

__all__ = ["Query", "Store", "create_vault", "exists", "open_vault"]
