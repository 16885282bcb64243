"""Which adapters there are. Ours are named here and loaded when asked for; others come from entry points, by name only.

No third party's code runs unless a command names it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from satchel.adapters.base import Adapter, AdapterInfo, Claim, ReadContext
from satchel.codec.probe import Probe
from satchel.codec.sources import Member
from satchel.errors import UsageError
from satchel.model.record import Item, Record

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "satchel.adapters"
#: In the order of detection (providers.md 2, stage B, then C): the first to claim a file has it.
OURS = ("grok", "claude", "chatgpt", "gemini", "perplexity", "claude_memory", "mem0", "engram", "copilot", "transfer_text")
#: Those that know a file by little structure: beside a platform's export, in its folder, such a file is an attachment of it.
WEAK = frozenset({"transfer_text"})


class _Ours:
    """One of ours as it looks at files that nobody named, loaded when it is first asked: most imports ask one or two.

    An adapter that takes more when it is named has a form of itself for this, ``unasked``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.is_weak = name in WEAK

    @functools.cached_property
    def _adapter(self) -> Adapter:
        adapter = get(self._name)
        return cast(Adapter, getattr(adapter, "unasked", adapter))

    @property
    def info(self) -> AdapterInfo:
        return self._adapter.info

    def claim(self, member: Member, probe: Probe) -> str | None:
        return self._adapter.claim(member, probe)

    def read(self, claims: Sequence[Claim], context: ReadContext) -> Iterator[Item]:
        return self._adapter.read(claims, context)

    def unmapped(self, record: Record, native: Any) -> Mapping[str, Any]:
        return self._adapter.unmapped(record, native)


def ours() -> list[Adapter]:
    """The adapters that look at every import."""
    return [_Ours(name) for name in OURS]


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
    if name.replace("-", "_") in OURS:
        return cast(Adapter, import_module(f"satchel.adapters.{name.replace('-', '_')}").ADAPTER)
    for point in _theirs().select(name=name):
        return cast(Adapter, point.load())
    raise UsageError(f"no adapter is called {name!r}", hint="there are " + ", ".join(names()))
