"""The face that others build on: exactly these names, each there, nothing heavy until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import satchel


def test_exactly_these_names() -> None:
    assert satchel.__all__ == sorted(satchel._HOMES)
    for name in satchel.__all__:
        assert getattr(satchel, name).__name__ == name
    assert satchel.__version__.count(".") == 2
    with pytest.raises(AttributeError):
        _ = satchel.nothing


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, satchel; print([m for m in ('msgspec', 'apsw', 'click', 'rich', 'orjson') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_help_loads_no_store_and_no_reader() -> None:
    code = (
        "import sys; sys.argv = ['satchel', '--help']\n"
        "from satchel.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('apsw', 'orjson', 'keyring', 'rich.progress', 'cryptography', 'satchel.adapters.chatgpt')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_library_as_its_docstring_shows_it(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from pathlib import Path

    from tests.conftest import ROOT

    monkeypatch.setenv("SATCHEL_PASSPHRASE", "p")
    store, _ = satchel.create_vault(tmp_path / "vault")
    store.close()
    with satchel.open_vault(Path(tmp_path / "vault")) as store:
        satchel.import_paths(store, [ROOT / "examples"])
        assert store.search(satchel.Query(words="ferry")).hits
        satchel.export(store, tmp_path / "out", format="portable-ai-memory")
    assert (tmp_path / "out" / "memory-store.json").exists()
