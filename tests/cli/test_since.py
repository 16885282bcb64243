"""``satchel export --since``."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.conftest import ROOT


def test_an_increment_by_bundle_and_what_is_no_cursor(satchel: Run, tmp_path: Path) -> None:
    satchel("import", ROOT / "examples" / "chatgpt")
    satchel("export", "--to", "portable-memory", tmp_path / "base.mem")
    satchel("import", ROOT / "examples" / "claude")
    done = satchel("export", "--to", "portable-memory", "--since", tmp_path / "base.mem", tmp_path / "since.mem", "--json")
    assert done.code == 0, done.err
    manifest = json.loads((tmp_path / "since.mem" / "manifest.json").read_bytes())
    assert manifest["exportMode"] == "incremental" and manifest["satchel"]["previous"]
    assert json.loads(done.out)["written"]["episode"] == manifest["counts"]["episode"]
    assert satchel("validate", tmp_path / "since.mem").code == 0
    for words in (["--since", "soon"], ["--since", tmp_path], ["--since", "1", "--to", "claude-text"]):
        refused = satchel("export", "--to", "portable-memory", *words, tmp_path / "none")
        assert refused.code == 2 and len(refused.err.strip().splitlines()) == 1, refused
    assert not (tmp_path / "none").exists()
