"""What the mapping table is made of: a row, a lens, and the two ways through it (see ``mapping``).

An entry here is in the shape of the profile ``sdk-0.1`` (dossier 1.2 to 1.7); ``conversion`` makes that of the others and back.
A record here is *plain*: its builtins, without uid, origin, native and what the vault adds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from satchel.model.times import from_iso, to_rfc3339

#: Decimals that a score is written with, so that no exponent appears (dossier 2.1, number policy for writers).
_SCORE_DECIMALS = 4
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.@-]")
_NAME_CHARACTERS = 128

Entry = dict[str, Any]
Plain = dict[str, Any]


class Source(NamedTuple):
    """A record to be written: plain, and what a row may need besides. ``created``: its time or the substitute for it;
    ``name_of`` gives what another record is called, "" where nobody knows."""

    plain: Plain
    created: str
    name_of: Callable[[str], str] = lambda uid: ""  # noqa: ARG005


class Row(NamedTuple):
    """One member of ours, dotted, and the pointer to theirs. ``read`` gives None where the entry says nothing of it, ``write``
    None where the record does; ``note`` says what is not told word for word."""

    ours: str
    theirs: str
    read: Callable[[Entry], Any]
    write: Callable[[Source], Any]
    note: str = ""


class Lens(NamedTuple):
    """How records of ``kind`` stand in ``component``."""

    name: str
    kind: str
    component: str
    rows: tuple[Row, ...]
    note: str = ""


def never(_: Any) -> None:
    """What is said in one direction alone."""
    return


def always(value: str) -> Callable[[Any], str]:
    return lambda _: value


def get(plain: Plain, path: str) -> Any:
    """The member at a dotted path; None where there is none."""
    section, _, name = path.partition(".")
    found = plain.get(section)
    return found if not name else found.get(name) if type(found) is dict else None


def put(plain: Plain, path: str, value: Any) -> None:
    """Set the member at a dotted path."""
    section, _, name = path.partition(".")
    if name:
        plain.setdefault(section, {})[name] = value
    else:
        plain[section] = value


def sentence(subject: str, predicate: str, object: str) -> str:
    """A triple as a person reads it."""
    return " ".join(word for word in (subject, predicate.replace("_", " "), object) if word)


def word(text: str) -> str:
    """A predicate in snake_case (dossier 1.4)."""
    return "_".join(re.findall(r"\w+", text.lower())) or "related_to"


def name(text: str) -> str:
    """The identifier of an actor (dossier 1.3, 10.6); "" where nothing of the text can be one."""
    return _NOT_IN_NAME.sub("_", text.strip())[:_NAME_CHARACTERS].strip("_")


def moment(value: Any) -> str | None:
    """A time of theirs as ours; None where there is none, or nobody can read it."""
    found = from_iso(value)
    return None if found is None else to_rfc3339(found)


def same_row(ours: str, theirs: str, note: str = "") -> Row:
    """A member that is said word for word."""
    return Row(ours, f"/{theirs}", lambda entry: entry[theirs], lambda source: get(source.plain, ours), note)


def time_row(ours: str, theirs: str, note: str = "") -> Row:
    def write(source: Source) -> str | None:
        found = get(source.plain, ours)
        return None if found is None else to_rfc3339(datetime.fromisoformat(found))

    return Row(ours, f"/{theirs}", lambda entry: moment(entry[theirs]), write, note)


def score_row(ours: str, theirs: str) -> Row:
    def write(source: Source) -> float | None:
        found = get(source.plain, ours)
        if found is None or not math.isfinite(found) or not 0 <= found <= 1:
            return None
        return round(float(found), _SCORE_DECIMALS) + 0.0

    note = "four decimals; 0.5 where there is none or it is not in 0 to 1"
    return Row(ours, f"/{theirs}", lambda entry: float(entry[theirs]), write, note)


def decode(lens: Lens, entry: Entry) -> Plain:
    """The plain record that an entry says, without links."""
    plain: Plain = {"body": {"kind": lens.kind}}
    for row in lens.rows:
        value = row.read(entry) if row.ours else None
        if value is not None:
            put(plain, row.ours, value)
    return plain


def encode(lens: Lens, source: Source) -> Entry:
    """What a record says of its entry, without what it has no word for."""
    entry: Entry = {}
    for row in lens.rows:
        value = row.write(source) if row.theirs else None
        if value is not None:
            entry[row.theirs[1:]] = value
    return entry
