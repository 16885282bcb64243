"""Held figures: what is worse is named, what is better or merely more passes, and a broken file is one clear error."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from satchel.errors import InputError, MalformedInput
from satchel.move.fidelity import holding
from satchel.move.fidelity.figures import Cell, Fields, Matrix, Records, summed


def cell(**changes: int | dict[str, int]) -> Cell:
    made = Cell(
        source="a",
        target="b",
        records=Records(total=10, same=6, carried=2, moved=1, lost=1, home=9),
        fields=Fields(total=20, kept=10, carried=5, altered=3, lost=2, home=15),
        returned=1,
        returning=1,
        kinds={"memory": Records(total=10, same=6, carried=2, moved=1, lost=1, home=9)},
    )
    for path, value in changes.items():
        holder: object = made
        *above, name = path.split("__")
        for each in above:
            holder = getattr(holder, each)
        setattr(holder, name, value)
    return made


def worse(now: Cell) -> list[str]:
    return [fallen.figure for fallen in holding.worse(Matrix(generated=[cell()]), Matrix(generated=[now]))]


def test_the_same_is_not_worse() -> None:
    assert worse(cell()) == []


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ({"records__same": 5, "records__moved": 2}, "records that stand there as themselves"),
        ({"records__carried": 1, "records__lost": 2}, "records that survive"),
        ({"records__home": 8}, "records that come home"),
        ({"fields__kept": 9, "fields__carried": 6}, "fields that stand there as they were"),
        ({"fields__carried": 4, "fields__lost": 3}, "fields that survive"),
        ({"fields__home": 14}, "fields that come home"),
        ({"returned": 0}, "round trips that are byte-exact"),
        ({"raised": 1}, "records that were raised"),
        ({"widened": 1}, "records that were widened"),
        ({"failed": {"there: output": 1}}, "failures"),
    ],
)
def test_each_figure_that_falls_is_named(change: dict[str, int], figure: str) -> None:
    assert worse(cell(**change)) == [figure]


def test_a_kind_that_falls_is_named_though_another_makes_up_for_it() -> None:
    now = cell()
    now.kinds = {"memory": Records(total=9, same=5, carried=2, moved=1, lost=1), "task": Records(total=1, same=1)}
    assert worse(now) == ["records of kind memory that survive"]


def test_better_is_not_worse() -> None:
    assert worse(cell(records__same=7, records__lost=0, fields__kept=15, fields__carried=5, fields__lost=0)) == []


def test_more_of_the_same_is_neither() -> None:
    assert worse(summed([cell(), cell()])) == []


def test_a_cell_that_was_not_measured_is_missing() -> None:
    held = Matrix(generated=[cell(), msgspec.structs.replace(cell(), target="c")], given=[cell()])
    assert holding.missing(held, Matrix(generated=[cell()])) == [("a", "c")]


def test_what_was_dumped_is_loaded_without_its_members(tmp_path: Path) -> None:
    full = msgspec.structs.replace(cell(), members={"memory body.text": Fields(total=1, kept=1)})
    (tmp_path / "f.json").write_bytes(holding.dump(Matrix(generated=[full], refused={"malformed": 2})))
    assert holding.load(tmp_path / "f.json") == Matrix(generated=[cell()], refused={"malformed": 2})


@pytest.mark.parametrize("data", [b"", b"[]", b'{"generated":[{"source":1}]}', b"\xff"])
def test_a_file_that_holds_no_figures_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(data)
    with pytest.raises(MalformedInput, match="no figures"):
        holding.load(tmp_path / "f.json")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        holding.load(tmp_path / "f.json")
