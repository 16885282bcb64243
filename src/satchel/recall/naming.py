"""The names that stand beside a recalled text: who said it, where it came from. They are text of somebody's too, so one that
reads like an order or like structure is not shown, and told of."""

from __future__ import annotations

import functools

from satchel.model.bodies import Message
from satchel.model.record import Record
from satchel.recall.detection import detect
from satchel.recall.folding import shown

#: People's names are shorter.
MOST_CHARACTERS = 80


def author(record: Record) -> str:
    """Who said it: a message's author, else the role; "" where nobody is named."""
    body = record.body
    if not isinstance(body, Message):
        return ""
    return _fit(body.author)[0] or _fit(body.role)[0]


def source(record: Record) -> str:
    """The platform that it came from, "" where that is no name."""
    return _fit(record.provenance.platform)[0]


def families(record: Record) -> tuple[str, ...]:
    """What the names that are not shown read like."""
    body = record.body
    names = (record.provenance.platform, body.author if isinstance(body, Message) else "")
    return tuple(dict.fromkeys(family for name in names for family in _fit(name)[1]))


@functools.lru_cache(maxsize=4096)
def _fit(name: str) -> tuple[str, tuple[str, ...]]:
    """The name as it may be shown, and why it may not."""
    plain = " ".join(shown(name[: 8 * MOST_CHARACTERS]).split())
    seen = detect(plain)
    met = (*seen.structure, *seen.orders)
    if met:
        return "", met
    return (plain if len(plain) <= MOST_CHARACTERS else plain[: MOST_CHARACTERS - 1] + "…"), ()
