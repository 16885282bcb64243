"""From a task to a context: verify, filter, rank, compress, format, frame, inject (dossier Portable Agent Memory 6).

Each step is a function of ``stages.Stages``. Records of a vault were verified when they came in; an artifact is, by the import
that brings it here. Every step says what it did: ``Context.given`` and ``Context.held`` tell of each record that was looked at,
``Context.steps`` of each step.
"""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from satchel.errors import UsageError
from satchel.model.record import Record
from satchel.model.text import searchable, statement
from satchel.recall import detectors, marking, naming, summarising
from satchel.recall.asking import Question, question
from satchel.recall.candidates import DETECTED, Policy, block_of, quarantined
from satchel.recall.compression import SCAN_CHARACTERS, Candidate, Compressed, Kept
from satchel.recall.counting import BYTES, Counter
from satchel.recall.detection import detect
from satchel.recall.detectors import Detector
from satchel.recall.folding import shown
from satchel.recall.formats import WRITERS, Format, describe, moment_of
from satchel.recall.framing import BLOCKS, Block, Item, line, new_nonce
from satchel.recall.injection import Target, style_of
from satchel.recall.ranking import Looking
from satchel.recall.relevance import USUAL, Weights
from satchel.recall.stages import USUAL as USUAL_STAGES
from satchel.recall.stages import Stages
from satchel.recall.summarising import Summariser, Summary
from satchel.recall.telling import told
from satchel.recall.vectors import Sense
from satchel.vault.store import Store


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``budget`` is in tokens, the frame included; ``weights`` of the relevance; ``datamark``: mark every word of what is
    recalled (``marking``)."""

    task: str
    budget: int = 4096
    target: Target = "plain"
    policy: Policy = Policy()
    weights: Weights = USUAL
    format: Format = "structured"
    datamark: bool = False


class Given(msgspec.Struct, frozen=True):
    """A record that stands in the context: its block, its form, the SHA-256 of the text that was given, why it is there."""

    uid: str
    block: Block
    form: Literal["verbatim", "extract", "summary"]
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


class Step(msgspec.Struct, frozen=True):
    """What a step did, in words that name no record."""

    name: str
    did: str


class Context(msgspec.Struct, frozen=True):
    """A framed context. ``cost`` is what ``counter`` counts of ``text``, never more than the budget. ``message`` is the text in
    the shape of the family's requests, None where it goes as it is; ``marker`` stands for the spaces in texts, "" for none."""

    text: str
    nonce: str
    place: str
    counter: str
    budget: int
    cost: int
    given: tuple[Given, ...]
    held: tuple[Held, ...]
    counts: dict[str, int]
    steps: tuple[Step, ...] = ()
    marker: str = ""
    message: dict[str, Any] | None = None


def context(
    store: Store,
    asked: Asked,
    *,
    now: datetime,
    counter: Counter = BYTES,
    nonce: str = "",
    sense: Sense | None = None,
    stages: Stages = USUAL_STAGES,
    detector: Detector | None = None,
    summariser: Summariser | None = None,
) -> Context:
    """What an agent gets to see for a task.

    Args:
        now: aware; scores and validity are of this moment.
        nonce: for tests; a new one where it is "".
        sense: the model whose vectors are in use (vectors.in_use); None to go by words alone.
        stages: the steps, where some are not the usual ones.
        detector: flags what looks hostile, besides our patterns.
        summariser: sums up what did not fit, by a model elsewhere.

    Raises:
        UsageError: the budget does not hold the frame alone; a replaced step gave a line that is none.
        SatchelError: the detector failed.
    """
    asking = question(asked.task, now)
    style = style_of(asked.target)
    held: list[Held] = []
    # What is looked at to choose is not handed out yet: a token for so many entries counts what is given.
    seen = store.look()
    candidates = _candidates(seen, asking, asked, now, stages, detector, held, sense)
    marker = marking.new_marker(told(candidate.record) for candidate in candidates) if asked.datamark else ""
    write = _writer(stages.format or WRITERS[asked.format], marker)
    nonce = nonce or new_nonce()
    more = marking.directive(marker)

    def frame(*blocks: tuple[Block, Sequence[str]]) -> str:
        return stages.frame(blocks, nonce, style, more)

    least = counter.count(frame(("summary", [_counted(_MOST_COUNTS)])))
    if asked.budget < least:
        raise UsageError(
            f"a budget of {asked.budget} does not hold the frame itself ({least} {counter.name})",
            hint="raise --budget, or count exactly with --tokenizer",
        )
    bare = frame()

    def compressed(room: int) -> Compressed:
        return stages.compress(
            candidates,
            asking,
            room,
            counter,
            describe=lambda candidate, text, is_cut: write(describe(candidate, text, is_cut)),
            markers=lambda name: frame((name, ()))[len(bare) :] + "\n",
        )

    done = compressed(asked.budget - least)
    summary = None
    if summariser is not None and any(reason == "budget" for _, reason in done.left):
        done, summary = _summed_up(done, compressed, asking, asked.budget - least, counter, summariser, write, frame)
    held += [Held(candidate.record.uid, reason) for candidate, reason in done.left]
    kept = _handed_out(store, seen, done.kept, held)
    summed = [] if summary is None or summary.failure else [source.record.uid for source in summary.sources]
    while True:
        counts = _counts(kept, held, summed)
        said: list[tuple[Block, Sequence[str]]] = []
        if summary is not None and summed and summariser is not None:
            said.append(("summary", [write(summarising.item(summary, summariser.model))]))
        text = frame(*_blocks(kept), *said, ("summary", [_counted(counts)]))
        cost = counter.count(text)
        if cost <= asked.budget or not (kept or summed):
            break
        # A tokenizer may make more of the whole than of its lines.
        if kept:
            held.append(Held(kept.pop().candidate.record.uid, "budget"))
        else:
            summed = []
    given = [_given(item, item.text, "extract" if item.is_cut else "verbatim") for item in kept]
    if summary is not None and summed:
        given += [_given(source, summary.text, "summary") for source in summary.sources]
        held = [each for each in held if each.uid not in summed]
    placed = stages.inject(text, asked.target)
    steps = _steps(asked, kept, held, counts, summary, detector, bool(stages.format), marker, placed.place, style)
    return Context(
        text,
        nonce,
        placed.place,
        counter.name,
        asked.budget,
        cost,
        tuple(given),
        tuple(held),
        counts,
        steps,
        marker,
        placed.message,
    )


