"""LongMemEval: an array of questions, each with a chat history of its own; evidence by session, and by turn where marked.

    {"question_id", "question_type", "question", "question_date": "2023/05/20 (Sat) 02:21", "haystack_session_ids": [],
     "haystack_dates": [], "haystack_sessions": [[{"role", "content", "has_answer"?: true}]], "answer_session_ids": []}

A question whose id ends in ``_abs`` has no answer in its history; the sessions that it names are near misses, no evidence.
Files are of hundreds of MB and more: they are read one question at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from satchel.codec import json_values
from satchel.codec.arrays import iter_array
from satchel.codec.sources import Member
from satchel.errors import MalformedInput, Place
from satchel.limits import DEFAULT, Limits
from satchel.recall.evaluation.cases import Case, Question, Talk, Turn, refuse, role_of


class _Turn(msgspec.Struct):
    role: str
    content: str
    has_answer: bool | None = None


class _Instance(msgspec.Struct):
    question_id: str
    question_type: str
    question: str
    haystack_sessions: list[list[_Turn]]
    question_date: str = ""
    haystack_session_ids: list[str] = []
    haystack_dates: list[str] = []
    answer_session_ids: list[str] = []


def read(member: Member, limits: Limits = DEFAULT) -> Iterator[Case]:
    """The cases of a file, one a question, in order.

    Raises:
        MalformedInput, LimitExceeded.
    """
    with member.open() as stream:
        for element in iter_array(stream, file=member.name, limits=limits):
            place = Place(file=member.name, element=element.index)
            try:
                instance = json_values.decode(element.whole(), type=_Instance, place=place, limits=limits)
            except msgspec.ValidationError as error:
                refuse(error, place)
            yield _case(instance, place)


def _case(instance: _Instance, place: Place) -> Case:
    sessions, ids, dates = instance.haystack_sessions, instance.haystack_session_ids, instance.haystack_dates
    ids = ids or [str(number) for number in range(len(sessions))]
    if len(ids) != len(sessions) or (dates and len(dates) != len(sessions)):
        raise MalformedInput("sessions, their ids and their dates are not equally many", place=place)
    talks = []
    evidence = []
    named = set(instance.answer_session_ids)
    met: dict[str, int] = {}
    there = []
    for number, (id, session) in enumerate(zip(ids, sessions, strict=True)):
        # A filler session may stand twice in a history: each time it is a talk of its own.
        met[id] = met.get(id, 0) + 1
        unique = id if met[id] == 1 else f"{id}#{met[id]}"
        turns = tuple(Turn(f"{unique}/{at}", role_of(turn.role), turn.content) for at, turn in enumerate(session))
        talks.append(Talk(unique, turns, _moment(dates[number], place) if dates else None))
        if id in named:
            there.append(unique)
        evidence += [turn.id for turn, said in zip(turns, session, strict=True) if said.has_answer]
    answerable = not instance.question_id.endswith("_abs")
    question = Question(
        id=instance.question_id,
        text=instance.question,
        category=instance.question_type if answerable else "abstention",
        evidence=tuple(evidence) if answerable else (),
        talks=tuple(there) if answerable else (),
        is_answerable=answerable,
        at=_moment(instance.question_date, place),
        unresolved=len(named - set(ids)),
    )
    return Case(instance.question_id, tuple(talks), (question,))


def _moment(told: str, place: Place) -> datetime | None:
    """``2023/05/20 (Sat) 02:21``, with or without weekday and time; the zone is not told, so it is taken for UTC."""
    if not told:
        return None
    words = told.replace("-", "/").split()
    plain = " ".join(word for word in words if not word.startswith("("))
    for form in ("%Y/%m/%d %H:%M", "%Y/%m/%d"):
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise MalformedInput("a date that is none", place=place)
