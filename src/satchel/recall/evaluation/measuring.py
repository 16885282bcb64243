"""One case, asked: what retrieval found for each question and what stood in each context, against the evidence.

The user's path throughout: ``retrieval.retrieve`` and ``pipeline.context`` are called as agents' questions call them. Clocks
are of this thread's CPU, retrieval's of the second call of two: an agent's vault is warm. The clock of ``context`` is the last
budget's.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from satchel.model.words import folded, words_of
from satchel.recall import vectors
from satchel.recall.asking import Question as Asking
from satchel.recall.asking import question as asking_of
from satchel.recall.candidates import Policy, kept_out
from satchel.recall.counting import BYTES, Counter
from satchel.recall.embedders import Embedder
from satchel.recall.evaluation.cases import Case, Question
from satchel.recall.evaluation.trial import Loaded, loaded
from satchel.recall.pipeline import Asked, Context, context
from satchel.recall.retrieval import Retrieved, retrieve
from satchel.recall.telling import told

#: How many of a ranking are looked at; evidence below that counts as not found.
RANKED = 64
USUAL = Policy()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured: recall at each of ``ks``, and what stands in a context of each of ``budgets``; with an ``embedder``, by
    its vectors too."""

    ks: tuple[int, ...] = (5, 10)
    budgets: tuple[int, ...] = (2048, 4096, 8192)
    counter: Counter = BYTES
    embedder: Embedder | None = None


class InContext(msgspec.Struct, frozen=True):
    """Shares of a question's evidence that stand in a context: at all, and word for word."""

    standing: float
    whole: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a question. Shares are of its evidence, 0 to 1; empty where no evidence is named.

    ``first`` is 1 / the rank of the first evidence, 0 where none was found. ``covered`` is how much of what was asked the best
    hit holds (each word weighed by its rareness), 0 to 1. ``chosen`` tells whether the right option was the best supported.
    """

    question: Question
    turns: dict[int, float] = {}
    talks: dict[int, float] = {}
    first: float | None = None
    contexts: dict[int, InContext] = {}
    covered: float = 0.0
    hit: bool | None = None
    chosen: bool | None = None
    retrieve_s: float = 0.0
    context_s: float = 0.0


def ask(case: Case, plan: Plan) -> Iterator[Outcome]:
    """The outcome of each of a case's questions, in order. Raises what ``trial.loaded`` and ``pipeline.context`` raise."""
    last = max((talk.at for talk in case.talks if talk.at), default=None) or datetime.now(UTC)
    with loaded(case) as here:
        sense = None
        if plan.embedder is not None:
            vectors.make(here.store, plan.embedder, "")
            sense = vectors.Sense(plan.embedder)
        for question in case.questions:
            yield _outcome(here, question, question.at or last, plan, sense)


def _outcome(here: Loaded, question: Question, now: datetime, plan: Plan, sense: vectors.Sense | None) -> Outcome:
    asking = asking_of(question.text, now)
    retrieve(here.store, asking, most=RANKED, sense=sense)
    began = time.thread_time()
    found = retrieve(here.store, asking, most=RANKED, sense=sense)
    retrieve_s = time.thread_time() - began
    found = [each for each in found if not kept_out(each.record, USUAL, now)]
    turns = [here.turns[each.record.uid] for each in found if each.record.uid in here.turns]
    talks = by_talk(found, here.talks)
    contexts: dict[int, InContext] = {}
    context_s = 0.0
    for budget in plan.budgets:
        began = time.thread_time()
        asked = Asked(task=question.text, budget=budget)
        made = context(here.store, asked, now=now, counter=plan.counter, sense=sense)
        context_s = time.thread_time() - began
        contexts[budget] = _standing(here, question, made)
    evidence, where = set(question.evidence), set(question.talks)
    first = next((1 / rank for rank, id in enumerate(turns, 1) if id in evidence), 0.0) if evidence else None
    return Outcome(
        question=question,
        turns={k: share(evidence, turns[:k]) for k in plan.ks} if evidence else {},
        talks={k: share(where, talks[:k]) for k in plan.ks} if where else {},
        first=first,
        contexts=contexts if evidence else {},
        covered=_covered(here, asking, found[0]) if found else 0.0,
        hit=bool(evidence & set(turns[: max(plan.ks)])) if evidence else None,
        chosen=None if question.right is None else best_option(question.options, found) == question.right,
        retrieve_s=retrieve_s,
        context_s=context_s,
    )


def share(evidence: set[str], found: Sequence[str]) -> float:
    """How much of the evidence was found."""
    return len(evidence & set(found)) / len(evidence)


def by_talk(found: Sequence[Retrieved], talks: dict[str, str]) -> list[str]:
    """Talks by what was found of them, best first: its turns' scores, each weighing half of the one before."""
    scores: defaultdict[str, float] = defaultdict(float)
    weights: defaultdict[str, float] = defaultdict(lambda: 1.0)
    for each in found:
        whole = each.whole or each.record.uid
        if whole in talks:
            scores[whole] += weights[whole] * each.evidence.score
            weights[whole] /= 2
    ranked = sorted(scores, key=lambda uid: (-scores[uid], uid))
    return [talks[uid] for uid in ranked]


def _standing(here: Loaded, question: Question, made: Context) -> InContext:
    evidence = set(question.evidence)
    if not evidence:
        return InContext(0.0, 0.0)
    forms = [(here.turns.get(uid, ""), given.form) for given in made.given for uid in (given.uid, *given.witnesses)]
    whole = [id for id, form in forms if form == "verbatim"]
    return InContext(share(evidence, [id for id, _ in forms]), share(evidence, whole))


def _covered(here: Loaded, asking: Asking, best: Retrieved) -> float:
    parts = here.store.talks().parts or 1
    held = {folded(word) for word in words_of(told(best.record))}
    whole = spoken = 0.0
    for word in asking.words:
        weight = math.log(1 + parts / (1 + here.store.frequency(word.text, prefix=word.is_stem)))
        whole += weight
        if any(each.startswith(word.text) if word.is_stem else each == word.text for each in held):
            spoken += weight
    return spoken / whole if whole else 0.0


def best_option(options: Sequence[str], found: Sequence[Retrieved]) -> int:
    """The option that what was found speaks for: the one with most of the words, of those that not all options have, in it.

    A word counts by the best hit that holds it and by the inverse of how many options have it; a tie goes to the first.
    """
    words = [{folded(word) for word in words_of(option)} for option in options]
    shared = set.intersection(*words) if words else set()
    spoken: dict[str, float] = {}
    for each in found:
        for word in {folded(word) for word in words_of(told(each.record))}:
            spoken[word] = max(spoken.get(word, 0.0), each.evidence.score)
    scores = []
    for option in words:
        telling = option - shared
        total = sum(spoken.get(word, 0.0) / sum(word in other for other in words) for word in telling)
        scores.append(total / math.sqrt(len(telling)) if telling else 0.0)
    return max(range(len(scores)), key=lambda at: (scores[at], -at))