def _candidates(
    store: Store,
    asking: Question,
    asked: Asked,
    now: datetime,
    stages: Stages,
    detector: Detector | None,
    held: list[Held],
    sense: Sense | None,
) -> list[Candidate]:
    """What may go in, the most relevant first."""
    met_out: dict[str, str] = {}

    def may(record: Record) -> bool:
        # Asked while reading: what may not stand in a context must not crowd out what may.
        reason = "unverified" if stages.verify(record) else stages.filter(record, asked.policy, now)
        if not reason and store.is_distrusted(record.uid):
            reason = "distrusted"
        if reason:
            met_out[record.uid] = reason
        return not reason

    ranked = [each for each in stages.rank(Looking(store, asking, asked.weights, now, may, sense)) if may(each.record)]
    held += [Held(uid, reason) for uid, reason in met_out.items()]
    texts = [shown(told(each.record)[:SCAN_CHARACTERS]) for each in ranked]
    flags = detectors.flagged(detector, texts) if detector else [False] * len(texts)
    found: list[Candidate] = []
    for each, text, is_flagged in zip(ranked, texts, flags, strict=True):
        seen = detect(text)
        if is_flagged and detector:
            seen = msgspec.structs.replace(seen, orders=(*seen.orders, f"{DETECTED}{detector.name}"))
        place = block_of(each.record)
        families = quarantined(each.record, place, seen)
        if families:
            held.append(Held(each.record.uid, "quarantined", families))
            continue
        labels = dict.fromkeys((*seen.structure, *seen.orders, *naming.families(each.record)))
        found.append(Candidate(each.record, place, each.scores, (), tuple(labels)))
    found.sort(key=lambda candidate: (-candidate.scores.relevance, BLOCKS.index(candidate.block), candidate.record.uid))
    return _once(found, held)


def _writer(write: Callable[[Item], str], marker: str) -> Callable[[Item], str]:
    """The step ``format``, its text marked; what it gives must be one line."""

    def written(item: Item) -> str:
        members = dict(item.members)
        if isinstance(text := members.get("text"), str):
            members["text"] = marking.marked(shown(text), marker)
        made = write(msgspec.structs.replace(item, members=members))
        if len(made.splitlines()) != 1 or made[:1] in ("[", "<"):
            raise UsageError("the step format gave something else than one line that begins no marker")
        return made

    return written


