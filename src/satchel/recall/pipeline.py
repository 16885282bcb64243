"""From a task to a context: verify, filter, rank, compress, format, frame, inject (dossier Portable Agent Memory 6).

Records of a vault were verified when they came in; an artifact is, by the import that brings it here. Every step says what it
did: ``Context.given`` and ``Context.held`` tell of each record that was looked at.
"""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from satchel.errors import UsageError
from satchel.model.bodies import Memory, Message, Relation
from satchel.model.record import Record
from satchel.model.text import searchable, statement
from satchel.model.times import to_rfc3339
from satchel.recall.asking import Question, question
from satchel.recall.candidates import Policy, block_of, held_back, quarantined
from satchel.recall.compression import SCAN_CHARACTERS, Candidate, Kept, compress
from satchel.recall.counting import BYTES, Counter
from satchel.recall.detection import detect
from satchel.recall.folding import shown
from satchel.recall.framing import BLOCKS, Block, Item, Style, block, line, new_nonce, opening
from satchel.recall.relevance import USUAL, Weights, scores
from satchel.recall.retrieval import retrieve
from satchel.recall.telling import told
from satchel.recall.vectors import Sense
from satchel.vault.store import Store

Target = Literal["plain", "claude", "gpt", "gemini", "llama"]
#: Where the context goes in each family's prompt: after the system prompt, before what a person says; never with the system's
#: authority (dossier 6.10).
PLACES: dict[Target, str] = {
    "plain": "after your instructions, before the conversation",
    "claude": "the first text block of the first user turn; leave `system` as it is",
    "gpt": "a message of its own with the role user, right after the system or developer message",
    "gemini": "the first item of `contents`, role user; leave `systemInstruction` as it is",
    "llama": "a user turn of its own after the system turn, encoded with special-token parsing off",
}
#: Records that stand by a person whatever the task, looked at besides those that speak of it.
STANDING = ("instruction", "profile")
STANDING_MOST = 32


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``budget`` is in tokens, the frame included; ``weights`` of the relevance."""

    task: str
    budget: int = 4096
    target: Target = "plain"
    policy: Policy = Policy()
    weights: Weights = USUAL


class Given(msgspec.Struct, frozen=True):
    """A record that stands in the context: its block, its form, the SHA-256 of the text that was given, why it is there."""

    uid: str
    block: Block
    form: Literal["verbatim", "extract"]
    digest: str
    relevance: float
    scores: dict[str, float]
    witnesses: tuple[str, ...]
    labels: tuple[str, ...]


class Held(msgspec.Struct, frozen=True):
    """A record that was looked at and does not stand in the context, and why."""

    uid: str
    reason: str
    families: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True):
    """A framed context. ``cost`` is what ``counter`` counts of ``text``, never more than the budget."""

    text: str
    nonce: str
    place: str
    counter: str
    budget: int
    cost: int
    given: tuple[Given, ...]
    held: tuple[Held, ...]
    counts: dict[str, int]


def context(
    store: Store, asked: Asked, *, now: datetime, counter: Counter = BYTES, nonce: str = "", sense: Sense | None = None
) -> Context:
    """What an agent gets to see for a task.

    Args:
        now: aware; scores and validity are of this moment.
        sense: the model whose vectors are in use (vectors.in_use); None to go by words alone.
        nonce: for tests; a new one where it is "".

    Raises:
        UsageError: the budget does not hold the frame alone.
    """
    asking = question(asked.task, now)
    style: Style = "tags" if asked.target == "claude" else "markers"
    held: list[Held] = []
    candidates = _ranked(store, asking, asked, now, held, sense)
    nonce = nonce or new_nonce()
    head = opening(nonce, style)
    room = asked.budget - counter.count(head) - counter.count(_summary(_MOST_COUNTS, nonce, style))
    if room < 0:
        raise UsageError(
            f"a budget of {asked.budget} does not hold the frame itself ({asked.budget - room} {counter.name})",
            hint="raise --budget, or count exactly with --tokenizer",
        )
    done = compress(
        candidates,
        asking,
        room,
        counter,
        describe=_item,
        markers=lambda name: block(name, (), nonce, style) + "\n",
    )
    held += [Held(candidate.record.uid, reason) for candidate, reason in done.left]
    kept = list(done.kept)
    while True:
        counts = _counts(kept, held)
        text = head + _blocks(kept, nonce, style) + _summary(counts, nonce, style)
        cost = counter.count(text)
        if cost <= asked.budget or not kept:
            break
        # A tokenizer may make more of the whole than of its lines.
        held.append(Held(kept.pop().candidate.record.uid, "budget"))
    given = tuple(_given(item) for item in kept)
    return Context(text, nonce, PLACES[asked.target], counter.name, asked.budget, cost, given, tuple(held), counts)


def _ranked(
    store: Store, asking: Question, asked: Asked, now: datetime, held: list[Held], sense: Sense | None
) -> list[Candidate]:
    """What may go in, the most relevant first."""
    met_out: dict[str, str] = {}

    def may(record: Record) -> bool:
        # Asked while reading: what may not stand in a context must not crowd out what may.
        reason = held_back(record, asked.policy, now)
        if reason:
            met_out[record.uid] = reason
        return not reason

    found = retrieve(store, asking, may=may, sense=sense) if asking.words else []
    held += [Held(uid, reason) for uid, reason in met_out.items()]
    best = max((result.evidence.total for result in found), default=0.0) or 1.0
    speaking = [(result.record, result.evidence.total / best) for result in found]
    cosines = {result.record.uid: result.evidence.cosine for result in found}
    met = cosines.keys()
    standing = [record for record in _standing(store) if record.uid not in met]
    ranked: list[Candidate] = []
    for record, similarity in [*speaking, *((record, 0.0) for record in standing)]:
        reason = "" if record.uid in met else held_back(record, asked.policy, now)
        if reason:
            if record.uid not in met_out:
                held.append(Held(record.uid, reason))
            continue
        place = block_of(record)
        seen = detect(shown(told(record)[:SCAN_CHARACTERS]))
        families = quarantined(record, place, seen)
        if families:
            held.append(Held(record.uid, "quarantined", families))
            continue
        score = scores(record, similarity if asking.words else None, _depth(record), now, asked.weights)
        score = msgspec.structs.replace(score, cosine=cosines.get(record.uid))
        ranked.append(Candidate(record, place, score, (), (*seen.structure, *seen.orders)))
    ranked.sort(key=lambda candidate: (-candidate.scores.relevance, BLOCKS.index(candidate.block), candidate.record.uid))
    return _once(ranked, held)


def _standing(store: Store) -> list[Record]:
    return [record for _, record in zip(range(STANDING_MOST), store.records(*STANDING), strict=False)]


def _depth(record: Record) -> int:
    return 1 if any(link.type in ("derived_from", "evidence") for link in record.links) else 0


def _once(ranked: Iterable[Candidate], held: list[Held]) -> list[Candidate]:
    """Each statement once, with its other witnesses."""
    first: dict[bytes, int] = {}
    kept: list[Candidate] = []
    for candidate in ranked:
        key = statement(candidate.record, *searchable(candidate.record))
        if key and key in first:
            place = first[key]
            before = kept[place]
            kept[place] = msgspec.structs.replace(before, witnesses=(*before.witnesses, candidate.record.uid))
            held.append(Held(candidate.record.uid, "duplicate"))
            continue
        if key:
            first[key] = len(kept)
        kept.append(candidate)
    return kept


def _item(candidate: Candidate, text: str, is_cut: bool) -> Item:
    record = candidate.record
    members: dict[str, str | int | float | bool | list[str]] = {"text": text}
    body = record.body
    if isinstance(body, Message):
        members["by"] = body.author or body.role
    elif isinstance(body, Memory | Relation) and body.confidence is not None and body.confidence < 0.5:
        members["uncertain"] = True
    if moment := _moment(record):
        members["at"] = moment[:10]
    if record.provenance.platform:
        members["source"] = record.provenance.platform
    members["trust"] = record.trust
    if is_cut:
        members["cut"] = True
    if candidate.labels:
        members["reads_like"] = list(candidate.labels)
    members["id"] = record.uid[:12]
    return Item(members)


def _blocks(kept: Iterable[Kept], nonce: str, style: Style) -> str:
    lines: dict[Block, list[Kept]] = {}
    for item in kept:
        lines.setdefault(item.candidate.block, []).append(item)
    # What happened is told in its order, a talk in one piece; the rest by weight.
    begun: dict[str, str] = {}
    for item in lines.get("episodic", []):
        begun[_whole(item)] = min(begun.get(_whole(item), "~"), _moment(item.candidate.record) or "~")
    lines.get("episodic", []).sort(key=lambda item: (begun[_whole(item)], _whole(item), _place(item)))
    return "".join(block(name, [item.line for item in lines[name]], nonce, style) for name in BLOCKS if name in lines)


def _whole(item: Kept) -> str:
    record = item.candidate.record
    return record.linked("part_of") or record.uid


def _place(item: Kept) -> tuple[int, str]:
    record = item.candidate.record
    return getattr(record.body, "position", 0) or 0, record.uid


def _moment(record: Record) -> str:
    moment = record.times.created or record.times.observed or record.times.updated
    return "" if moment is None else to_rfc3339(moment)


_MOST_COUNTS = {"given": 10**6, "left_out": 10**6, "quarantined": 10**6, "held_back": 10**6}


def _counts(kept: list[Kept], held: list[Held]) -> dict[str, int]:
    reasons = Tally(item.reason for item in held)
    left = reasons.pop("budget", 0) + reasons.pop("low", 0)
    reasons.pop("duplicate", 0)
    quarantined_ = reasons.pop("quarantined", 0)
    reasons.pop("unauthorised", 0)
    return {"given": len(kept), "left_out": left, "quarantined": quarantined_, "held_back": reasons.total()}


def _summary(counts: dict[str, int], nonce: str, style: Style) -> str:
    """What was counted and is not shown, so that an empty context does not read like an empty memory."""
    told: dict[str, str | int | float | bool | list[str]] = dict(counts)
    return block("summary", [line(Item(told))], nonce, style)


def _given(kept: Kept) -> Given:
    candidate = kept.candidate
    found = candidate.scores
    said = {"salience": found.salience, "depth": found.depth}
    said |= {
        name: value
        for name, value in (("recency", found.recency), ("similarity", found.similarity), ("cosine", found.cosine))
        if value is not None
    }
    return Given(
        candidate.record.uid,
        candidate.block,
        "extract" if kept.is_cut else "verbatim",
        hashlib.sha256(shown(kept.text).encode()).hexdigest(),
        found.relevance,
        said,
        candidate.witnesses,
        candidate.labels,
    )
