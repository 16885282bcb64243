"""``satchel convert``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.conftest import ROOT


def test_from_an_export_to_a_package_without_a_vault(satchel: Run, tmp_path: Path) -> None:
    done = satchel(
        "convert",
        ROOT / "examples" / "chatgpt",
        ROOT / "examples" / "claude",
        tmp_path / "out",
        "--to",
        "portable-ai-memory",
        "--json",
    )
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["written"]["conversations"] == 7 and told["read"]["counts"]["conversation"] == {"new": 7}
    assert satchel("validate", tmp_path / "out").code == 0
    assert satchel("stats").code == 1


def test_signed_with_a_key_of_the_vault(satchel: Run, tmp_path: Path) -> None:
    satchel("import", ROOT / "examples" / "claude")
    satchel("keys", "create")
    assert (
        satchel("convert", ROOT / "examples" / "claude", tmp_path / "c.mem", "--to", "portable-memory", "--sign", "main").code
        == 0
    )
    assert satchel("verify", tmp_path / "c.mem").code == 0


def test_what_is_no_export_and_what_is_no_format(satchel: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_bytes(b"\0\1")
    for words, code in (
        ([tmp_path / "notes.bin", tmp_path / "out", "--to", "portable-memory"], 1),
        ([ROOT / "examples", tmp_path / "out", "--to", "nothing"], 2),
    ):
        refused = satchel("convert", *words)
        assert refused.code == code and len(refused.err.strip().splitlines()) == 1, refused
    assert not (tmp_path / "out").exists()
