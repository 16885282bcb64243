"""What Grok's readers have in common: names, times, roles (providers.md 3.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from satchel.adapters.base import AdapterInfo
from satchel.adapters.platform import Platform
from satchel.model import times
from satchel.model.bodies import Role

_DIGITS = 9


def moment_of(value: Any) -> datetime | None:
    """A time as Grok writes it: ISO 8601, epoch seconds or milliseconds, or extended JSON's ``{"$date": …}`` with ISO text,
    milliseconds or ``{"$numberLong": "<ms>"}``. Anything else is none."""
    if type(value) is dict:
        if "$date" in value:
            inner = value["$date"]
            if type(inner) is str and not inner.lstrip("-").isdecimal():
                return times.from_iso(inner)
            return _milliseconds(inner)
        return _milliseconds(value)
    if type(value) is str:
        # A short number in text is a year to some.
        is_epoch = len(value) > _DIGITS and value.replace(".", "", 1).isdecimal()
        return times.from_epoch(value) if is_epoch else times.from_iso(value)
    return _epoch(value)


def _milliseconds(value: Any) -> datetime | None:
    if type(value) is dict:
        value = next((value[name] for name in ("$numberLong", "$numberDouble", "$numberInt") if name in value), None)
    if type(value) is str:
        try:
            value = float(value)
        except ValueError:
            return None
    return _epoch(value / 1000) if type(value) in (int, float) and -1e17 < value < 1e17 else None


def _epoch(value: Any) -> datetime | None:
    try:
        return times.from_epoch(value)
    except OverflowError:
        return None


PLATFORM = Platform(AdapterInfo(name="grok", version=1, title="Grok"), moment_of)
_PEOPLE = frozenset({"human", "user"})
#: Senders that say no more than that it was Grok; others name the model.
_PLAIN = frozenset({"assistant", "grok", "agent", "model", "ai", "bot"})


def role_of(sender: str) -> Role:
    """A person's role in any case, the assistant's for every other sender (portable-ai-memory.md 7.6)."""
    return "user" if sender.strip().lower() in _PEOPLE else "assistant"


def model_in(sender: str) -> str:
    """The model that a sender names, "" when it is a person or the assistant as such."""
    sender = sender.strip()
    return "" if sender.lower() in _PEOPLE | _PLAIN else sender


def file_uid(account: str, id: str) -> str:
    """The uid of the document record for an asset, whether or not its bytes came."""
    return PLATFORM.uid(account, "file", id)