def _summed_up(
    done: Compressed,
    compressed: Callable[[int], Compressed],
    asking: Question,
    room: int,
    counter: Counter,
    summariser: Summariser,
    write: Callable[[Item], str],
    frame: Callable[..., str],
) -> tuple[Compressed, Summary | None]:
    """With a summary of what does not fit beside it; as it was where there is none."""
    share = int(room * summarising.SHARE)
    smaller = compressed(room - share)
    left = [candidate for candidate, reason in smaller.left if reason == "budget"]
    if not left:
        return done, None
    # What the line takes without its text is charged too, a third at most for the ids of its sources.
    left = left[: max(1, min(summarising.SOURCES_MOST, share // 3 // counter.count('"0123456789ab",')))]
    ids = summarising.Summary("", tuple(left), "untrusted")
    empty = counter.count(frame(("summary", [write(summarising.item(ids, summariser.model))]))) - counter.count(frame())
    if share - empty < summarising.LEAST:
        return done, msgspec.structs.replace(ids, failure="the budget leaves no room for one")
    made = summarising.summarise(left, asking, summariser, min(summarising.MOST_CHARACTERS, share - empty))
    if made.failure:
        return done, made
    cost = counter.count(frame(("summary", [write(summarising.item(made, summariser.model))]))) - counter.count(frame())
    if cost > share:
        return done, msgspec.structs.replace(made, failure="the summary does not fit")
    return smaller, made


def _handed_out(store: Store, seen: Store, kept: Sequence[Kept], held: list[Held]) -> list[Kept]:
    """What of it a token for so many entries lets out, best first. Of the others, nothing is told."""
    if seen is store:
        return list(kept)
    held.clear()
    return [
        msgspec.structs.replace(item, candidate=msgspec.structs.replace(item.candidate, witnesses=()))
        for item in kept
        if store.get(item.candidate.record.uid) is not None
    ]


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


def _blocks(kept: Iterable[Kept]) -> list[tuple[Block, Sequence[str]]]:
    lines: dict[Block, list[Kept]] = {}
    for item in kept:
        lines.setdefault(item.candidate.block, []).append(item)
    # What happened is told in its order, a talk in one piece; the rest by weight.
    begun: dict[str, str] = {}
    for item in lines.get("episodic", []):
        begun[_whole(item)] = min(begun.get(_whole(item), "~"), moment_of(item.candidate.record) or "~")
    lines.get("episodic", []).sort(key=lambda item: (begun[_whole(item)], _whole(item), _place(item)))
    return [(name, [item.line for item in lines[name]]) for name in BLOCKS if name in lines]


def _whole(item: Kept) -> str:
    record = item.candidate.record
    return record.linked("part_of") or record.uid


def _place(item: Kept) -> tuple[int, str]:
    record = item.candidate.record
    return getattr(record.body, "position", 0) or 0, record.uid


_MOST_COUNTS = {"given": 10**6, "summarised": 10**6, "left_out": 10**6, "quarantined": 10**6, "held_back": 10**6}


def _counts(kept: Sequence[Kept], held: Sequence[Held], summed: Sequence[str]) -> dict[str, int]:
    reasons = Tally(item.reason for item in held if item.uid not in summed)
    left = reasons.pop("budget", 0) + reasons.pop("low", 0)
    reasons.pop("duplicate", 0)
    quarantined_ = reasons.pop("quarantined", 0) + reasons.pop("distrusted", 0)
    reasons.pop("unauthorised", 0)
    counts = {"given": len(kept), "left_out": left, "quarantined": quarantined_, "held_back": reasons.total()}
    return counts | {"summarised": len(summed)} if summed else counts


def _counted(counts: dict[str, int]) -> str:
    """What was counted and is not shown, so that an empty context does not read like an empty memory."""
    told: dict[str, str | int | float | bool | list[str]] = dict(counts)
    return line(Item(told))


def _given(kept: Kept | Candidate, text: str, form: Literal["verbatim", "extract", "summary"]) -> Given:
    candidate = kept.candidate if isinstance(kept, Kept) else kept
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
        form,
        hashlib.sha256(shown(text).encode()).hexdigest(),
        found.relevance,
        said,
        candidate.witnesses,
        candidate.labels,
    )


def _steps(
    asked: Asked,
    kept: Sequence[Kept],
    held: Sequence[Held],
    counts: dict[str, int],
    summary: Summary | None,
    detector: Detector | None,
    is_own_format: bool,
    marker: str,
    place: str,
    style: str,
) -> tuple[Step, ...]:
    reasons = Tally(item.reason for item in held)
    stayed = {
        name: count for name, count in sorted(reasons.items()) if name not in ("budget", "low", "duplicate", "unverified")
    }
    whole = sum(not item.is_cut for item in kept)
    squeezed = f"{whole} whole, {len(kept) - whole} as an extract, {counts['left_out']} left out"
    if summary is not None:
        squeezed += f", no summary: {summary.failure}" if summary.failure else f", {len(summary.sources)} summed up by a model"
    weights = asked.weights
    return (
        Step("verify", f"records were checked at the vault's door; {reasons['unverified']} are not what came in"),
        Step("filter", ", ".join(f"{count} {name}" for name, count in stayed.items()) or "nothing left out"),
        Step(
            "rank",
            f"{weights.recency:g} recency, {weights.salience:g} salience, {weights.similarity:g} similarity, {weights.depth:g}"
            f" depth; {reasons['duplicate']} said the same" + (f"; detector {detector.name}" if detector else ""),
        ),
        Step("compress", squeezed),
        Step("format", "the caller's own" if is_own_format else asked.format),
        Step("frame", style + (f", spaces marked by U+{ord(marker):04X}" if marker else "")),
        Step("inject", place),
    )
