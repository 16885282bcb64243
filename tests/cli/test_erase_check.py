"""Erase-check, receipts and exports, as they are typed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SECRET = "Zorblax the tortoise hides seventeen keys under the quince tree"


@pytest.fixture
def filled(satchel: Run, tmp_path: Path) -> Run:
    talk = {
        "uuid": "3c2b7b1e-52a4-4b0e-9d41-5c6ad1f3b001",
        "name": "Of tortoises",
        "chat_messages": [
            {"uuid": "3c2b7b1e-52a4-4b0e-9d41-5c6ad1f3b002", "sender": "human", "text": SECRET},
            {"uuid": "3c2b7b1e-52a4-4b0e-9d41-5c6ad1f3b003", "sender": "assistant", "text": "How many does it need?"},
        ],
    }
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps([talk]))
    assert satchel("import", source).code == 0
    return satchel


def test_nothing_is_left_after_forgetting(filled: Run) -> None:
    assert "nothing was forgotten" in filled("erase-check").out
    assert filled("forget", "--search", "Zorblax", "--yes").code == 0
    first = filled("erase-check", "--json")
    assert (first.code, json.loads(first.out)["found"]) == (0, 0)
    assert json.loads(first.out)["residue"]["sought"] > 10
    assert "nothing was forgotten" in filled("erase-check").out, "a clean search drops what it looked for"


def test_a_copy_beside_the_vault_is_found_and_told_without_content(filled: Run, tmp_path: Path) -> None:
    filled("forget", "--search", "Zorblax", "--yes")
    (tmp_path / "vault" / "notes.txt").write_text(SECRET)
    found = filled("erase-check")
    assert found.code == 3
    assert "notes.txt" in found.out
    assert "Zorblax" not in found.out
    assert filled("erase-check", "--drop").code == 3
    assert filled("erase-check").code == 0


def test_another_products_folder_is_searched_for_lines_and_for_records(filled: Run, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with sqlite3.connect(folder / "history.db", isolation_level=None) as connection:
        connection.execute("CREATE TABLE history (old_memory)")
        connection.execute("INSERT INTO history VALUES (?)", (SECRET,))
    connection.close()
    lines = tmp_path / "deleted.txt"
    lines.write_text(f"{SECRET}\n\n")
    assert filled("erase-check", "--in", folder, "--for", lines).code == 3
    uid = filled("search", "Zorblax").out.split()[0]
    found = filled("erase-check", "--in", folder, "--for", uid, "--json")
    assert found.code == 3
    assert [place["place"] for place in json.loads(found.out)["residue"]["places"] if place["found"]] == ["history.db"]
    lines.write_text("A sentence that nobody in this test has ever written\n")
    assert filled("erase-check", "--in", folder, "--for", lines).code == 0
    filled("forget", uid, "--yes")
    assert filled("erase-check", "--in", folder).code == 3, "what the vault forgot is looked for too"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--for", "x.txt"], "--in PATH"),
        (["--in", ".", "--drop"], "--drop is for a search of the vault"),
        (["--in", "nowhere", "--for", "README.md"], "nothing at"),
    ],
)
def test_used_wrongly(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("Long enough to look for")
    found = filled("erase-check", *words)
    assert found.code == 2
    assert said in found.err


def test_words_that_are_too_short_are_refused(filled: Run, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("Anna\nBob\n")
    found = filled("erase-check", "--in", tmp_path, "--for", tmp_path / "short.txt")
    assert found.code == 2
    assert "8 characters" in found.err


def test_a_receipt_is_written_and_verified(filled: Run, tmp_path: Path) -> None:
    filled("export", "--to", "portable-memory", tmp_path / "before.mem")
    assert "before.mem" in filled("log", "--exports").out
    told = filled("forget", "--search", "Zorblax", "--yes", "--receipt", tmp_path / "first.json")
    assert "before.mem (portable-memory" in told.out
    assert (tmp_path / "first.html").read_bytes().startswith(b"<!doctype html>")
    filled("erase-check")
    assert filled("receipt", tmp_path / "second.json").code == 0
    value = json.loads((tmp_path / "second.json").read_bytes())
    assert (value["checked"]["found"], value["checked"]["unreadable"]) == (0, 0)
    assert filled("verify", tmp_path / "second.json").code == 0
    assert "Verified" in filled("verify", "--key", value["signature"]["key"], tmp_path / "second.json").out
    value["erased"]["records"]["message"] = 2
    (tmp_path / "second.json").write_text(json.dumps(value))
    assert filled("verify", tmp_path / "second.json").code == 3


def test_nothing_forgotten_has_no_receipt(filled: Run, tmp_path: Path) -> None:
    assert filled("receipt", tmp_path / "none.json").code == 1
    assert not (tmp_path / "none.json").exists()


def test_a_provider_that_is_not_known(filled: Run) -> None:
    found = filled("forget", "--search", "Zorblax", "--at", "hal9000", "--yes")
    assert found.code == 2
    assert "mem0, letta" in found.err


def test_what_is_not_noted_does_not_leave(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from satchel.errors import VaultFull
    from satchel.vault.sqlite.store import SqliteStore

    def full(*_given: object) -> int:
        raise VaultFull("the disk is full")

    monkeypatch.setattr(SqliteStore, "begin_export", full)
    assert filled("export", "--to", "portable-memory", tmp_path / "out.mem").code == 1
    assert not (tmp_path / "out.mem").exists()


def test_an_export_that_failed_has_not_left(filled: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    assert filled("export", "--to", "portable-memory", tmp_path / "taken").code == 1
    assert json.loads(filled("log", "--exports", "--json").out)["exports"] == []
