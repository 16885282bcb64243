"""LoCoMo: one array of long conversations between two people, in sessions, with questions that name their evidence by turn.

    {"sample_id", "conversation": {"speaker_a", "session_1": [{"speaker", "dia_id", "text", "blip_caption"?}],
     "session_1_date_time": "1:56 pm on 8 May, 2023", …}, "qa": [{"question", "category", "evidence": ["D1:3", …]}]}

Evidence is written by hand: "D8:6; D9:17" names two turns. Category 5 asks what was said of somebody else: its evidence is
where that stands, and no answer is right. Data: CC BY-NC, not shipped (dossier landscape 4.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.codec import json_values
from satchel.codec.arrays import iter_array
from satchel.codec.sources import Member
from satchel.errors import MalformedInput, Place
from satchel.limits import DEFAULT, Limits
from satchel.recall.evaluation.cases import Case, Question, Talk, Turn, evidence_of, refuse

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
_SESSION = re.compile(r"session_(\d{1,6})")
_TURN_ID = re.compile(r"D\d+:\d+")


class _Turn(msgspec.Struct):
    speaker: str
    dia_id: str
    text: str = ""
    blip_caption: str | None = None


class _Question(msgspec.Struct):
    question: str
    category: int
    evidence: list[str] = []


class _Sample(msgspec.Struct):
    conversation: dict[str, Any]
    qa: list[_Question]
    sample_id: str = ""


def read(member: Member, limits: Limits = DEFAULT) -> Iterator[Case]:
    """The cases of a file, in order.

    Raises:
        MalformedInput, LimitExceeded.
    """
    with member.open() as stream:
        for element in iter_array(stream, file=member.name, limits=limits):
            place = Place(file=member.name, element=element.index)
            try:
                sample = json_values.decode(element.whole(), type=_Sample, place=place, limits=limits)
                yield _case(sample, sample.sample_id or str(element.index), place)
            except msgspec.ValidationError as error:
                refuse(error, place)


def _case(sample: _Sample, id: str, place: Place) -> Case:
    numbered = sorted(
        (int(match[1]), name)
        for name, value in sample.conversation.items()
        if (match := _SESSION.fullmatch(name)) and isinstance(value, list)
    )
    talks = tuple(_talk(sample.conversation, name, place) for _, name in numbered)
    if not talks:
        raise MalformedInput("a sample without a session", place=place)
    questions = []
    for number, asked in enumerate(sample.qa):
        named = [found for text in asked.evidence for found in _TURN_ID.findall(text) or [text]]
        evidence, where, unresolved = evidence_of(talks, named)
        questions.append(
            Question(
                id=f"{id}/{number}",
                text=asked.question,
                category=CATEGORIES.get(asked.category, str(asked.category)),
                evidence=evidence,
                talks=where,
                is_answerable=bool(asked.evidence) and asked.category != 5,
                unresolved=unresolved,
            )
        )
    return Case(id, talks, tuple(questions))


def _talk(conversation: dict[str, Any], name: str, place: Place) -> Talk:
    turns = tuple(
        Turn(turn.dia_id, "user", turn.text, turn.speaker, turn.blip_caption or "")
        for turn in msgspec.convert(conversation[name], list[_Turn])
    )
    return Talk(name, turns, _moment(conversation.get(f"{name}_date_time"), place))


def _moment(told: Any, place: Place) -> datetime | None:
    """``1:56 pm on 8 May, 2023``; the zone is not told, so it is taken for UTC."""
    if not told:
        return None
    try:
        return datetime.strptime(str(told).strip(), "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
    except ValueError:
        raise MalformedInput("a session's date that is none", place=place) from None
