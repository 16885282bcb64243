"""Deleting at the places that records came from or went to, by their own APIs, and looking again afterwards."""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.errors import UsageError
from satchel.model.erasure import Closure
from satchel.model.text import searchable
from satchel.move.elsewhere import letta, mem0
from satchel.move.elsewhere.base import Outcome, Provider, Wanted
from satchel.trust.api import Api
from satchel.trust.secrets import Secret
from satchel.vault.store import Store

PROVIDERS: dict[str, Provider] = {mem0.NAME: mem0.Mem0(), letta.NAME: letta.Letta()}
#: Where each is when nothing else is named, and how it takes its key there and at a server of one's own.
_PLATFORMS = {mem0.NAME: f"https://{mem0.PLATFORM}", letta.NAME: "https://api.letta.com"}


def provider_called(name: str) -> Provider:
    """The provider of that name. Raises UsageError."""
    found = PROVIDERS.get(name)
    if found is None:
        raise UsageError(f"Satchel cannot delete at {name!r}", hint="it can at " + ", ".join(PROVIDERS))
    return found


def api_of(name: str, url: str, key: Secret | None) -> Api:
    """The API of a provider, at its platform or at ``url``. Raises UsageError."""
    place = url or _PLATFORMS[name]
    api = Api(place, key)
    if name != mem0.NAME:
        return api
    # Its platform has a scheme of its own, its server a header.
    if api.host == mem0.PLATFORM:
        return Api(place, key, scheme="Token ")
    return Api(place, key, header="X-API-Key", scheme="")


def wanted_of(store: Store, closure: Closure, provider: str) -> list[Wanted]:
    """What of a closure is to be gone at a provider: each record that goes and says something, while the vault has it."""
    found = []
    for reached in closure.records:
        record = store.get(reached.uid) if reached.goes else None
        if record is not None:
            own = record.origin.format == provider or record.provenance.platform == provider
            title, text = searchable(record)
            if text.strip() or title.strip() or own:
                found.append(Wanted(record.uid, record.origin.id if own else "", text.strip() or title.strip()))
    return found


def note(store: Store, change: int | None, outcome: Outcome) -> None:
    """Keep in the audit log what was deleted elsewhere with a change: counts and places, no content and no ids. Without one
    where nothing was erased in the vault, for there not all of it was."""
    detail: dict[str, Any] = msgspec.to_builtins(outcome)
    store.record_event("forget-elsewhere", {name: value for name, value in detail.items() if name != "ids"}, change)


__all__ = ["PROVIDERS", "Outcome", "Provider", "Wanted", "api_of", "note", "provider_called", "wanted_of"]
