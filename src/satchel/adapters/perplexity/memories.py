"""What Perplexity remembers of a person: rows of its workbook, and the profile, a row without a key whose value is JSON.

A memory that was deleted or forgotten there stands in the workbook all the same. It is kept as ``retracted`` and does not leave
the vault; one that the person never sees there is kept as ``archived``. No context gives either.
"""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.adapters.notes import Notes
from satchel.adapters.perplexity import sheets
from satchel.adapters.perplexity.wire import PLATFORM
from satchel.adapters.platform import Ties, sha256
from satchel.adapters.values import beyond, first_id, first_text
from satchel.model.bodies import Memory, Profile
from satchel.model.record import Access, Reading, Record, Status, Times

_FALSE = ("", "0", "false", "f", "no", "n")
_PROFILE = "Profile"


def memory_uid(cells: dict[str, Any], account: str, ties: Ties) -> str:
    """By its id where it has one; else by its key and when it was first made, so that its next wording is a new version."""
    id = first_id(cells, *sheets.MEMORY_ID)
    if id:
        return PLATFORM.uid(account, "memory", id)
    key = first_text(cells, sheets.KEY)
    if not key and _profile(cells) is None:
        key = sha256(_text(cells))
    return ties.uid(PLATFORM.info.name, account, "memory", key, first_text(cells, *sheets.FIRST))


def read_memory(cells: dict[str, Any], uid: str, account: str, notes: Notes) -> Reading:
    """The record of one row.

    Args:
        cells: by the names that ``sheets`` has.
    """
    profile = _profile(cells)
    is_gone = _is_set(cells, sheets.DELETED) or _is_set(cells, sheets.FORGOTTEN)
    status: Status = "retracted" if is_gone else "archived" if _is_set(cells, sheets.INVISIBLE) else "active"
    if is_gone:
        text = "a memory was deleted or forgotten at Perplexity: it is kept as retracted, and no context or export gives it"
        notes.add("retracted-memory", text)
    elif status == "archived":
        notes.add("archived-memory", "a memory is not shown at Perplexity: it is kept as archived, and no context gives it")
    record = Record(
        uid=uid,
        body=_body(cells, profile),
        origin=PLATFORM.origin("memory" if profile is None else "profile", first_id(cells, *sheets.MEMORY_ID)),
        times=Times(created=_time(cells, sheets.FIRST, notes), updated=_time(cells, sheets.LAST, notes)),
        status=status,
        provenance=msgspec.structs.replace(PLATFORM.provenance(account), method="llm_inference"),
        access=Access(exportable=not is_gone),
    )
    return Reading((record,), notes.findings())


def leftover(native: dict[str, Any]) -> dict[str, Any]:
    """The cells of a memory's row that its record does not carry."""
    cells = sheets.by_name(native)
    carried = {sheets.KEY, sheets.DELETED, sheets.FORGOTTEN, sheets.INVISIBLE}
    if _profile(cells) is None:
        carried.add(sheets.VALUE)
        if _confidence(cells) is not None:
            carried.add(sheets.CONFIDENCE)
    for names in (sheets.MEMORY_ID, sheets.FIRST, sheets.LAST):
        carried.add(next((name for name in names if cells.get(name) not in (None, "")), ""))
    return beyond({column: value for column, value in native.items() if sheets.named(column) not in carried})


def _body(cells: dict[str, Any], profile: dict[str, Any] | None) -> Memory | Profile:
    if profile is not None:
        return Profile(text="\n".join(_prose(profile)), title=_PROFILE)
    return Memory(text=_text(cells), title=first_text(cells, sheets.KEY), confidence=_confidence(cells))


def _profile(cells: dict[str, Any]) -> dict[str, Any] | None:
    text = first_text(cells, sheets.VALUE)
    if first_text(cells, sheets.KEY) or text.lstrip()[:1] != "{":
        return None
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return found if type(found) is dict and any(_prose(found)) else None


def _prose(value: Any, label: str = "") -> list[str]:
    """What an object says in lines, each with the names that lead to it: ``Technology, languages: Go, Rust``."""
    if type(value) is dict:
        lines = []
        for name, item in value.items():
            here = " ".join(str(name).split("_"))
            # Its summary is prose by itself.
            inner = "" if not label and name == "summary" else f"{label}, {here}" if label else here.capitalize()
            lines += _prose(item, inner)
        return lines
    items = value if type(value) is list else [value]
    if any(type(item) in (dict, list) for item in items):
        return [line for item in items for line in _prose(item, label)]
    said = ", ".join(_spelt(item) for item in items if item not in (None, ""))
    return ([f"{label}: {said}"] if label else [said]) if said else []


def _spelt(value: Any) -> str:
    return value.strip() if type(value) is str else msgspec.json.encode(value).decode()


def _text(cells: dict[str, Any]) -> str:
    value = cells.get(sheets.VALUE)
    return value if type(value) is str else _spelt(value)


def _confidence(cells: dict[str, Any]) -> float | None:
    value: Any = cells.get(sheets.CONFIDENCE)
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None


def _is_set(cells: dict[str, Any], name: str) -> bool:
    """A word that nobody knows counts as said: what may have been taken back is not used."""
    value = cells.get(name)
    return value.strip().lower() not in _FALSE if type(value) is str else bool(value)


def _time(cells: dict[str, Any], names: tuple[str, ...], notes: Notes) -> Any:
    return notes.time(next((cells[name] for name in names if cells.get(name) not in (None, "")), None))
