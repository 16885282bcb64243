"""The figures of a journey from one format into another: what a cell of the matrix holds."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Records(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Records by what became of them; ``total`` is the sum of all but ``home`` and ``made``.

    same       stands there as the same kind, in the same words, where no package rides along (``--no-residue``)
    carried    the same, but only since the package rides along: seen by our reader, or back again on the way home
    moved      its words stand there, as a record of another kind
    withheld   is not to leave: marked so by its owner, or a reference to a secret
    lost       none of these

    ``home``: how many are there again after the way back. ``made``: how many the target has that no record of the source is.
    """

    total: int = 0
    same: int = 0
    carried: int = 0
    moved: int = 0
    withheld: int = 0
    lost: int = 0
    home: int = 0
    made: int = 0

    @property
    def leaving(self) -> int:
        """Those that may leave."""
        return self.total - self.withheld


class Fields(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Set members of the records that may leave (``saying.members``), by what became of them.

    kept       equal when our reader reads the target, where no package rides along (``--no-residue``)
    carried    equal, but only since the package rides along: at once, or on the way home
    altered    set there to something else: the target's own decision (its patterns, precision, required members)
    lost       set to nothing

    ``home``: how many are equal again after the way back. ``added``: members that the target has set and the source has not.
    """

    total: int = 0
    kept: int = 0
    carried: int = 0
    altered: int = 0
    lost: int = 0
    home: int = 0
    added: int = 0


class Cell(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of the samples of one source in one target.

    ``fields`` is None for a target that nobody reads back. ``returned``: how many samples came back byte for byte, of
    ``returning`` that could have. ``raised`` and ``widened`` count records that came to be trusted more, or to be seen by more:
    always 0. ``failed``: how many samples could not make a step (there, plain, home), by ``step: code`` of the error, or
    ``step: nothing to write``; what was not written is lost. ``kinds`` and ``members`` are the same by kind, and by kind and
    member.
    """

    source: str
    target: str
    samples: int = 1
    records: Records = msgspec.field(default_factory=Records)
    fields: Fields | None = None
    returned: int = 0
    returning: int = 0
    raised: int = 0
    widened: int = 0
    failed: dict[str, int] = {}
    kinds: dict[str, Records] = {}
    members: dict[str, Fields] = {}


def add(into: Records | Fields, more: Records | Fields) -> None:
    """Add counts to counts of the same sort."""
    for name in into.__struct_fields__:
        setattr(into, name, getattr(into, name) + getattr(more, name))


def summed(cells: Iterable[Cell]) -> Cell:
    """Cells of one source and target as one."""
    whole: Cell | None = None
    for cell in cells:
        if whole is None:
            whole = Cell(source=cell.source, target=cell.target, samples=0, fields=Fields() if cell.fields else None)
        add(whole.records, cell.records)
        if whole.fields is not None and cell.fields is not None:
            add(whole.fields, cell.fields)
        for name in ("samples", "returned", "returning", "raised", "widened"):
            setattr(whole, name, getattr(whole, name) + getattr(cell, name))
        for step, count in cell.failed.items():
            whole.failed[step] = whole.failed.get(step, 0) + count
        for kind, records in cell.kinds.items():
            add(whole.kinds.setdefault(kind, Records()), records)
        for member, fields in cell.members.items():
            add(whole.members.setdefault(member, Fields()), fields)
    if whole is None:
        raise ValueError("there are no cells to sum up")
    return whole


class Matrix(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All cells: of the generated packages, and of given files, by what read them. ``refused``: given files that nothing reads
    or that cannot be taken, and why."""

    schema: str = "satchel-fidelity/1"
    generated: list[Cell] = []
    given: list[Cell] = []
    refused: dict[str, int] = {}
