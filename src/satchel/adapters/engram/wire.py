"""What the adapter's modules share: its name, the id space, and findings of one file."""

from __future__ import annotations

from satchel.adapters.base import AdapterInfo
from satchel.adapters.engram.values import moment
from satchel.adapters.notes import Notes
from satchel.errors import Place
from satchel.model.ids import provider_uid

INFO = AdapterInfo(name="engram", version=1, title="Engram / PLUR")
PLATFORM = INFO.name


def uid_of(account: str, native_id: str) -> str:
    """The uid of an engram or episode. Both have one id space, and an id such as ENG-2026-0131-001 is unique in it alone."""
    return provider_uid(PLATFORM, account, "engram", native_id)


def notes_of(place: Place) -> Notes:
    """Findings of one source object, its times read as engrams have them."""
    return Notes(place, moment)
