"""``satchel certify``: exit codes, files, progress beside the output."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.cli.conftest import Run
from tests.move.certify.hosts import REFERENCE, script


def test_only_may_be_said_more_than_once(satchel: Run, tmp_path: Path) -> None:
    said = tmp_path / "said.json"
    assert satchel("certify", "--no-controls", "--only", "A1", "--only", "B2", "--json", said, "--", *REFERENCE).code == 0
    assert [verdict["case"] for verdict in json.loads(said.read_text())["verdicts"]] == ["A1", "B2"]


def test_some_cases_of_a_sound_host(satchel: Run, tmp_path: Path) -> None:
    said, junit = tmp_path / "report.json", tmp_path / "report.xml"
    done = satchel("certify", "--only", "A1, B2", "--json", said, "--junit", junit, "--", *REFERENCE)
    assert done.code == 0, done
    assert done.out.splitlines()[0].split() == ["case", "verdict", "about,", "or", "why"]
    assert "A1    pass" in done.out
    assert "Badge: not reached: only some cases were run" in done.out
    assert "[1/4] A1 " in done.err and "control: keeps-index" in done.err
    assert [verdict["case"] for verdict in json.loads(said.read_text())["verdicts"]] == ["A1", "B2"]
    assert ElementTree.fromstring(junit.read_text()).tag == "testsuites"


def test_a_broken_host(satchel: Run) -> None:
    done = satchel("certify", "--no-controls", "--only", "G1", "--", *REFERENCE, "--broken", "duplicates-tombstones")
    assert done.code == 1
    assert "G1    FAIL     after three imports there are" in done.out


def test_no_badge_without_controls(satchel: Run) -> None:
    done = satchel("certify", "--no-controls", "--", *REFERENCE)
    assert done.code == 1
    assert "Level reached: L1." in done.out
    assert "no broken host caught" in done.out


def test_used_wrongly(satchel: Run, tmp_path: Path) -> None:
    assert satchel("certify").code == 2
    assert satchel("certify", "--only", "Z1", "--", *REFERENCE).code == 2
    assert satchel("certify", "--timeout", "0", "--", *REFERENCE).code == 2
    none = satchel("certify", "--", tmp_path / "nothing")
    assert none.code == 2
    assert "the host cannot be started" in none.err


def test_a_host_that_does_not_answer(satchel: Run) -> None:
    done = satchel("certify", "--timeout", "0.5", "--", *script("time.sleep(600)", greets=False))
    assert done.code == 1
    assert done.err.splitlines()[-1] == "satchel: the host did not answer hello in time"


def test_a_report_that_cannot_be_written(satchel: Run, tmp_path: Path) -> None:
    done = satchel("certify", "--only", "B2", "--no-controls", "--json", tmp_path / "no" / "x.json", "--", *REFERENCE)
    assert done.code == 1
    assert "cannot be written" in done.err


def test_what_a_host_says_of_itself_cannot_reach_the_terminal_raw(satchel: Run) -> None:
    code = (
        "hear(); say(json.dumps({'id': 1, 'result': {'protocol': 1, 'name': '\\x1b[2Jodd', 'version': '1', 'kinds': [],"
        " 'routes': [], 'features': []}}))\n"
        "hear(); say(json.dumps({'id': 2, 'error': {'code': '\\x1b[31m', 'message': 'no'}}))\nhear()"
    )
    done = satchel("certify", "--only", "B2", "--no-controls", "--", *script(code, greets=False))
    assert done.code == 1
    assert "\x1b" not in done.out + done.err


def test_help_has_an_example(satchel: Run) -> None:
    done = satchel("certify", "--help")
    assert done.code == 0
    assert "satchel certify -- python my_host.py" in done.out
