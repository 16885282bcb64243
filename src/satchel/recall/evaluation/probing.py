"""A probe set put to models: the source with all that memory can give, the target with what a context of a budget holds.

What there is to ask is planned before anything is asked, so that its cost can be shown. Each answer is written down at once
beside the report (beside and renamed, for this user's eyes alone): a run that was cut short goes on where it stopped. Every
context that a model was given is noted in the vault, like any other (``Store.hand_out``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from satchel.errors import MalformedInput, OutputError, Place
from satchel.recall.compression import LOW
from satchel.recall.counting import BYTES
from satchel.recall.evaluation.endpoint import Endpoint
from satchel.recall.evaluation.transfer import Agent, Probes, is_done
from satchel.recall.pipeline import Asked, Context, context
from satchel.trust.files import write_private
from satchel.vault.store import Store
from satchel.vault.values import Handed

Side = Literal["source", "target"]
#: Tokens of one answer at most.
ANSWER_TOKENS = 512
STATE_BYTES = 256 << 20


class Model(msgspec.Struct, frozen=True):
    """A model at an endpoint, and the most tokens of memory that it is given."""

    endpoint: Endpoint
    name: str
    budget: int


class Call(msgspec.Struct, frozen=True):
    """One question to one side. ``key`` names it between runs: model, place, budget, prompt and the records that are given."""

    side: Side
    kind: Literal["task", "question"]
    id: str
    prompt: str
    made: Context
    key: str

    @property
    def tokens(self) -> int:
        """No fewer than are sent and may be answered: bytes stand for tokens."""
        return BYTES.count(self.made.text) + BYTES.count(self.prompt) + ANSWER_TOKENS


class State(msgspec.Struct):
    """What was answered so far, by ``Call.key``; ``at`` is the moment that contexts are made for."""

    at: datetime
    answers: dict[str, str] = {}


def state_file(out: Path) -> Path:
    """Where the answers of an unfinished run are."""
    return out.with_name(out.name + ".state")


def read_state(out: Path, now: datetime) -> State:
    """The unfinished run beside ``out``, or a new one.

    Raises:
        MalformedInput: there is something else.
    """
    path = state_file(out)
    try:
        with path.open("rb") as stream:
            data = stream.read(STATE_BYTES + 1)
    except FileNotFoundError:
        return State(now)
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from error
    try:
        if len(data) <= STATE_BYTES:
            state = msgspec.json.decode(data, type=State)
            if state.at.tzinfo is not None:
                return state
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    raise MalformedInput("this is no state of an evaluation", place=Place(file=str(path)), hint="move it away to begin anew")


def planned(store: Store, probes: Probes, models: dict[Side, Model], at: datetime) -> list[Call]:
    """All that has to be asked, with the contexts for it."""
    calls: list[Call] = []
    for side, model in models.items():
        tasks = [task for task in probes.probe_tasks if getattr(task, f"{side}_success") is None]
        questions = [each for each in probes.probe_questions if getattr(each, f"{side}_response") is None]
        calls += [_call(store, side, "task", task.id, task.prompt, model, at) for task in tasks]
        calls += [_call(store, side, "question", each.id, each.prompt, model, at) for each in questions]
    return calls


def _call(
    store: Store, side: Side, kind: Literal["task", "question"], id: str, prompt: str, model: Model, at: datetime
) -> Call:
    made = context(store, Asked(task=prompt, budget=model.budget, target="gpt"), now=at)
    named = [model.endpoint.url, model.name, model.budget, prompt, [(item.uid, item.form, item.digest) for item in made.given]]
    return Call(side, kind, id, prompt, made, hashlib.sha256(msgspec.json.encode(named)).hexdigest())


def waiting(calls: Sequence[Call], state: State) -> list[Call]:
    """What is yet to be asked, each once though several probes may ask it."""
    return list({call.key: call for call in calls if call.key not in state.answers}.values())


def run(
    store: Store,
    calls: Sequence[Call],
    models: dict[Side, Model],
    state: State,
    out: Path,
    *,
    told: Callable[[int], None] = lambda count: None,  # noqa: ARG005
) -> None:
    """Ask what is waiting; ``told`` gets the count of answers that are there.

    Raises:
        NetworkError, MalformedInput, LimitExceeded: an answer did not come; those before it are kept.
        OutputError: they cannot be written.
    """
    for number, call in enumerate(waiting(calls, state), 1):
        model = models[call.side]
        handed = [Handed(item.uid, item.form, item.digest) for item in call.made.given]
        store.hand_out(handed, reader=model.name, token="", at=datetime.now(UTC), cost=call.made.cost)
        state.answers[call.key] = model.endpoint.ask(model.name, f"{call.made.text}\n{call.prompt}", ANSWER_TOKENS)
        write_private(state_file(out), msgspec.json.encode(state))
        told(number)


def answered(probes: Probes, calls: Sequence[Call], models: dict[Side, Model], state: State) -> Probes:
    """The probe set with what was answered, and with what is known of the two models."""
    tasks = {task.id: task for task in probes.probe_tasks}
    questions = {question.id: question for question in probes.probe_questions}
    for call in calls:
        answer = state.answers[call.key]
        if call.kind == "task":
            task = tasks[call.id]
            tasks[call.id] = msgspec.structs.replace(task, **{f"{call.side}_success": is_done(task, answer)})
        else:
            questions[call.id] = msgspec.structs.replace(questions[call.id], **{f"{call.side}_response": answer})
    agents = {
        f"{side}_agent": Agent(model.name, getattr(probes, f"{side}_agent").model_family) for side, model in models.items()
    }
    config = {
        "token_budget": models["target"].budget,
        "source_token_budget": models["source"].budget,
        "relevance_threshold": LOW,
        "format_style": "structured",
    }
    return msgspec.structs.replace(
        probes,
        probe_tasks=tuple(tasks.values()),
        probe_questions=tuple(questions.values()),
        rehydration_config={**config, **probes.rehydration_config},
        **agents,
    )
