"""One source, read, beside what was read of a target: the fates of its records and of their members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, get_args

from satchel.model.record import Record, Trust
from satchel.move.fidelity.figures import Cell, Fields, Records, add
from satchel.move.fidelity.pairing import Index, Pairs, pair
from satchel.move.fidelity.saying import Member, members

#: From what may be relied on to what may not.
_TRUST: tuple[str, ...] = get_args(Trust)
_VISIBLE = {"private": 0, "shared": 1, "public": 2}
_SENSITIVE = {"": 0, "low": 0, "normal": 1, "high": 2}

_ByPath = dict[str, Counter[bytes]]
_NONE: Counter[bytes] = Counter()


class Side(NamedTuple):
    """A vault that was read of a target, and what of the source is there."""

    vault: Index | None
    pairs: Pairs

    def record(self, uid: str) -> Record | None:
        """What the source's record of this uid is there."""
        found = self.pairs.same.get(uid) or self.pairs.moved.get(uid)
        return self.vault.store.get(found) if found and self.vault is not None else None


def side(source: Index, target: Index | None) -> Side:
    """A side of the comparison; without a vault nothing is there."""
    return Side(target, pair(source, target) if target is not None else Pairs({}, {}, 0))


def compare(source: Index, there: Side, *, plain: Side | None, home: Side | None, cell: Cell) -> None:
    """Count into ``cell`` what became of the source's records.

    Args:
        there: what was read of the target.
        plain: the same of a target that was written without residue; None where that was not tried.
        home: what was read after the way back; None where there is none.
    """
    own = plain or there
    cell.records.made = there.pairs.made
    for uid in source.words:
        record = source.store.get(uid)
        if record is None:
            continue
        fate = _fate(record, own, there, home)
        back = int(home is not None and uid in home.pairs.same)
        counts = Records(total=1, home=back, **{fate: 1})
        add(cell.records, counts)
        add(cell.kinds.setdefault(record.kind, Records()), counts)
        stands = [each for each in (there.record(uid), own.record(uid)) if each is not None]
        cell.raised += any(_TRUST.index(each.trust) < _TRUST.index(record.trust) for each in stands)
        cell.widened += any(_is_wider(each, record) for each in stands)
        if fate != "withheld":
            _count_members(record, own, there, home, cell)


def _fate(record: Record, own: Side, there: Side, home: Side | None) -> str:
    uid = record.uid
    if uid in own.pairs.same:
        return "same"
    if uid in there.pairs.same:
        return "carried"
    if not record.access.exportable:
        return "withheld"
    if uid in there.pairs.moved:
        return "moved"
    if home is not None and uid in home.pairs.same:
        return "carried"
    return "withheld" if record.kind == "secret_ref" else "lost"


def _is_wider(found: Record, record: Record) -> bool:
    """Whether more may see it, or it may leave, or is less sensitive than it said."""
    one, other = found.access, record.access
    return (
        _VISIBLE[one.visibility] > _VISIBLE[other.visibility]
        or (one.exportable and not other.exportable)
        or _SENSITIVE[one.sensitivity] < _SENSITIVE[other.sensitivity]
        or not set(one.grants) <= set(other.grants)
    )


def _count_members(record: Record, own: Side, there: Side, home: Side | None, cell: Cell) -> None:
    wanted: list[_ByPath] = []
    found: list[_ByPath] = []
    for side in (own, there, home):
        other = side.record(record.uid) if side is not None else None
        # What it names is named as that side does.
        wanted.append(_by_path(members(record, side.pairs.uid_of) if side is not None else members(record)))
        found.append(_by_path(members(other) if other is not None else ()))
    for path in wanted[0]:
        total = sum(wanted[0][path].values())
        equal = [(w[path] & f.get(path, _NONE)).total() for w, f in zip(wanted, found, strict=True)]
        reached = max(equal)
        # What stands there and is nothing that the source said.
        others = found[1].get(path, _NONE).total() - equal[1]
        altered = min(total - reached, others)
        counts = Fields(
            total=total,
            kept=equal[0],
            carried=reached - equal[0],
            altered=altered,
            lost=total - reached - altered,
            home=equal[2],
        )
        _add(cell, record.kind, path, counts)
    for path, values in found[1].items():
        if path not in wanted[0]:
            _add(cell, record.kind, path, Fields(added=values.total()))


def _add(cell: Cell, kind: str, path: str, counts: Fields) -> None:
    assert cell.fields is not None
    add(cell.fields, counts)
    add(cell.members.setdefault(f"{kind} {path}", Fields()), counts)


def _by_path(said: Iterable[Member]) -> _ByPath:
    found: _ByPath = {}
    for path, value in said:
        found.setdefault(path, Counter())[value] += 1
    return found
