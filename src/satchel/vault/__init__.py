"""The store: schema, merge, history, search index, audit. One interface, an embedded backend."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from satchel.vault.folder import create_vault, exists, open_vault
    from satchel.vault.store import Store
    from satchel.vault.values import Query

#: Where each name lives; it is imported when it is first asked for, for what only speaks of a store needs no SQLite.
_HOMES = {
    "Query": "satchel.vault.values",
    "Store": "satchel.vault.store",
    "create_vault": "satchel.vault.folder",
    "exists": "satchel.vault.folder",
    "open_vault": "satchel.vault.folder",
}

__all__ = ["Query", "Store", "create_vault", "exists", "open_vault"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'satchel.vault' has no attribute {name!r}")
