"""Which records may stand in a context at all, and which are kept out and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from satchel.model.bodies import Message
from satchel.model.components import component_of
from satchel.model.record import Record, Trust
from satchel.recall.detection import Seen
from satchel.recall.framing import Block
from satchel.recall.telling import told

#: From what may be relied on to what may not.
TRUST: tuple[Trust, ...] = ("own", "reviewed", "verified", "imported", "untrusted")
SENSITIVITY = ("low", "normal", "high")
_OVER = frozenset({"superseded", "deprecated", "retracted", "archived"})
#: The family of what a detector of others flagged: this, and its name.
DETECTED = "detector:"
RELIED_ON = frozenset({"own", "reviewed", "verified"})

#: What a block of somebody else's words may not hold: orders where statements belong. A turn of a talk may say anything, for
#: that it was said is what it states; it is labelled. An identity is told in orders ("act as a tutor").
FORBIDDEN: dict[str, frozenset[str]] = {
    "semantic": frozenset({"override", "role-assignment", "new-instructions", "exfiltration", "boundary", "template"}),
    "procedural": frozenset({"override", "new-instructions", "exfiltration", "boundary", "template"}),
    "working": frozenset({"override", "role-assignment", "new-instructions", "exfiltration", "boundary", "template"}),
    "identity": frozenset({"override", "new-instructions", "exfiltration", "boundary", "template"}),
    "episodic": frozenset(),
    "summary": frozenset(),
}


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What may be given: ``authorised`` is asked of each record (a capability token's scope); ``sensitivity`` and ``trust`` are
    the highest and the least that may stand in the context."""

    authorised: Callable[[Record], bool] = lambda record: True  # noqa: ARG005
    sensitivity: str = "normal"
    trust: Trust = "untrusted"


def kept_out(record: Record, policy: Policy, now: datetime) -> str:
    """Why a record may not stand in a context: a code, "" where it may."""
    if not policy.authorised(record):
        return "unauthorised"
    if record.status in _OVER:
        return record.status
    times = record.times
    if (times.valid_to is not None and times.valid_to <= now) or (times.valid_from is not None and times.valid_from > now):
        return "not-valid-now"
    if isinstance(record.body, Message) and record.body.is_hidden:
        return "hidden"
    sensitivity = record.access.sensitivity
    if sensitivity and SENSITIVITY.index(sensitivity) > SENSITIVITY.index(policy.sensitivity):
        return "sensitive"
    if TRUST.index(record.trust) > TRUST.index(policy.trust):
        return "untrusted"
    return "" if told(record) else "empty"


def block_of(record: Record) -> Block:
    """The block that a record stands in; what has no component of its own is a text that was met."""
    return component_of(record) or "episodic"


def quarantined(record: Record, block: Block, seen: Seen) -> tuple[str, ...]:
    """What a block of this type must not hold of somebody whom nobody vouches for: families, none where it may stand."""
    if record.trust in RELIED_ON:
        return ()
    forbidden = FORBIDDEN[block]
    # What somebody's detector flags has no family of ours: it may stand where any order may.
    return tuple(
        family
        for family in (*seen.structure, *seen.orders)
        if family in forbidden or (forbidden and family.startswith(DETECTED))
    )
