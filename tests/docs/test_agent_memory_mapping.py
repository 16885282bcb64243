"""The page on the mapping of Portable Agent Memory says what the table says, row for row."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.formats.portable_agent_memory.conversion import STEPS
from satchel.formats.portable_agent_memory.mapping import CARRIED, LENSES, LINKS, PLACELESS
from satchel.formats.portable_agent_memory.rows import Lens
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "portable-agent-memory-mapping.md"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell or "–" for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _lens(lens: Lens) -> Iterator[str]:
    for row in lens.rows:
        yield _row(_code(row.ours), _code(row.theirs), row.note)


def table() -> dict[str, list[str]]:
    """The rows that the page has under each of its headings."""
    found = {f"{lens.component}: `{lens.name}`": list(_lens(lens)) for lens in LENSES.values()}
    found["Links"] = [_row(_code(ours), _code(theirs), note) for ours, theirs, note in LINKS]
    found["Beside the entries"] = [_row(_code(kind), text) for kind, text in CARRIED.items()]
    found["Not written"] = [_row(_code(kind), text) for kind, text in PLACELESS.items()]
    found["From one profile to another"] = [
        _row(step.component, _code(step.sdk), _code(step.spec), step.note) for step in STEPS
    ]
    return found


def _page() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    heading = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|"):
            found.setdefault(heading, []).append(line)
    # The two lines of a table's head.
    return {name: lines[2:] for name, lines in found.items()}


def test_the_page_has_every_row_of_the_table() -> None:
    shown = _page()
    for heading, rows in table().items():
        assert shown.get(heading) == rows, heading


def test_the_page_shows_no_row_that_the_table_has_not() -> None:
    assert set(_page()) == set(table())
