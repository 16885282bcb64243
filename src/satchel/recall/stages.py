"""The seven steps of a context as plain functions, each of which a library caller may replace (dossier Portable Agent Memory
6.1).

    verify    why a record is not what came in; "" for one that is. A vault's records were verified at its door
    filter    why a record may not stand in a context at all; ""
    rank      records with their scores
    compress  what of the candidates goes in, within the room
    format    an item as its line: one line, that begins no marker
    frame     blocks of lines as one text, which no line can close or forge
    inject    where that text goes, and in what shape

What a replaced step gives is held to the same bounds: the budget is counted on the finished text, and a line that holds a line
break is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from satchel.model.record import Record
from satchel.recall import candidates, compression, framing, injection
from satchel.recall.asking import Question
from satchel.recall.candidates import Policy
from satchel.recall.compression import Candidate, Compressed
from satchel.recall.counting import Counter
from satchel.recall.framing import Block, Item, Style
from satchel.recall.injection import Placed, Target
from satchel.recall.ranking import Looking, Ranked, rank


def verified(record: Record) -> str:  # noqa: ARG001
    """Every record of a vault was verified when it came in, and one that was not is not there."""
    return ""


class Compress(Protocol):
    """See ``compression.compress``."""

    def __call__(
        self,
        candidates: Sequence[Candidate],
        question: Question,
        room: int,
        counter: Counter,
        *,
        describe: Callable[[Candidate, str, bool], str],
        markers: Callable[[Block], str],
    ) -> Compressed: ...


class Frame(Protocol):
    """See ``framing.frame``."""

    def __call__(self, blocks: Sequence[tuple[Block, Sequence[str]]], nonce: str, style: Style, more: str = "") -> str: ...


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """See the module's text."""

    verify: Callable[[Record], str] = verified
    filter: Callable[[Record, Policy, datetime], str] = candidates.kept_out
    rank: Callable[[Looking], Sequence[Ranked]] = rank
    compress: Compress = compression.compress
    #: None: as asked, structured or narrative.
    format: Callable[[Item], str] | None = None
    frame: Frame = framing.frame
    inject: Callable[[str, Target], Placed] = injection.inject


USUAL = Stages()
