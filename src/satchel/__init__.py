"""Satchel: what AI assistants know about you, in an encrypted vault that you own.

    from pathlib import Path
    import satchel

    with satchel.open_vault(Path("vault")) as store:
        satchel.import_paths(store, [Path("chatgpt-export.zip")])
        for hit in store.search(satchel.Query(words="sourdough")).hits:
            print(hit.snippet)
        satchel.export(store, Path("my-memory"), format="portable-ai-memory")

Everything that is not named here is private and may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from satchel.errors import Place, SatchelError
    from satchel.limits import Limits
    from satchel.model.findings import Finding
    from satchel.model.record import Record
    from satchel.move.conversions import convert
    from satchel.move.exports import export
    from satchel.move.imports import import_paths
    from satchel.vault.folder import create_vault, open_vault
    from satchel.vault.values import Query

#: Where each public name lives; it is imported when it is first asked for, so that the command line starts quickly.
_HOMES = {
    "Finding": "satchel.model.findings",
    "Limits": "satchel.limits",
    "Place": "satchel.errors",
    "Query": "satchel.vault.values",
    "Record": "satchel.model.record",
    "SatchelError": "satchel.errors",
    "convert": "satchel.move.conversions",
    "create_vault": "satchel.vault.folder",
    "export": "satchel.move.exports",
    "import_paths": "satchel.move.imports",
    "open_vault": "satchel.vault.folder",
}

__all__ = [
    "Finding",
    "Limits",
    "Place",
    "Query",
    "Record",
    "SatchelError",
    "convert",
    "create_vault",
    "export",
    "import_paths",
    "open_vault",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("satchel")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'satchel' has no attribute {name!r}")
