"""The harness judges from outside: it knows no store, format or adapter of Satchel; and its page says what it asks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from satchel.move.certify.cases import CASES
from satchel.move.certify.protocol import LINE_BYTES, MANY, Timeouts
from tests.conftest import ROOT

PACKAGE = ROOT / "src" / "satchel" / "move" / "certify"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_it_imports_nothing_that_it_could_be_judging(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.startswith("satchel"):
                assert name.startswith(("satchel.move.certify", "satchel.codec", "satchel.errors", "satchel.trust")), name


def test_the_page_lists_every_case_with_its_title() -> None:
    text = (ROOT / "docs" / "certify.md").read_text()
    rows = re.findall(r"^\| ([A-Z]\d*-?\d+) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [(case.id, case.title) for case in CASES.values()]


def test_the_page_states_the_bounds_that_hold() -> None:
    text = " ".join((ROOT / "docs" / "certify.md").read_text().split())
    limits = Timeouts()
    assert f"a line has at most {LINE_BYTES >> 20} MiB" in text
    assert f"`hello` is answered within {limits.start_s:.0f} seconds, every other request within {limits.request_s:.0f}" in text
    assert f"a hostile bundle within {limits.hostile_s:.0f}" in text
    assert f"the host ends within {limits.close_s:.0f}" in text
    assert f"At most {MANY} each of kinds, routes and features" in text


def test_the_page_names_every_method_and_feature_of_the_reference_host() -> None:
    from satchel.move.certify.reference_host import FEATURES, Service

    text = (ROOT / "docs" / "certify.md").read_text()
    methods = re.findall(r"^\| `(\w+)` \|.*\|$", text, re.MULTILINE)
    for method in ("hello", "reset", "import", "delete", "export", "search", "settle", "paths", "replica", "validate", "close"):
        assert method in methods
        assert hasattr(Service, method) or hasattr(Service, f"{method}_")
    assert [feature for feature in FEATURES if f"`{feature}`" not in text] == []
