"""PersonaMem: a table of questions with four answers each, and the long contexts that they are asked in.

    questions_32k.csv        question_id, question_type, user_question_or_message, correct_answer "(c)", all_options
                             ["(a) …", …], shared_context_id, end_index_in_shared_context
    shared_contexts_32k.jsonl   a line each: {shared_context_id: [{"role", "content"}]}

Only what stands before ``end_index_in_shared_context`` is known when a question is asked, so questions of one context that end
elsewhere are cases of their own. A ``system`` line begins a session; it holds the persona that a memory is to find out, and is
kept hidden. No evidence is named: what can be measured without a judge is which answer the recalled context speaks for.
"""

from __future__ import annotations

import ast
import csv
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec

from satchel.codec import json_values
from satchel.codec.sources import Member
from satchel.errors import LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits
from satchel.recall.evaluation.cases import Case, Question, Talk, Turn, refuse, role_of

QUESTIONS = re.compile(r"(?:.*/)?questions(?:_(\w+))?\.csv")
#: Real ones have some hundreds; they are read as a Python list, as the data set writes them.
OPTIONS_CHARACTERS = 64 << 10
_COLUMNS = frozenset(
    {
        "question_id",
        "question_type",
        "user_question_or_message",
        "correct_answer",
        "all_options",
        "shared_context_id",
        "end_index_in_shared_context",
    }
)
_LETTER = re.compile(r"\s*\(?([a-z])\)?")
_OPTION = re.compile(r"\s*\([a-z]\)\s*")


class _Turn(msgspec.Struct):
    role: str
    content: str


def read(members: Sequence[Member], limits: Limits = DEFAULT) -> Iterator[Case]:
    """The cases of a folder, one for each context and place in it.

    Raises:
        MalformedInput, LimitExceeded.
    """
    files = {member.path: member for member in members}
    for path in sorted(files):
        match = QUESTIONS.fullmatch(path)
        if match is None:
            continue
        folder, _, rest = path.rpartition("questions")
        beside = f"{folder}shared_contexts{rest.removesuffix('.csv')}.jsonl"
        if beside not in files:
            raise MalformedInput(f"questions without {beside.rpartition('/')[2]} beside them", place=Place(file=path))
        asked = _questions(files[path], limits)
        yield from _cases(asked, files[beside], limits)


def _questions(member: Member, limits: Limits) -> dict[str, dict[int, list[Question]]]:
    """By context and by how much of it is known."""
    found: dict[str, dict[int, list[Question]]] = {}
    with member.open() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        try:
            rows = csv.DictReader(text)
            missing = _COLUMNS - set(rows.fieldnames or ())
            if missing:
                raise MalformedInput(f"the table has no column {min(missing)}", place=Place(file=member.name))
            for number, row in enumerate(rows):
                place = Place(file=member.name, element=number)
                if number >= limits.array_elements:
                    raise LimitExceeded(f"more than {limits.array_elements:,} questions", place=place)
                known, question = _question(row, place)
                found.setdefault(row["shared_context_id"], {}).setdefault(known, []).append(question)
        except (csv.Error, UnicodeDecodeError) as error:
            raise MalformedInput("not a table in UTF-8", place=Place(file=member.name)) from error
    return found


def _question(row: dict[str, Any], place: Place) -> tuple[int, Question]:
    try:
        if any(row[name] is None for name in _COLUMNS):
            raise ValueError
        known = int(row["end_index_in_shared_context"])
        with warnings.catch_warnings():
            # An option may hold what is no escape in Python; that is no fault of it.
            warnings.simplefilter("ignore")
            listed = ast.literal_eval(row["all_options"]) if len(row["all_options"]) <= OPTIONS_CHARACTERS else None
        letter = _LETTER.match(row["correct_answer"])
        if known < 0 or letter is None or not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise ValueError
        right = "abcdefghijklmnopqrstuvwxyz".index(letter[1])
        if right >= len(listed):
            raise ValueError
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise MalformedInput("a question's options, answer or place cannot be read", place=place) from None
    return known, Question(
        id=row["question_id"],
        text=row["user_question_or_message"],
        category=row["question_type"],
        options=tuple(_OPTION.sub("", text, count=1) for text in listed),
        right=right,
    )


def _cases(asked: dict[str, dict[int, list[Question]]], member: Member, limits: Limits) -> Iterator[Case]:
    met: set[str] = set()
    with member.open() as stream:
        for number, data in enumerate(_lines(stream, member, limits)):
            place = Place(file=member.name, element=number)
            try:
                contexts = json_values.decode(data, type=dict[str, list[_Turn]], place=place, limits=limits)
            except msgspec.ValidationError as error:
                refuse(error, place)
            for id, turns in contexts.items():
                met.add(id)
                for known, questions in sorted(asked.get(id, {}).items()):
                    if known > len(turns):
                        raise MalformedInput("a question is asked behind the end of its context", place=place)
                    yield Case(f"{id}@{known}", _talks(turns[:known]), tuple(questions))
    if asked.keys() - met:
        raise MalformedInput("questions name a context that is not there", place=Place(file=member.name))


def _lines(stream: BinaryIO, member: Member, limits: Limits) -> Iterator[bytes]:
    while data := stream.readline(limits.element_bytes + 1):
        if len(data) > limits.element_bytes:
            raise LimitExceeded(
                f"a line is longer than {limits.element_bytes:,} bytes",
                place=Place(file=member.name),
                hint="--limit element_bytes=N raises it",
            )
        if data.strip():
            yield data


def _talks(turns: Sequence[_Turn]) -> tuple[Talk, ...]:
    talks: list[list[Turn]] = []
    for at, turn in enumerate(turns):
        if turn.role == "system" or not talks:
            talks.append([])
        hidden = turn.role == "system"
        talks[-1].append(Turn(str(at), role_of(turn.role), turn.content, is_hidden=hidden))
    return tuple(Talk(str(number), tuple(talk)) for number, talk in enumerate(talks))
