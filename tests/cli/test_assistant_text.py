"""Texts for assistants from the command line: written, looked at, checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
NAMES = ("chatgpt-text", "claude-text", "gemini-text", "system-prompt")


@pytest.mark.parametrize("name", NAMES)
def test_examples_as_text(name: str, satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    done = satchel("export", "--to", name, tmp_path / "out")
    assert done.code == 0, done.err
    assert "omitted: " in done.out
    assert (tmp_path / "out" / "README.md").read_text().startswith(f"# {name} 1: ")
    texts = "".join(path.read_text() for path in (tmp_path / "out").glob("*") if path.name != "README.md")
    assert "Be brief. Use metric units." in texts
    assert "Orders parts for the workshop on Thursdays." in texts
    checked = satchel("validate", tmp_path / "out")
    assert checked.code == 0
    assert checked.out.startswith("Valid texts for ")


def test_json_is_what_other_formats_give(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    given = json.loads(satchel("export", "--to", "chatgpt-text", tmp_path / "out", "--json").out)
    usual = json.loads(satchel("export", "--to", "portable-memory", tmp_path / "out.mem", "--json").out)
    assert set(given) == set(usual)
    assert given["format"] == "chatgpt-text"
    assert given["written"]["files"] == 4
    assert given["written"]["about-you.txt"] > 0
    assert {"kind", "field", "fate", "code", "text", "count"} == set(given["ledger"][0])
    assert json.loads(satchel("validate", tmp_path / "out", "--json").out)["valid"] is True


def test_a_budget(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    assert satchel("export", "--to", "system-prompt", "--budget", 700, tmp_path / "out").code == 0
    assert len((tmp_path / "out" / "system-prompt.md").read_text()) <= 700
    refused = satchel("export", "--to", "system-prompt", "--budget", 10, tmp_path / "small")
    assert (refused.code, "too small" in refused.err) == (2, True)
    assert satchel("export", "--to", "system-prompt", "--budget", 0, tmp_path / "none").code == 2
    assert satchel("export", "--to", "portable-memory", "--budget", 700, tmp_path / "x.mem").code == 2
    assert satchel("export", "--to", "claude-text", "--profile", "sdk", tmp_path / "y").code == 2


def test_an_empty_vault_says_so(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES / "claude")
    satchel("undo", 2, "--yes")
    done = satchel("export", "--to", "claude-text", tmp_path / "out")
    assert done.code == 1
    assert done.err == "satchel: there is nothing to write for Claude (the vault is empty; satchel import fills it)\n"
    assert not (tmp_path / "out").exists()


def test_an_edited_text_that_is_too_long_is_not_valid(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("export", "--to", "chatgpt-text", tmp_path / "out")
    (tmp_path / "out" / "about-you.txt").write_text("x" * 1501)
    done = satchel("validate", tmp_path / "out")
    assert done.code == 3
    assert "about-you.txt: longer than the assistant takes (1,501 characters; 1,500 characters)" in done.out
