"""Documentation that cannot drift: promises name tests that exist, commands and kinds are real, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from satchel.adapters import registry as adapters
from satchel.formats import registry as formats
from satchel.model.bodies import KINDS
from satchel.vault.sqlite import schema
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("bench/*.md"), *ROOT.glob("examples/*.md")])


def test_every_promise_names_tests_that_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    assert len(named) >= 10
    written = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        written |= set(re.findall(r"^ *def (test_\w+)", path.read_text(), re.MULTILINE))
    assert named <= written, named - written


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_model_page_names_every_kind() -> None:
    text = (ROOT / "docs" / "model.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


def test_the_vault_page_names_every_table() -> None:
    text = (ROOT / "docs" / "vault.md").read_text()
    tables = re.findall(
        r"CREATE (?:VIRTUAL )?TABLE (\w+)", schema._V1 + schema._V2 + schema._V3 + schema._V4 + schema._V5 + schema._V6
    )
    assert [table for table in tables if table != "meta" and f"`{table}`" not in text] == []


def test_the_readme_shows_commands_that_exist() -> None:
    from satchel.cli.app import app

    known = set(app.commands)
    shown = set(re.findall(r"satchel (\w[\w-]*)", (ROOT / "README.md").read_text()))
    assert shown <= known
    assert known <= shown


def test_scripts_that_the_readme_names_are_there() -> None:
    text = (ROOT / "README.md").read_text()
    for name in set(re.findall(r"sh (scripts/\w+)", text)):
        assert (ROOT / name).exists()


def test_adapters_and_formats_are_entry_points_too() -> None:
    """Third parties add theirs in the way in which ours are there."""
    from importlib.metadata import entry_points

    assert {point.name for point in entry_points(group=adapters.GROUP)} >= set(adapters.OURS)
    assert {point.name for point in entry_points(group=formats.GROUP)} >= set(formats.OURS)
    for name in adapters.OURS:
        assert adapters.get(name).info.name == name


def test_no_path_of_a_machine_is_in_the_project() -> None:
    for path in PAGES:
        assert not re.search(r"/(home|root|work|tmp)/", path.read_text()), path
