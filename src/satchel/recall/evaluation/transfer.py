"""What a move to another model loses: Transfer Continuity Score and Re-hydration Fidelity (Portable Agent Memory; dossier 9).

    TCS   the target's share of tasks done, after re-hydration, by the source's with its full memory
    RHF   the mean, over questions, of how alike the two answers are, 0 to 1

What they are of is a probe set: a JSON file with ``probe_tasks`` and ``probe_questions``. A task or question that already holds
what came of it (``source_success``, ``source_response`` and the target's) need not be asked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from satchel.codec import json_values
from satchel.errors import InputError, MalformedInput, Place
from satchel.model.times import to_rfc3339
from satchel.recall.evaluation.cases import refuse

Category = Literal["recall", "reasoning", "procedural"]
CATEGORIES: tuple[Category, ...] = ("recall", "reasoning", "procedural")
#: Fewer probes than this tell little.
ENOUGH = 30
Alike = Callable[[str, str], float]
_TOKEN = re.compile(r"[a-z0-9]+")


class Agent(msgspec.Struct, frozen=True):
    name: str = ""
    model_family: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task is done where the answer holds ``expect_substring``, whatever the case; without one it never is."""

    id: str
    prompt: str = ""
    category: Category = "recall"
    expect_substring: str = ""
    source_success: bool | None = None
    target_success: bool | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    prompt: str = ""
    source_response: str | None = None
    target_response: str | None = None


class Probes(msgspec.Struct, frozen=True, kw_only=True):
    """A probe set, and what its file says of the two agents."""

    probe_tasks: tuple[Task, ...] = ()
    probe_questions: tuple[Question, ...] = ()
    source_agent: Agent = Agent()
    target_agent: Agent = Agent()
    artifact_id: str = ""
    rehydration_config: dict[str, Any] = {}

    @property
    def is_answered(self) -> bool:
        """Whether nothing need be asked any more."""
        tasks = all(task.source_success is not None and task.target_success is not None for task in self.probe_tasks)
        return tasks and all(
            question.source_response is not None and question.target_response is not None for question in self.probe_questions
        )


def read_probes(data: bytes, file: str) -> Probes:
    """The probe set of a file.

    Raises:
        MalformedInput: not one; no probes; an id twice; one that must be asked and has no prompt.
    """
    place = Place(file=file)
    try:
        probes: Probes = json_values.decode(data, type=Probes, place=place)
    except msgspec.ValidationError as error:
        refuse(error, place)
    ids = {
        "probe_tasks": [task.id for task in probes.probe_tasks],
        "probe_questions": [each.id for each in probes.probe_questions],
    }
    for name, listed in ids.items():
        if len(set(listed)) != len(listed):
            raise MalformedInput(f"an id stands twice in {name}", place=place)
    asked = [task.prompt for task in probes.probe_tasks if task.source_success is None or task.target_success is None]
    asked += [each.prompt for each in probes.probe_questions if each.source_response is None or each.target_response is None]
    if not all(prompt.strip() for prompt in asked):
        raise MalformedInput("a probe has neither a prompt nor both sides' results", place=place)
    if not probes.probe_tasks and not probes.probe_questions:
        raise MalformedInput("no probes: neither probe_tasks nor probe_questions", place=place)
    return probes


def continuity(source: Sequence[bool], target: Sequence[bool]) -> float:
    """TCS. Both sides' results, task by task.

    Raises:
        InputError: not one result of each side for every task; or the source did none, which leaves nothing to compare with.
    """
    if not source or len(source) != len(target):
        raise InputError("the Transfer Continuity Score needs one result of each side for every task")
    if not any(source):
        raise InputError("the source did none of the tasks, so the Transfer Continuity Score is not defined")
    return sum(target) / sum(source)


