"""``--ledger`` and ``satchel ledger show``, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "chatgpt"


def test_a_ledger_is_written_shown_signed_and_verified(satchel: Run, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    assert satchel("import", "--ledger", ledger, EXAMPLE).code == 0
    assert satchel("ledger", "show", ledger).code == 0
    assert satchel("keys", "create").code == 0
    done = satchel("export", "--to", "portable-memory", "--sign", "main", "--ledger", ledger, tmp_path / "a.mem")
    assert done.code == 0
    assert "satchel ledger show" in done.out
    shown = satchel("ledger", "show", ledger, "--against", tmp_path / "a.mem")
    assert (shown.code, "Signed by main" in shown.out, "is what was read or written" in shown.out) == (0, True, True)
    assert satchel("verify", ledger).code == 0
    record = json.loads(ledger.read_bytes())["records"][0]["uid"]
    one = satchel("ledger", "show", ledger, "--record", record[:12])
    assert (one.code, record in one.out) == (0, True)
    said = json.loads(satchel("ledger", "show", ledger, "--json", "--fate", "carried", "--kind", "message").out)
    assert {(line["kind"], line["fate"]) for line in said["lines"]} == {("message", "carried")}
    assert said["verdict"] == "verified"


def test_what_does_not_hold_is_an_error(satchel: Run, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    args = ("convert", EXAMPLE, tmp_path / "out", "--to", "portable-ai-memory", "--ledger", ledger)
    assert satchel(*args).code == 0
    other = satchel("ledger", "show", ledger, "--against", ROOT / "README.md")
    assert (other.code, "is not what" in other.out) == (1, True)
    ledger.write_text(ledger.read_text().replace('"accepted"', '"rejected"', 1))
    forged = satchel("ledger", "show", ledger)
    assert (forged.code, "Not as it was written" in forged.out) == (1, True)


def test_what_is_asked_wrongly_is_said(satchel: Run, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    lone = satchel("convert", EXAMPLE, tmp_path / "out", "--to", "portable-memory", "--sign-ledger", "main")
    assert (lone.code, "there is no ledger to sign" in lone.err) == (2, True)
    assert satchel("convert", EXAMPLE, tmp_path / "out", "--to", "portable-memory", "--ledger", ledger).code == 0
    assert satchel("ledger", "show", ledger, "--fate", "eaten").code == 2
    assert satchel("ledger", "show", ledger, "--record", "ffff").code == 1
    missing = satchel("ledger", "show", tmp_path / "none.json")
    assert (missing.code, "Traceback" in missing.err) == (1, False)
