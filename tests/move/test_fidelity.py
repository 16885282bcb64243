"""The fidelity matrix, measured again: no figure of docs/fidelity.json is worse, and the rules of every journey hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from satchel.move.fidelity import drawing, holding, page
from satchel.move.fidelity.figures import Matrix
from satchel.move.fidelity.matrix import matrix
from satchel.move.fidelity.sources import EVERY_KIND, STANDARDS, targets
from tests.conftest import ROOT, SHARED

DOCS = ROOT / "docs"
HELD = holding.load(DOCS / "fidelity.json")
#: The rows of other people's files.
GIVEN = list(dict.fromkeys(cell.source for cell in HELD.given))


@pytest.fixture(scope="module")
def generated() -> Matrix:
    """Half a minute on one core: a few hundred vaults are made on the way, and each is flushed to the disk."""
    return matrix(generated=True)


def test_no_figure_of_the_made_up_packages_is_worse(generated: Matrix) -> None:
    held = Matrix(generated=HELD.generated)
    assert holding.missing(held, generated) == []
    assert [str(fallen) for fallen in holding.worse(held, generated)] == []


def test_every_ordered_pair_is_measured(generated: Matrix) -> None:
    pairs = {(cell.source, cell.target) for cell in generated.generated}
    assert pairs == {(source, target) for source in (*STANDARDS, EVERY_KIND) for target in targets()}


def test_between_the_standards_all_comes_home_byte_for_byte(generated: Matrix) -> None:
    for cell in generated.generated:
        if cell.returning and cell.source != cell.target:
            assert (cell.returned, cell.records.home) == (1, cell.records.total), (cell.source, cell.target)
            assert cell.fields is not None and cell.fields.home == cell.fields.total


def test_no_journey_raises_trust_or_widens_access_or_fails(generated: Matrix) -> None:
    for cell in generated.generated:
        assert (cell.raised, cell.widened, cell.failed) == (0, 0, {}), (cell.source, cell.target)


def test_what_rides_along_is_not_read_twice(generated: Matrix) -> None:
    """The artifact as a whole is a record of its own kind; nothing else is there that the source has not."""
    for cell in generated.generated:
        if cell.returning:
            assert cell.records.made <= 1, (cell.source, cell.target)


def test_the_sums_are_right(generated: Matrix) -> None:
    for cell in generated.generated:
        records = cell.records
        assert records.total == records.same + records.carried + records.moved + records.withheld + records.lost
        assert records.total == sum(kind.total for kind in cell.kinds.values())
        if cell.fields is not None:
            assert cell.fields.total == cell.fields.kept + cell.fields.carried + cell.fields.altered + cell.fields.lost
            assert cell.fields.total == sum(member.total for member in cell.members.values())


@pytest.mark.slow
@pytest.mark.parametrize("row", GIVEN)
def test_no_figure_of_the_shared_files_is_worse(row: str, shared: Path) -> None:
    now = matrix(samples=shared, generated=False, only_from=row)
    held = Matrix(given=[cell for cell in HELD.given if cell.source == row])
    assert holding.missing(held, now) == []
    assert [str(fallen) for fallen in holding.worse(held, now)] == []
    assert all(cell.raised == cell.widened == 0 for cell in now.given)


def test_the_page_and_the_picture_show_what_is_held() -> None:
    text = (DOCS / "fidelity.md").read_text()
    assert page.page(HELD, text) == text
    assert drawing.draw(HELD) == (DOCS / "fidelity.svg").read_text()


def test_the_held_rows_are_all_that_the_shared_files_have() -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not beside this clone")
    adapters = {"chatgpt", "claude", "claude_memory", "copilot", "engram", "gemini", "grok", "mem0", "transfer_text"}
    assert adapters | set(STANDARDS) <= set(GIVEN)


def test_the_same_again_gives_the_same_figures(generated: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the clock nor what Python does with hashes is in them."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    row = "portable-agent-memory=spec-1.0"
    again = matrix(generated=True, only_from=row)
    assert again.generated == [cell for cell in generated.generated if cell.source == row]
