"""Which formats there are. Ours are named here and loaded when asked for; others come from entry points, by name only."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from satchel.errors import NotRecognised, UsageError
from satchel.formats.base import Described, Format, Reader

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "satchel.formats"
OURS = {
    "chatgpt-text": "satchel.formats.assistant_text:CHATGPT",
    "claude-text": "satchel.formats.assistant_text:CLAUDE",
    "gemini-text": "satchel.formats.assistant_text:GEMINI",
    "portable-agent-memory": "satchel.formats.portable_agent_memory:FORMAT",
    "portable-ai-memory": "satchel.formats.portable_ai_memory:FORMAT",
    "portable-memory": "satchel.formats.portable_memory:FORMAT",
    "system-prompt": "satchel.formats.assistant_text:SYSTEM_PROMPT",
}


def _theirs() -> EntryPoints:
    # Reading what all installed packages say of themselves takes longer than our own formats do to load.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def names() -> list[str]:
    """Every format that a command may name."""
    return sorted({*OURS, *(point.name for point in _theirs())})


def get(name: str) -> Format:
    """The format of that name, a third party's included.

    Raises:
        UsageError: there is none.
    """
    if name in OURS:
        module, _, attribute = OURS[name].partition(":")
        return cast(Format, getattr(import_module(module), attribute))
    for point in _theirs().select(name=name):
        return cast(Format, point.load())
    raise UsageError(f"no format is called {name!r}", hint="there are " + ", ".join(names()))


def recognise(path: Path) -> Format:
    """The one of our formats that ``path`` is in, by structure.

    Raises:
        NotRecognised: none.
    """
    for name in OURS:
        format = get(name)
        if format.recognises(path):
            return format
    raise NotRecognised(f"{path.name} is in no format that Satchel checks", hint="it checks " + ", ".join(OURS))


def reader_of(path: Path) -> Reader | None:
    """The one of our formats that reads what is at ``path``, by structure; None where no format does."""
    for name in OURS:
        format = get(name)
        if isinstance(format, Reader) and format.recognises(path):
            return format
    return None


def schemas() -> dict[str, Mapping[str, Any]]:
    """The JSON Schemas that our formats hand out, by the name of the file that each describes."""
    formats = (get(name) for name in OURS)
    return {name: schema for format in formats if isinstance(format, Described) for name, schema in format.schemas().items()}
