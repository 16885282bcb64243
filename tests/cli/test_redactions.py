"""``satchel export --redact`` and ``satchel redactions`` as they are typed."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pyrage
import pytest

from tests.cli.conftest import Result, Run

TEXT = "Alice's mail is alicecanary@example.com, her phone 555-010-0123"
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDajrV4w0tvmRK4Lm6vgBnralyyYgZ7peau85M1IQ981"


@pytest.fixture
def vault(satchel: Run, tmp_path: Path) -> Run:
    item = {"id": "8f3c0a52-1e0e-4a0e-9f59-0d5c1f9f3f00", "memory": TEXT, "created_at": "2025-01-01T00:00:00Z"}
    (tmp_path / "mem0.json").write_text(json.dumps([item]))
    assert satchel("import", tmp_path / "mem0.json").code == 0
    return satchel


def redacted(satchel: Run, target: Path, *more: str) -> tuple[Result, Path | None, list[str]]:
    result = satchel("export", "--to", "portable-ai-memory", "--redact", *more, target)
    kept = next(target.parent.glob(f"{target.name}.*.redactions.json"), None)
    text = (target / "memory-store.json").read_text() if result.code == 0 else ""
    return result, kept, re.findall(r"\[REDACTED:\w+:\w+\]", text)


def test_a_redacted_export_says_what_it_took_out(vault: Run, tmp_path: Path) -> None:
    result, kept, tokens = redacted(vault, tmp_path / "out")
    assert result.code == 0 and kept is not None and len(tokens) == 2
    assert "Taken out: 1 email, 1 phone_us." in result.out and "Do not share the two together" in result.out
    assert "alicecanary" not in result.out + result.err
    said = json.loads(vault("export", "--to", "portable-memory", "--redact", "--json", tmp_path / "b.mem").out)
    assert said["redaction"]["types"] == {"email": 1, "phone_us": 1}
    assert Path(said["redaction"]["store"]).is_file()


def test_types_are_chosen(vault: Run, tmp_path: Path) -> None:
    result, _, tokens = redacted(vault, tmp_path / "out", "--redact-types", "email")
    assert result.code == 0 and [token.split(":")[1] for token in tokens] == ["email"]
    assert "555-010-0123" in (tmp_path / "out" / "memory-store.json").read_text()
    unknown = redacted(vault, tmp_path / "x", "--redact-types", "names")[0]
    assert unknown.code == 2 and "types: private_key" in unknown.err and not (tmp_path / "x").exists()


def test_a_token_and_a_text_are_recovered(vault: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, kept, tokens = redacted(vault, tmp_path / "out")
    shown = vault("redactions", "recover", kept, tokens[0])
    assert (shown.code, shown.out) == (0, "alicecanary@example.com\n")
    both = json.loads(vault("redactions", "recover", "--json", kept, *tokens).out)
    assert [both[token]["type"] for token in tokens] == ["email", "phone_us"]
    typed(monkeypatch, f"Dear {tokens[0]},\ncall {tokens[1]}\n".encode())
    assert vault("redactions", "recover", kept).out == "Dear alicecanary@example.com,\ncall 555-010-0123\n"
    missing = vault("redactions", "recover", kept, "[REDACTED:email:zzzzzzzz]")
    assert missing.code == 1 and "no such token" in missing.err
    assert json.loads(vault("redactions", "types", "--json", kept).out) == {"types": {"email": 1, "phone_us": 1}}


def typed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))


@pytest.mark.parametrize(
    "odd",
    [b"\xff\xfe caf\xe9 \x00\r\n", b"\xed\xa0\x80 half \xed\xb2\xa9", "žluť 🦆\r".encode()],
    ids=["no UTF-8", "halves", "UTF-8"],
)
def test_any_bytes_come_back_round_what_is_recovered(
    vault: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: bytes
) -> None:
    _, kept, tokens = redacted(vault, tmp_path / "out")
    token = tokens[0].encode()
    typed(monkeypatch, odd + token + odd)
    out = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, "utf-8"))
    assert vault("redactions", "recover", kept).code == 0
    assert out.getvalue() == odd + b"alicecanary@example.com" + odd


def test_as_json_halves_of_pairs_are_escaped_and_other_encodings_refused(
    vault: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept, tokens = redacted(vault, tmp_path / "out")
    token = tokens[0].encode()
    typed(monkeypatch, b"\xed\xa0\x80 " + token)
    done = vault("redactions", "recover", "--json", kept)
    assert done.code == 0 and json.loads(done.out) == {"text": "\ud800 alicecanary@example.com"}
    typed(monkeypatch, b"caf\xe9 " + token)
    refused = vault("redactions", "recover", "--json", kept)
    assert refused.code == 2 and "not UTF-8" in refused.err and "alicecanary" not in refused.out + refused.err


def test_a_key_is_destroyed_after_being_asked(vault: Run, tmp_path: Path) -> None:
    _, kept, tokens = redacted(vault, tmp_path / "out")
    assert kept is not None
    (listed,) = json.loads(vault("redactions", "list", "--json").out)
    tried = vault("redactions", "shred", listed["id"], "--dry-run")
    assert tried.code == 0 and "1 email, 1 phone_us" in tried.out
    unasked = vault("redactions", "shred", listed["id"])
    assert unasked.code == 2 and "--yes" in unasked.err
    assert vault("redactions", "recover", kept, tokens[0]).code == 0
    assert vault("redactions", "shred", listed["id"], "--yes").code == 0
    gone = vault("redactions", "recover", kept, tokens[0])
    assert gone.code == 1 and "was destroyed" in gone.err and "alicecanary" not in gone.out
    assert "destroyed" in vault("redactions", "list").out


def test_irreversible_and_sealed(vault: Run, tmp_path: Path) -> None:
    result, kept, _ = redacted(vault, tmp_path / "never", "--irreversible")
    assert result.code == 0 and kept is None
    assert "There are none" in vault("redactions", "list").out
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "id.txt").write_text(f"# made by a test\n{identity}\n")
    (tmp_path / "id.txt").chmod(0o600)
    _, kept, tokens = redacted(vault, tmp_path / "out", "--seal-to", str(identity.to_public()))
    assert vault("redactions", "recover", "--identity", tmp_path / "id.txt", kept, tokens[0]).out == "alicecanary@example.com\n"
    assert vault("redactions", "recover", kept, tokens[0]).code == 1
    # The last is the X25519 point zero.
    for nobody in ("alice", SSH_KEY, "age1" + "q" * 52 + "5cu47z"):
        tried = redacted(vault, tmp_path / "x", "--seal-to", str(identity.to_public()), "--seal-to", nobody)[0]
        assert tried.code == 2 and len(tried.err.splitlines()) == 1 and "Traceback" not in tried.err
        assert not list(tmp_path.glob("x*"))


def test_options_without_redact_are_refused(vault: Run, tmp_path: Path) -> None:
    for option in (
        ["--irreversible"],
        ["--recoverable-by", "operator:a"],
        ["--redact-types", "email"],
        ["--consistent"],
        ["--detector", "presidio"],
    ):
        result = vault("export", "--to", "portable-ai-memory", *option, tmp_path / "out")
        assert result.code == 2 and "--redact" in result.err
    unknown = redacted(vault, tmp_path / "out", "--detector", "oracle")[0]
    assert unknown.code == 2 and "presidio" in unknown.err
    assert not (tmp_path / "out").exists()


def test_somebody_else_recovers_with_a_token(vault: Run, tmp_path: Path) -> None:
    _, kept, tokens = redacted(vault, tmp_path / "out")
    vault("keys", "create")
    for name, permission in (("good", "redact"), ("poor", "read")):
        made = vault("grant", "--everything", "-p", permission, "--audience", "operator:admin", "-o", tmp_path / f"{name}.json")
        assert made.code == 0
    asking = ("redactions", "recover", kept, tokens[0])
    good = vault("--token", tmp_path / "good.json", "--caller", "operator:admin", *asking)
    assert (good.code, good.out) == (0, "alicecanary@example.com\n")
    for name, caller in (("poor", "operator:admin"), ("good", "operator:eve"), ("good", "")):
        refused = vault("--token", tmp_path / f"{name}.json", "--caller", caller, *asking)
        assert refused.code == 1 and "PAM_" in refused.err and "alicecanary" not in refused.out
    _, kept, tokens = redacted(vault, tmp_path / "other", "--recoverable-by", "operator:boss")
    other = vault("--token", tmp_path / "good.json", "--caller", "operator:admin", "redactions", "recover", kept, tokens[0])
    assert other.code == 1 and "another audience" in other.err
    owners = vault("--token", tmp_path / "good.json", "--caller", "operator:admin", "redactions", "list")
    assert owners.code == 1
    assert "redaction-recovered" in vault("log", "--audit").out


def test_what_is_no_store_is_said_to_be_none(vault: Run, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "x.json").chmod(0o600)
    result = vault("redactions", "recover", tmp_path / "x.json", "t")
    assert result.code == 1 and "no encrypted redaction store" in result.err
    assert vault("redactions", "recover", tmp_path / "missing.json", "t").code == 1
