"""Which entries are one talk: by the id that a link names, else by time (providers.md 3.3, Edge).

Google gives most entries no conversation id. Those that follow one another within half an hour are taken for one talk, and
the talk is marked as inferred; an entry whose time is not known stands by itself. Ids and places hang on the entries alone,
never on what else a file holds, so that the next export finds the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from satchel.adapters.gemini.wire import uid_of
from satchel.model.ids import make_uid
from satchel.model.times import to_microseconds

#: The pause after which a new talk begins (providers.md 3.3).
GAP_S = 30 * 60
_SECOND = 1_000_000
#: Places in a talk: so many in a millisecond, sixteen to an entry.
_IN_MILLISECOND = 4096
_IN_ENTRY = 16


class Spot(msgspec.Struct, gc=False):
    """An entry as grouping sees it. ``tip`` is the uid of its last message, ``title`` the beginning of its prompt, ``gem``
    the name of the Gem that was used."""

    uid: str
    tip: str
    talk: str
    title: str
    at: datetime | None
    rough: datetime | None
    gem: str = ""


class Placement(msgspec.Struct, frozen=True, gc=False):
    """Where an entry stands: its talk, what it answers, its place. ``has_head``: the talk's record comes with this entry."""

    conversation: str
    talk: str = ""
    title: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    parent: str = ""
    current: str = ""
    position: int = 0
    has_head: bool = True
    #: The name of the Gem that the talk was with.
    gem: str = ""


def arrange(spots: Sequence[Spot], account: str) -> tuple[list[Placement], int]:
    """The placement of each spot, in the order given (the file's), and how many talks were inferred."""
    placements: list[Placement | None] = [None] * len(spots)
    order = _chronological(spots)
    groups = _grouped(spots, order)
    inferred = 0
    for group in groups:
        first, last = spots[group[0]], spots[group[-1]]
        talk = first.talk
        conversation = uid_of(account, "conversation", talk) if talk else make_uid(first.uid, "conversation")
        inferred += not talk
        title = next((spots[at].title for at in group if spots[at].title), "")
        times = [spots[at].at for at in group]
        created = next((time for time in times if time is not None), None)
        updated = next((time for time in reversed(times) if time is not None), None)
        gems = {spots[at].gem for at in group} - {""}
        # Entries with several are several talks that stood too near to one another.
        gem = gems.pop() if len(gems) == 1 else ""
        # Records are stored in the file's order, and messages need their talk's: the first to come brings it. The newest and
        # the oldest bring it too: one of them is new to a vault that has the others, when the talk's record is.
        heads = {min(group), group[0], group[-1]}
        parent = ""
        before, rank = -1, 0
        for at in group:
            spot = spots[at]
            millisecond = _key(spot) // 1000
            rank = min(rank + 1, _IN_MILLISECOND // _IN_ENTRY - 1) if millisecond == before else 0
            before = millisecond
            placements[at] = Placement(
                conversation=conversation,
                talk=talk,
                title=title,
                created=created,
                updated=updated,
                parent=parent,
                current=last.tip,
                position=millisecond * _IN_MILLISECOND + rank * _IN_ENTRY,
                has_head=at in heads,
                gem=gem,
            )
            parent = spot.tip
    return [placement for placement in placements if placement is not None], inferred


def _key(spot: Spot) -> int:
    moment = spot.at or spot.rough
    return max(0, to_microseconds(moment)) if moment is not None else 0


def _chronological(spots: Sequence[Spot]) -> list[int]:
    """The spots from old to new. The file's own direction decides between equal times."""
    timed = [at for at, spot in enumerate(spots) if spot.at or spot.rough]
    is_newest_first = len(timed) < 2 or _key(spots[timed[0]]) >= _key(spots[timed[-1]])
    order = list(range(len(spots)))
    if is_newest_first:
        order.reverse()
    # An entry without a time stays behind the one that it follows.
    keys: dict[int, int] = {}
    known = 0
    for at in order:
        known = _key(spots[at]) or known
        keys[at] = known
    order.sort(key=keys.__getitem__)
    return order


def _grouped(spots: Sequence[Spot], order: Sequence[int]) -> list[list[int]]:
    by_talk: dict[str, list[int]] = {}
    groups: list[list[int]] = []
    #: The open group of entries whose moment is certain, and of those that have only a rough one: two clocks.
    opened: dict[bool, tuple[list[int], int]] = {}
    for at in order:
        spot = spots[at]
        if spot.talk:
            if spot.talk not in by_talk:
                by_talk[spot.talk] = []
                groups.append(by_talk[spot.talk])
            by_talk[spot.talk].append(at)
            continue
        key = _key(spot)
        is_certain = spot.at is not None
        current = opened.get(is_certain)
        if key and current is not None and key - current[1] <= GAP_S * _SECOND:
            current[0].append(at)
            opened[is_certain] = (current[0], key)
            continue
        group = [at]
        groups.append(group)
        if key:
            opened[is_certain] = (group, key)
    return groups
