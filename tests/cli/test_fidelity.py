"""``satchel fidelity``: tables for people, JSON for machines, files on request, and a check that fails."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from satchel.move.fidelity.generated import portable_agent_memory
from tests.cli.conftest import Run
from tests.conftest import ROOT

PAIR = ("--from", "portable-agent-memory=spec-1.0", "--to", "portable-agent-memory=sdk-0.1")


def test_one_cell_in_full(satchel: Run) -> None:
    done = satchel("fidelity", *PAIR)
    assert done.code == 0, done.err
    lines = [line.split() for line in done.out.splitlines() if line]
    assert lines[0][:2] == ["from", "to"] and lines[1][:2] == [
        "portable-agent-memory=spec-1.0",
        "portable-agent-memory=sdk-0.1",
    ]
    assert lines[1][-1] == "yes"
    assert ["kind", "total", "same", "carried", "moved", "withheld", "lost", "home"] in lines


def test_an_export_of_ones_own(satchel: Run, tmp_path: Path) -> None:
    done = satchel("fidelity", ROOT / "examples" / "claude", "--to", "claude-text", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [(cell["source"], cell["target"]) for cell in told["given"]] == [("claude", "claude-text")]
    assert "generated" not in told and "fields" not in told["given"][0]
    records = told["given"][0]["records"]
    assert records["total"] == records.get("same", 0) + records.get("lost", 0) + records.get("withheld", 0) > 0
    assert satchel("stats").code == 1, "there is no vault of one's own"


def test_the_files_and_the_check(satchel: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert satchel("fidelity", *PAIR, "--out", out).code == 0
    assert sorted(path.name for path in out.iterdir()) == ["fidelity.json", "fidelity.md", "fidelity.svg"]
    assert ElementTree.parse(out / "fidelity.svg").getroot().get("role") == "img"
    page = (out / "fidelity.md").read_text()
    assert "portable-agent-memory=spec-1.0 | 29 |" in page
    assert satchel("fidelity", *PAIR, "--out", out, "--check", out / "fidelity.json").code == 0
    assert (out / "fidelity.md").read_text() == page

    held = json.loads((out / "fidelity.json").read_bytes())
    held["generated"][0]["records"] |= {"same": 29, "carried": 0}
    (out / "held.json").write_text(json.dumps(held))
    done = satchel("fidelity", *PAIR, "--check", out / "held.json")
    assert done.code == 3
    assert "records that stand there as themselves was 1, is 0.96" in done.err
    assert json.loads(satchel("fidelity", *PAIR, "--check", out / "held.json", "--json").out)["worse"]


def test_a_folder_of_samples_with_one_that_is_none(satchel: Run, tmp_path: Path) -> None:
    portable_agent_memory.write(tmp_path / "one.pam")
    portable_agent_memory.write(tmp_path / "two.pam", profile="spec-1.0")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "three.pam").write_bytes((tmp_path / "one.pam").read_bytes().replace(b"likes", b"hates", 1))
    done = satchel("fidelity", "--samples", tmp_path, "--to", "system-prompt", "--json")
    told = json.loads(done.out)
    assert [cell["source"] for cell in told["given"]] == ["portable-agent-memory=sdk-0.1", "portable-agent-memory=spec-1.0"]
    assert told["refused"] == {"malformed": 1}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--to", "nowhere"), "there is no target 'nowhere'"),
        (("--from", "nowhere"), "there is no source 'nowhere'"),
        ((ROOT / "README.md",), "nothing that was given can be measured (1 not-recognised)"),
        (("--check", ROOT / "README.md"), "holds no figures"),
    ],
)
def test_what_cannot_be_measured_is_one_line(words: tuple[object, ...], told: str, satchel: Run) -> None:
    done = satchel("fidelity", *words)
    assert done.code in (1, 2) and told in done.err and done.err.count("\n") == 1


def test_a_page_without_a_place_for_the_tables_is_left_alone(satchel: Run, tmp_path: Path) -> None:
    (tmp_path / "fidelity.md").write_text("# Mine\n")
    done = satchel("fidelity", *PAIR, "--out", tmp_path)
    assert done.code == 1 and "no place for the tables" in done.err
    assert (tmp_path / "fidelity.md").read_text() == "# Mine\n"
