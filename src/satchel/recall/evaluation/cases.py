"""What a benchmark says, whatever its file looks like: talks, and questions of them whose evidence is known.

Ids are the data set's own. Evidence that names no turn of its case is no evidence here: a reader counts it (``unresolved``), so
that recall is over what can be found.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NoReturn

import msgspec

from satchel.errors import MalformedInput, Place

Role = Literal["user", "assistant", "system"]


class Turn(msgspec.Struct, frozen=True):
    """What was said; ``shown`` describes a picture that went with it. ``author`` is "" where the role says it."""

    id: str
    role: Role
    text: str
    author: str = ""
    shown: str = ""
    #: Not part of what a memory is told: a persona that only the benchmark knows.
    is_hidden: bool = False


class Talk(msgspec.Struct, frozen=True):
    """One session, in order; ``at`` is aware, None where the data set tells no time."""

    id: str
    turns: tuple[Turn, ...]
    at: datetime | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question, asked at ``at`` (None: after the last talk).

    Evidence is turn ids and talk ids. Where ``is_answerable`` is false memory holds no answer; evidence may be named all the
    same, for what was said of another.
    """

    id: str
    text: str
    category: str
    evidence: tuple[str, ...] = ()
    talks: tuple[str, ...] = ()
    is_answerable: bool = True
    at: datetime | None = None
    #: For a choice: what may be answered, and which of them is right.
    options: tuple[str, ...] = ()
    right: int | None = None
    #: Ids of evidence that no turn has.
    unresolved: int = 0


class Case(msgspec.Struct, frozen=True):
    """One memory, and what it is asked."""

    id: str
    talks: tuple[Talk, ...]
    questions: tuple[Question, ...]


def evidence_of(case_talks: tuple[Talk, ...], named: list[str]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Of turn ids that a question names: those that are there, the talks they are in, and how many are not there."""
    home = {turn.id: talk.id for talk in case_talks for turn in talk.turns}
    wanted = list(dict.fromkeys(named))
    found = [id for id in wanted if id in home]
    return tuple(found), tuple(dict.fromkeys(home[id] for id in found)), len(wanted) - len(found)


def role_of(told: str) -> Role:
    """A role as the data set tells it; whoever is neither an assistant nor the system is a person."""
    return "assistant" if told == "assistant" else "system" if told == "system" else "user"


def refuse(error: msgspec.ValidationError, place: Place) -> NoReturn:
    """A value of another shape than the data set's, told without its content."""
    what, _, where = str(error).partition(" - at ")
    raise MalformedInput(f"not the shape of this data set: {what.lower()}" + (f" at {where}" if where else ""), place=place)
