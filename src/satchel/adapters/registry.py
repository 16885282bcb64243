"""Which adapters there are. Ours are named here and loaded when asked for; others come from entry points, by name only.

No third party's code runs unless a command names it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from satchel.adapters.base import Adapter
from satchel.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "satchel.adapters"
#: In the order of detection (providers.md 2, stage B): the first to claim a file has it.
OURS = ("claude", "chatgpt", "mem0", "engram", "transfer_text")
#: Those that know a file by little structure: beside a platform's export, in its folder, such a file is an attachment of it.
WEAK = frozenset({"transfer_text"})


def ours() -> list[Adapter]:
    """The adapters that look at every import. One that takes more when it is named has a form of itself for this."""
    return [getattr(adapter, "unasked", adapter) for adapter in map(get, OURS)]


def _theirs() -> EntryPoints:
    # Reading what all installed packages say of themselves takes longer than our own adapters do to load.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def names() -> list[str]:
    """Every adapter that a command may name."""
    return sorted({*OURS, *(point.name for point in _theirs())})


def get(name: str) -> Adapter:
    """The adapter of that name, a third party's included.

    Raises:
        UsageError: there is none.
    """
    if name in OURS:
        return cast(Adapter, import_module(f"satchel.adapters.{name}").ADAPTER)
    for point in _theirs().select(name=name):
        return cast(Adapter, point.load())
    raise UsageError(f"no adapter is called {name!r}", hint="there are " + ", ".join(names()))