def fidelity(pairs: Sequence[tuple[str, str]], alike: Alike | None = None) -> float:
    """RHF of the source's and the target's answers, question by question; ``alike`` is lexical where it is not given.

    Raises:
        InputError: no answers.
    """
    if not pairs:
        raise InputError("Re-hydration Fidelity needs at least one answered question")
    measure = alike or lexical
    return sum(min(1.0, max(0.0, measure(source, target))) for source, target in pairs) / len(pairs)


def lexical(first: str, second: str) -> float:
    """Cosine of the counts of words (``[a-z0-9]+``, small letters); 0 where one has none."""
    counts, others = (Counter(_TOKEN.findall(text.lower())) for text in (first, second))
    length = math.sqrt(sum(count**2 for count in counts.values()) * sum(count**2 for count in others.values()))
    return sum(count * others[word] for word, count in counts.items()) / length if length else 0.0


def continuity_band(value: float) -> str:
    """What a TCS says."""
    if value >= 1.0:
        return "matches or exceeds the source"
    return "minor loss" if value >= 0.8 else "significant loss" if value >= 0.5 else "severe loss"


def fidelity_band(value: float) -> str:
    """What an RHF says."""
    return "high" if value >= 0.9 else "good" if value >= 0.7 else "moderate" if value >= 0.5 else "low"


def is_done(task: Task, answer: str) -> bool:
    """Whether an answer does a task."""
    return bool(task.expect_substring) and task.expect_substring.casefold() in answer.casefold()


def warnings(probes: Probes) -> list[str]:
    """What the figures cannot bear."""
    told = []
    for count, what in ((len(probes.probe_tasks), "tasks"), (len(probes.probe_questions), "questions")):
        if 0 < count < ENOUGH:
            told.append(f"{what}: {count}, and fewer than {ENOUGH} tell little")
    missing = [name for name in CATEGORIES if all(task.category != name for task in probes.probe_tasks)]
    if probes.probe_tasks and missing:
        told.append("no task of " + " or ".join(missing))
    lost = sum(1 for task in probes.probe_tasks if not task.expect_substring and task.target_success is None)
    if lost:
        told.append(f"{lost} tasks expect nothing, so no answer does them")
    wordless = sum(
        1
        for question in probes.probe_questions
        for answer in (question.source_response, question.target_response)
        if answer is not None and answer.strip() and not _TOKEN.search(answer.lower())
    )
    if wordless:
        told.append(f"{wordless} answers have no Latin letter or digit: the lexical measure takes them for nothing alike")
    return told


class Metrics(msgspec.Struct, frozen=True):
    """``tcs`` and ``rhf`` are None where there was nothing to measure them on."""

    tcs: float | None
    rhf: float | None
    probe_task_count: int
    probe_question_count: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report in the protocol's form (9.3)."""

    evaluation_id: str
    source_agent: Agent
    target_agent: Agent
    artifact_id: str
    rehydration_config: dict[str, Any]
    metrics: Metrics
    timestamp: str


def report(probes: Probes, *, at: datetime, number: int = 1) -> Report:
    """The report of a probe set whose results are all there; ``number`` counts the day's evaluations.

    Raises:
        InputError: results are missing, or TCS is not defined.
    """
    if not probes.is_answered:
        raise InputError("not every probe has both sides' results", hint="--endpoint URL --model NAME asks a model")
    tasks, questions = probes.probe_tasks, probes.probe_questions
    done = [bool(task.source_success) for task in tasks], [bool(task.target_success) for task in tasks]
    answers = [(each.source_response or "", each.target_response or "") for each in questions]
    tcs = continuity(*done) if tasks else None
    rhf = fidelity(answers) if questions else None
    return Report(
        evaluation_id=f"eval:{at:%Y-%m-%d}-{number:03}",
        source_agent=probes.source_agent,
        target_agent=probes.target_agent,
        artifact_id=probes.artifact_id,
        rehydration_config=probes.rehydration_config,
        metrics=Metrics(tcs, rhf, len(tasks), len(questions)),
        timestamp=to_rfc3339(at),
    )
