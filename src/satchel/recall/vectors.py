"""Vectors of a vault's records: made bit by bit, taken up again where they were left, and in use when all are there.

A record's text is cut to passages, and each has a vector of its own: a model reads some hundred words, and what is said in the
middle of a document is not lost in the mean of it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from satchel.errors import InputError
from satchel.limits import DEFAULT, Limits
from satchel.recall.telling import told
from satchel.vault.values import Near, VectorModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from satchel.recall.embedders import Embedder
    from satchel.vault.store import Store

#: Changes with whatever decides what of a record is embedded.
VERSION = 1
#: A passage in UTF-8: some 250 tokens of English, which the usual small models read whole.
PASSAGE_BYTES = 1000
#: Passages that are embedded and kept at once: what is lost where it is killed.
KEPT_PASSAGES = 256
_PAGE = 256
#: Where a passage may end, the best places first: a blank line, a line, a sentence, a word.
_ENDS = tuple(re.compile(pattern) for pattern in (r"\n\s*\n", r"\n", r"[.!?…。！？][\"')\]”’»]*\s*", r"\s"))


class Sense:
    """An embedder, and ``digest``, under which the vault holds its vectors: of the model and of how texts are cut."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.digest = hashlib.sha256(f"satchel vectors {VERSION} {embedder.digest}".encode()).hexdigest()
        self._asked: tuple[str, NDArray[np.float32]] | None = None

    @property
    def is_lexical(self) -> bool:
        """See Embedder.is_lexical."""
        return self.embedder.is_lexical

    def of_question(self, text: str) -> NDArray[np.float32]:
        """The vector of a question: of its beginning, as much as a passage holds. The last one is remembered."""
        if self._asked is None or self._asked[0] != text:
            (vector,) = self.embedder.embed([next(passages(text), "")], is_question=True)
            self._asked = (text, vector)
        return self._asked[1]

    def nearest(self, store: Store, question: str, most: int, *, also: Collection[int] = ()) -> list[Near]:
        """As Store.nearest."""
        return store.nearest(self.digest, self.of_question(question), most, also=also)


class Plan(msgspec.Struct, frozen=True):
    """What is still to be embedded."""

    records: int
    passages: int
    bytes: int


class Made(msgspec.Struct, frozen=True):
    """How far it is: of ``records`` in the vault, ``done`` were looked at. ``in_use``: all were, and the model answers."""

    done: int
    records: int
    in_use: bool


def passages(text: str) -> Iterator[str]:
    """``text`` in pieces of at most ``PASSAGE_BYTES``, cut where it can be read on best; none of white space alone."""
    start = 0
    while start < len(text):
        end = _end(text, start)
        if piece := text[start:end].strip():
            yield piece
        start = end


def _end(text: str, start: int) -> int:
    piece = text[start : start + PASSAGE_BYTES]
    fitting = len(piece.encode("utf-8", "replace")[:PASSAGE_BYTES].decode("utf-8", "ignore"))
    if start + fitting >= len(text):
        return len(text)
    for pattern in _ENDS:
        # In the second half, or the pieces would become too small to say anything.
        ends = [match.end() for match in pattern.finditer(piece, fitting // 2, fitting)]
        if ends:
            return start + ends[-1]
    return start + max(1, fitting)


def in_use(store: Store) -> Sense | None:
    """The model that answers, opened from where it was when its vectors were made; None where the vault has no vectors.

    Raises:
        InputError: it is not there any more, or is another one now.
        UsageError, NetworkError, MalformedInput: as sources.opened.
    """
    from satchel.recall.embedders.sources import opened, read_place

    model = next((model for model in store.vector_models() if model.in_use), None)
    if model is None:
        return None
    sense = Sense(opened(read_place(model.place), model.dimensions))
    if sense.digest != model.digest:
        raise InputError(
            f"the model {model.name} is not the one that made the vault's vectors", hint="satchel embed makes them anew"
        )
    return sense


def planned(store: Store, embedder: Embedder, limits: Limits = DEFAULT) -> Plan:
    """What ``make`` would give the embedder; nothing is given to it, and nothing kept."""
    digest = Sense(embedder).digest
    after = records = count = size = 0
    while found := store.lacking_vectors(digest, after=after, most=_PAGE).records:
        after = found[-1][0]
        records += len(found)
        for _, record in found:
            pieces = list(islice(passages(told(record)), limits.text_passages))
            count += len(pieces)
            size += sum(len(piece.encode("utf-8", "replace")) for piece in pieces)
    return Plan(records, count, size)


def make(
    store: Store,
    embedder: Embedder,
    place: str,
    *,
    limit_s: float | None = None,
    on_progress: Callable[[Made], None] = lambda made: None,  # noqa: ARG005
    limits: Limits = DEFAULT,
) -> Made:
    """Make the vectors that are missing, and use the model when none is.

    Whatever was kept stays kept: killed, or stopped by ``limit_s``, it goes on there the next time. Until it is done the model
    before it answers, or words alone.

    Args:
        place: how to open the embedder again (embedders.sources).
        limits: of a longer text the first ``text_passages`` are embedded.

    Raises:
        What the embedder and the store raise; what was kept before stays.
    """
    sense = Sense(embedder)
    store.begin_vectors(VectorModel(digest=sense.digest, name=embedder.name, dimensions=embedder.dimensions, place=place))
    until = None if limit_s is None else time.monotonic() + limit_s
    made = state(store, sense)
    on_progress(made)
    while not made.in_use:
        after = 0
        while True:
            if until is not None and time.monotonic() >= until:
                return made
            kept = _some(store, sense, after, limits)
            if kept is None:
                # The vault changed meanwhile: what was read is read again.
                continue
            if not kept:
                break
            after, count = kept
            made = msgspec.structs.replace(made, done=made.done + count)
            on_progress(made)
        if store.finish_vectors(sense.digest):
            made = state(store, sense)
    on_progress(made)
    return made


def _some(store: Store, sense: Sense, after: int, limits: Limits) -> tuple[int, int] | tuple[()] | None:
    """Embed and keep the next few: the last row and how many; () when there is none; None when the vault changed."""
    found = store.lacking_vectors(sense.digest, after=after, most=_PAGE)
    rows: list[int] = []
    counts: list[int] = []
    texts: list[str] = []
    for row, record in found.records:
        pieces = list(islice(passages(told(record)), limits.text_passages))
        if texts and len(texts) + len(pieces) > KEPT_PASSAGES:
            break
        rows.append(row)
        counts.append(len(pieces))
        texts += pieces
    if not rows:
        return ()
    vectors = sense.embedder.embed(texts)
    made = []
    at = 0
    for row, count in zip(rows, counts, strict=True):
        made.append((row, vectors[at : at + count]))
        at += count
    return (rows[-1], len(rows)) if store.keep_vectors(sense.digest, made, found.change) else None


def state(store: Store, sense: Sense) -> Made:
    """How far the vectors of a model are."""
    models: Sequence[VectorModel] = [model for model in store.vector_models() if model.digest == sense.digest]
    records = store.count()
    done = models[0].records if models else 0
    return Made(done, records, bool(models and models[0].in_use and done >= records))
