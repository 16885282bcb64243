"""The main job from the command line, on the examples: in, found, read, out, taken back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"


def ids(text: str) -> list[str]:
    return re.findall(r"^([0-9a-f]{10})  ", text, re.MULTILINE)


def test_import_shows_the_recovery_key_once_and_a_closing_table(satchel: Run) -> None:
    first = satchel("import", EXAMPLES)
    assert first.code == 0
    assert len(re.findall(r"AGE-SECRET-KEY-1[0-9A-Z]{58}", first.err)) == 1
    assert "AGE-SECRET" not in first.out
    assert re.search(r"^conversation +7 +0 +0 +0$", first.out, re.MULTILINE)
    assert "account data" in first.out
    again = satchel("import", EXAMPLES)
    assert "AGE-SECRET" not in again.err
    assert re.search(r"^conversation +0 +0 +7 +0$", again.out, re.MULTILINE)


def test_search_show_and_raw(satchel: Run) -> None:
    satchel("import", EXAMPLES)
    found = satchel("search", "自転車")
    assert found.code == 0
    assert ids(found.out)
    talks = json.loads(satchel("search", "ferry", "--kind", "conversation", "--source", "claude", "--json").out)
    uid = talks["hits"][0]["record"]["uid"]
    shown = satchel("show", uid[:8])
    assert "You · " in shown.out
    markdown = satchel("show", uid, "--markdown").out
    assert markdown.startswith("# ")
    raw = json.loads(satchel("show", uid, "--raw").out)
    source = json.loads((EXAMPLES / "claude" / "conversations.json").read_bytes())
    assert raw in source


def test_export_is_valid_for_us_and_reproducible(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    one = satchel("export", "--to", "portable-ai-memory", tmp_path / "one")
    assert one.code == 0
    satchel("export", "--to", "portable-ai-memory", tmp_path / "two")
    trees = [
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("one", "two")
    ]
    assert trees[0] == trees[1]
    checked = satchel("validate", tmp_path / "one")
    assert (checked.code, checked.out) == (0, "Valid Portable AI Memory 1.0: 0 errors, 0 warnings.\n")
    store = tmp_path / "one" / "memory-store.json"
    store.write_bytes(store.read_bytes().replace(b'"content_hash":"sha256:', b'"content_hash":"sha256:0', 1))
    assert satchel("validate", tmp_path / "one").code == 3


def test_log_compare_and_undo(satchel: Run) -> None:
    satchel("import", EXAMPLES / "claude")
    satchel("import", EXAMPLES)
    assert "import of claude" in satchel("log").out
    assert "account data" in satchel("log", 2).out
    compared = satchel("log", 3, "--compare")
    assert compared.code == 0
    assert "new " in compared.out
    told = satchel("undo", 3, "--dry-run")
    assert "conversation" in told.out
    assert satchel("undo", 3).code == 2, "nobody can be asked here"
    assert satchel("undo", 3, "--yes").code == 0
    assert set(json.loads(satchel("stats", "--json").out)["stats"]["platforms"]) == {"claude"}
    assert "taken back by 4" in satchel("log").out
    audit = satchel("log", "--audit")
    assert "intact" in audit.out
    assert satchel("stats", "--check").code == 0


def test_dry_run_makes_no_vault(satchel: Run, tmp_path: Path) -> None:
    told = satchel("import", EXAMPLES, "--dry-run")
    assert told.code == 0
    assert "nothing was kept" in told.out
    assert not (tmp_path / "vault").exists()


def test_keys_passphrase_and_recovery(satchel: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = satchel("import", EXAMPLES / "claude")
    recovery = re.search(r"AGE-SECRET-KEY-1\w+", made.err)
    assert recovery
    assert "under a passphrase" in satchel("keys", "show").out
    monkeypatch.setenv("SATCHEL_NEW_PASSPHRASE", "second")
    assert satchel("keys", "passphrase").code == 0
    wrong = satchel("stats")
    assert wrong.code == 1
    assert wrong.err.count("\n") == 1
    assert "the passphrase does not open the vault's key" in wrong.err
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "second")
    assert satchel("stats").code == 0
    monkeypatch.setenv("SATCHEL_RECOVERY_KEY", recovery[0])
    monkeypatch.setenv("SATCHEL_NEW_PASSPHRASE", "third")
    assert satchel("keys", "recover").code == 0
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "third")
    renewed = satchel("keys", "recovery", "--yes")
    assert "AGE-SECRET-KEY-1" in renewed.out
    monkeypatch.setenv("SATCHEL_RECOVERY_KEY", recovery[0])
    assert satchel("keys", "recover").code == 1


def test_broken_parts_are_named_and_the_rest_arrives(satchel: Run, tmp_path: Path) -> None:
    good = json.loads((EXAMPLES / "claude" / "conversations.json").read_bytes())
    text = json.dumps(good)[:-1] + ', 17, {"uuid": "x", "chat_messages": [}]'
    (tmp_path / "conversations.json").write_text(text)
    result = satchel("import", tmp_path / "conversations.json")
    assert result.code == 3
    assert f"element {len(good)}" in result.out
    assert f"element {len(good) + 1}" in result.out
    assert re.search(r"^conversation +3 ", result.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("import", "no-such-file"), 2, "no-such-file"),
        (("search", "x"), 1, "there is no vault"),
        (("show", "zz"), 1, "there is no vault"),
        (("import", "--as", "myspace", "."), 2, "no adapter is called 'myspace'"),
        (("import", "--limit", "colour=3", "."), 2, "no limit is called 'colour'"),
        (("validate", "nowhere"), 1, "nothing at nowhere"),
        (("frobnicate",), 2, "frobnicate"),
        (("log", "--compare"), 2, "needs an import's number"),
    ],
)
def test_errors_are_one_line_with_what_to_do(satchel: Run, words: tuple[str, ...], code: int, message: str) -> None:
    result = satchel(*words)
    assert result.code == code
    assert message in result.err
    assert "Traceback" not in result.err


def test_errors_for_machines(satchel: Run) -> None:
    result = satchel("stats", "--json")
    assert result.code == 1
    assert json.loads(result.out)["error"]["code"] == "vault-missing"


def test_what_is_not_an_export_is_told_with_what_it_is(satchel: Run, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"colour": "blue", "size": 3}')
    result = satchel("import", tmp_path / "other.json")
    assert result.code == 1
    assert "object with colour, size" in result.err
    assert "chatgpt" in result.err


def test_terminal_escapes_in_a_talk_are_shown_not_obeyed(satchel: Run, tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07 \x1b[31mred\u202egnirts"
    talk = {"uuid": "u", "name": evil, "chat_messages": [{"uuid": "m", "sender": "human", "text": f"needle {evil}"}]}
    (tmp_path / "c.json").write_text(json.dumps([talk]))
    satchel("import", tmp_path / "c.json")
    found = satchel("search", "needle")
    shown = satchel("show", ids(found.out)[0])
    whole = satchel("show", json.loads(satchel("search", "needle", "--json").out)["hits"][0]["record"]["links"][0]["to"])
    for result in (found, shown, whole, satchel("log", 2), satchel("stats")):
        assert "\x1b" not in result.out
        assert "\x07" not in result.out
        assert "\u202e" not in result.out
    assert "owned" in whole.out


def test_every_command_has_help_with_an_example(satchel: Run) -> None:
    listed = re.findall(r"^  ([\w-]+) ", satchel("--help").out.split("Commands:")[1], re.MULTILINE)
    assert listed == [
        *(
            "import",
            "search",
            "show",
            "log",
            "stats",
            "undo",
            "forget",
            "redact",
            "erase-check",
            "receipt",
            "export",
            "validate",
            "schema",
            "sign",
            "verify",
            "evidence",
            "certify",
        ),
        "keys",
    ]
    for command in listed:
        text = satchel(command, "--help").out
        assert "Usage: satchel" in text
        if command != "keys":
            assert f"  satchel {command} " in text, command


def test_many_first_imports_at_once_make_one_vault(satchel: Run, tmp_path: Path) -> None:
    environment = {**os.environ, "SATCHEL_PASSPHRASE": "a passphrase", "SATCHEL_VAULT": str(tmp_path / "vault")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "satchel", "import", str(EXAMPLES / name)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("chatgpt", "claude", "chatgpt", "claude")
    ]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], outputs
    assert sum("AGE-SECRET-KEY-1" in err for _, err in outputs) == 1
    held = json.loads(satchel("stats", "--check", "--json").out)
    assert held["damage"] == []
    assert held["stats"]["records"]["conversation"] == 7
    assert held["stats"]["imports"] == 4
    assert sorted(path.name for path in (tmp_path / "vault").iterdir()) == ["key.age", "recovery.age", "vault.db", "vault.json"]
