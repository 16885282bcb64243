"""The command line as somebody in a hurry uses it: wrong words, wrong files, readers that go away, streams that are closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from satchel.cli.app import app
from tests.cli.conftest import Run


def commands(group: click.Group = app, *before: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += commands(command, *before, name)
    return found


@pytest.mark.parametrize("words", [(), *commands()], ids=" ".join)
def test_help_is_told_by_every_command(words: tuple[str, ...], satchel: Run) -> None:
    said = satchel(*words, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(" ".join(("Usage: satchel", *words)))


@pytest.mark.parametrize("words", [(), *commands()], ids=" ".join)
def test_an_option_that_there_is_not_is_told_in_one_line(words: tuple[str, ...], satchel: Run) -> None:
    said = satchel(*words, "--frobnicate")
    assert said.code == 2 and said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("satchel: no such option '--frobnicate'")
    assert line.endswith(f"({' '.join(('satchel', *words))} --help tells more)")


def test_a_machine_is_told_of_every_kind_of_error(satchel: Run, tmp_path: Path) -> None:
    for words, status, code in (
        (("undo", "x"), 2, "usage"),
        (("frobnicate",), 2, "usage"),
        (("import",), 2, "usage"),
        (("import", tmp_path / "nothing"), 2, "usage"),
        (("stats",), 1, "vault-missing"),
        (("evidence", "\udcff"), 1, "vault-missing"),
    ):
        said = satchel(*words, "--json")
        error = json.loads(said.out)["error"]
        assert (said.code, error["code"]) == (status, code), words
        assert said.err == f"satchel: {error['message']}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("import", ""),
        ("validate", ""),
        ("inspect", ""),
        ("sign", ""),
        ("verify", ""),
        ("evidence", ""),
        ("receipt", ""),
        ("export", "--to", "portable-memory", ""),
        ("redactions", "recover", "", "token"),
        ("import", "--identity", "", "x"),
    ],
    ids=" ".join,
)
def test_an_empty_name_is_not_this_folder(words: tuple[str, ...], satchel: Run) -> None:
    said = satchel(*words)
    assert said.code == 2 and "its name is empty" in said.err and len(said.err.splitlines()) == 1


def test_a_pack_without_a_name_is_refused(satchel: Run, tmp_path: Path) -> None:
    _fill(satchel, tmp_path)
    for target in (".", "/"):
        said = satchel("evidence", target)
        assert (said.code, said.err) == (1, f"satchel: cannot write {target}: it has no name (name a folder)\n")


def test_a_key_is_not_rotated_unasked_nor_one_that_there_is_not(satchel: Run, tmp_path: Path) -> None:
    _fill(satchel, tmp_path)
    said = satchel("keys", "rotate", "nobody")
    assert said.code == 1 and said.out == "" and "no signing key called 'nobody'" in said.err
    made = satchel("keys", "create").out.split()[-1]
    said = satchel("keys", "rotate")
    assert said.code == 2 and "--yes goes ahead" in said.err
    assert made in satchel("keys", "list").out
    assert satchel("keys", "rotate", "--yes").code == 0


def test_a_recovery_key_is_not_replaced_unasked(satchel: Run, tmp_path: Path) -> None:
    _fill(satchel, tmp_path)
    said = satchel("keys", "recovery")
    assert said.code == 2 and said.out == "" and "--yes goes ahead" in said.err


@pytest.mark.parametrize(
    "words",
    [("log", ""), ("log", "2", "--with"), ("undo", ""), ("receipt", "x", "--change"), ("search", "tea", "--offset")],
    ids=" ".join,
)
def test_a_number_past_what_a_vault_counts_is_told(words: tuple[str, ...], satchel: Run, tmp_path: Path) -> None:
    _fill(satchel, tmp_path)
    said = satchel(*filter(None, words), 2**63)
    assert said.code == 2 and "is not in the range" in said.err and len(said.err.splitlines()) == 1
    assert satchel(*filter(None, words), 2**63 - 1).code in (0, 1)


def test_what_is_no_file_is_not_waited_for(satchel: Run, tmp_path: Path) -> None:
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    folder.mkdir(mode=0o700)
    os.mkfifo(pipe, 0o600)
    for path in (folder, pipe):
        said = satchel("redactions", "recover", path, "token")
        assert (said.code, said.err) == (1, f"satchel: cannot read {path}: it is no regular file\n")


# ---- as a process


def start(*words: str, **how: object) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).parents[2] / "src")
    return subprocess.Popen(
        [sys.executable, "-m", "satchel", *words],
        env={**os.environ, "PYTHONPATH": source, "SATCHEL_PASSPHRASE": "a passphrase"},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},  # type: ignore[call-overload]
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("schema", "memory-store", stdout=writer)
    os.close(writer)
    assert (process.communicate()[1], process.returncode) == (b"", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_told() -> None:
    with open("/dev/full", "wb") as full:
        process = start("schema", "memory-store", stdout=full)
        assert process.communicate()[1].splitlines() == [b"satchel: the system: No space left on device"]
    assert process.returncode == 1


def test_closed_streams_are_no_error() -> None:
    source = str(Path(__file__).parents[2] / "src")
    for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$0" -m satchel schema {closed}', sys.executable],
            env={**os.environ, "PYTHONPATH": source},
            capture_output=True,
        )
        assert (done.returncode, done.stderr) == (0, b""), closed


@pytest.mark.parametrize("stop", [KeyboardInterrupt, EOFError])
def test_ctrl_c_keeps_nothing_of_what_was_not_finished(
    stop: type[BaseException], satchel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(satchel, tmp_path)
    before = satchel("log", "--json").out

    def stopped(*_: object) -> None:
        raise stop

    with monkeypatch.context() as patched:
        patched.setattr("satchel.vault.sqlite.intake.SqliteIntake.finish", stopped)
        said = satchel("import", tmp_path / "mem0.json", "--json")
    assert said.code == 130 and json.loads(said.out)["error"]["code"] == "stopped"
    assert said.err.strip() == "satchel: stopped; nothing of the unfinished change was kept"
    assert satchel("log", "--json").out == before


def _fill(satchel: Run, folder: Path) -> None:
    item = {"id": "8f3c0a52-1e0e-4a0e-9f59-0d5c1f9f3f00", "memory": "Likes tea", "created_at": "2025-01-01T00:00:00Z"}
    (folder / "mem0.json").write_text(json.dumps([item]))
    assert satchel("import", folder / "mem0.json").code == 0
