"""BEAM: a folder for each chat, with the chat in batches and questions by ability that name messages by number.

    N/chat.json            [{"batch_number", "time_anchor", "turns": [[{"role", "id", "content", "time_anchor"?}]]}]
                           or, at 10M tokens, [{"plan-1": [batches]}, …]
    N/chat_trunecated.json takes its place where it is there (the data set's own spelling)
    N/probing_questions/probing_questions.json   {ability: [{"question", "source_chat_ids": numbers in lists or objects}]}

A batch is a talk; its time is the last anchor told so far. What a person says ends in "->-> 1,4", the generator's own mark,
which is taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from satchel.codec import json_values
from satchel.codec.sources import Member
from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits
from satchel.recall.evaluation.cases import Case, Question, Talk, Turn, evidence_of, refuse, role_of

PROBES = "probing_questions/probing_questions.json"
CHATS = ("chat_trunecated.json", "chat.json")
_MARK = re.compile(r"\s*->->\s*[\d,\s]*\Z")


class _Message(msgspec.Struct):
    role: str
    id: int
    content: str
    time_anchor: str | None = None


class _Batch(msgspec.Struct):
    turns: list[list[_Message]]


class _Question(msgspec.Struct):
    question: str
    source_chat_ids: Any = None


def read(members: Sequence[Member], limits: Limits = DEFAULT) -> Iterator[Case]:
    """The cases of a folder: every chat that has questions, in the order of their names.

    Raises:
        MalformedInput: also where questions have no chat.
    """
    files = {member.path: member for member in members}
    for path in sorted(files, key=lambda path: [(len(part), part) for part in path.split("/")]):
        if not path.endswith(PROBES):
            continue
        folder = path.removesuffix(PROBES)
        chat = next((files[folder + name] for name in CHATS if folder + name in files), None)
        if chat is None:
            raise MalformedInput("questions without their chat.json", place=Place(file=files[path].name))
        yield _case(folder.rstrip("/") or "chat", chat, files[path], limits)


def _case(id: str, chat: Member, probes: Member, limits: Limits) -> Case:
    said = _decoded(chat, list[dict[str, Any]], limits)
    asked = _decoded(probes, dict[str, list[_Question]], limits)
    try:
        batches = msgspec.convert(_batches(said), list[_Batch])
    except msgspec.ValidationError as error:
        refuse(error, Place(file=chat.name))
    talks = []
    moment: datetime | None = None
    for number, batch in enumerate(batches, 1):
        messages = [message for group in batch.turns for message in group]
        moment = next((found for message in messages if (found := _moment(message.time_anchor))), moment)
        turns = tuple(Turn(str(message.id), role_of(message.role), _MARK.sub("", message.content)) for message in messages)
        talks.append(Talk(str(number), turns, moment))
    questions = []
    for ability, listed in asked.items():
        for number, question in enumerate(listed):
            named = [str(number) for number in _numbers(question.source_chat_ids)]
            evidence, where, unresolved = evidence_of(tuple(talks), named)
            questions.append(
                Question(
                    id=f"{id}/{ability}/{number}",
                    text=question.question,
                    category=ability,
                    evidence=evidence,
                    talks=where,
                    is_answerable=ability != "abstention",
                    unresolved=unresolved,
                )
            )
    return Case(id, tuple(talks), tuple(questions))


def _decoded(member: Member, type: Any, limits: Limits) -> Any:
    place = Place(file=member.name)
    with member.open() as stream:
        data = stream.read(limits.document_bytes + 1)
    if len(data) > limits.document_bytes:
        raise LimitExceeded(
            f"larger than {limits.document_bytes:,} bytes", place=place, hint="--limit document_bytes=N raises it"
        )
    try:
        return json_values.decode(data, type=type, place=place, limits=limits)
    except msgspec.ValidationError as error:
        refuse(error, place)


def _batches(said: list[dict[str, Any]]) -> list[Any]:
    found: list[Any] = []
    for batch in said:
        if "turns" in batch:
            found.append(batch)
        else:
            for plan in batch.values():
                found += plan if isinstance(plan, list) else []
    return found


def _numbers(value: Any) -> list[int]:
    """The numbers in lists and objects of any depth, in order."""
    if isinstance(value, bool):
        return []
    if isinstance(value, int):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for item in inner for number in _numbers(item)]


def _moment(told: str | None) -> datetime | None:
    """``March-15-2024``; other words are no time."""
    try:
        return datetime.strptime(told or "", "%B-%d-%Y").replace(tzinfo=UTC)
    except ValueError:
        return None
