"""What mem0's files have in common: names, uids, times, and decoding that trusts nothing."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from satchel.adapters.base import AdapterInfo
from satchel.adapters.notes import Notes
from satchel.errors import Place
from satchel.model import times
from satchel.model.ids import make_uid, provider_uid
from satchel.model.record import Origin, Provenance

INFO = AdapterInfo(name="mem0", version=1, title="mem0")
#: Whose members the residue has.
FORMAT = "portable-memory"


def moment_of(value: Any) -> datetime | None:
    """A time from ISO 8601 text or from epoch seconds as a number; anything else is none."""
    if type(value) is str:
        # A number in text would be a year to some and a moment of 1970 to others.
        return times.from_iso(value[:-1] + "Z" if value.endswith("z") else value)
    try:
        return times.from_epoch(value)
    except OverflowError:
        return None


def ident(value: Any) -> str:
    """A native id: a string, or a number's digits."""
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def uid_of(account: str, native_id: str, coordinates: tuple[str, ...] = ()) -> str:
    """The uid of a memory: its id within the account; without one, whose it is, when it was made and what it says."""
    if native_id:
        return provider_uid(INFO.name, account, "memory", native_id)
    said = "\n".join(f"{len(part)}:{part}" for part in coordinates)
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
    return make_uid(INFO.name, account, "memory-without-id", digest)


def origin(kind: str, native_id: str = "") -> Origin:
    return Origin(format=INFO.name, id=native_id, kind=f"{INFO.name}.{kind}")


def provenance(account: str, actor: str = "") -> Provenance:
    """mem0 has a model work out what to remember: its memories are inferred (portable-memory.md 1.5)."""
    return Provenance(platform=INFO.name, account=account, method="llm_inference", extractor=INFO.name, actor=actor)


def notes_of(place: Place) -> Notes:
    """Findings of one source object, its times read as mem0 writes them."""
    return Notes(place, moment_of)
