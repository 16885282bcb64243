"""The command line, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest


class Result(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def satchel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """``satchel("import", path)`` gives exit code, standard output and standard error."""
    from satchel.cli.app import run

    monkeypatch.setenv("SATCHEL_PASSPHRASE", "a passphrase")
    monkeypatch.setenv("SATCHEL_VAULT", str(tmp_path / "vault"))

    def call(*words: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["satchel", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            run()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return call
