"""Encrypted packages from the command line: out for a key or a passphrase, checked, verified, in again; and what is missing."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from satchel.trust.age import VARIABLE
from tests.cli.conftest import Run
from tests.formats.portable_ai_memory.packages import Package, memory, store

TO = ("--to", "portable-ai-memory")


@pytest.fixture
def public() -> str:
    return str(pyrage.x25519.Identity.from_str(KEY).to_public())


KEY = str(pyrage.x25519.Identity.generate())


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.txt"
    path.write_text(f"# mine\n{KEY}\n")
    return path


@pytest.fixture
def filled(satchel: Run, tmp_path: Path) -> Run:
    assert satchel("import", Package(store(memory("m", "Rides a bicycle"))).folder(tmp_path / "in")).code == 0
    assert satchel("keys", "create").code == 0
    return satchel


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another machine: no vault, the same passphrase for one to come."""
    monkeypatch.setenv("SATCHEL_VAULT", str(tmp_path / "other"))


def test_the_journey_by_a_key(filled: Run, key: Path, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.zip.age"
    wrote = filled("export", *TO, "--sign", "main", "--encrypt-to", public, target)
    assert wrote.code == 0 and "encrypted" in wrote.out
    assert target.stat().st_mode & 0o777 == 0o600
    checked = filled("validate", "--identity", key, target, "--json")
    assert (checked.code, json.loads(checked.out)["valid"]) == (0, True)
    assert "Verified: signed by main" in filled("verify", "--identity", key, target).out
    elsewhere(monkeypatch, tmp_path)
    assert filled("import", "--identity", key, target).code == 0
    assert "Rides a bicycle" in filled("search", "bicycle").out


def test_the_journey_by_an_ssh_key(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Ed25519PrivateKey.generate()
    (tmp_path / "id").write_bytes(pair.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    line = pair.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " me@laptop\n"
    assert filled("export", *TO, "--encrypt-to", line, tmp_path / "out.age").code == 0
    elsewhere(monkeypatch, tmp_path)
    assert filled("import", "--identity", tmp_path / "id", tmp_path / "out.age").code == 0
    assert "Rides a bicycle" in filled("search", "bicycle").out


def test_the_journey_by_a_passphrase(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.zip.age"
    monkeypatch.setenv(VARIABLE, "a long passphrase")
    said = json.loads(filled("export", *TO, "--encrypt-passphrase", target, "--json").out)
    assert said["encrypted"] is True
    assert pyrage.passphrase.decrypt(target.read_bytes(), "a long passphrase").startswith(b"PK")
    elsewhere(monkeypatch, tmp_path)
    monkeypatch.setenv(VARIABLE, "another")
    wrong = filled("import", target)
    assert wrong.code == 1 and "does not open it" in wrong.err
    assert not (tmp_path / "other").exists()
    monkeypatch.setenv(VARIABLE, "a long passphrase")
    assert filled("import", target).code == 0
    assert "Rides a bicycle" in filled("search", "bicycle").out


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A person at a terminal, who types these one after another; all of it is asked for."""
    words: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": words.pop(0))
    yield words
    assert words == []


def test_a_passphrase_is_typed_twice_to_write_and_once_to_read(filled: Run, typed: list[str], tmp_path: Path) -> None:
    target = tmp_path / "out.zip.age"
    typed += ["one", "two"]
    refused = filled("export", *TO, "--encrypt-passphrase", target)
    assert refused.code == 2 and "not the same" in refused.err and not target.exists()
    typed += [""]
    assert "empty" in filled("export", *TO, "--encrypt-passphrase", target).err
    typed += ["one", "one"]
    assert filled("export", *TO, "--encrypt-passphrase", target).code == 0
    typed += ["one"]
    assert filled("validate", target).code == 0
    typed += ["two"]
    assert "does not open it" in filled("validate", target).err


def test_what_is_missing_is_one_line(
    filled: Run, key: Path, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_key, by_words = tmp_path / "key.age", tmp_path / "words.age"
    filled("export", *TO, "--encrypt-to", public, by_key)
    monkeypatch.setenv(VARIABLE, "x")
    filled("export", *TO, "--encrypt-passphrase", by_words)
    monkeypatch.delenv(VARIABLE)
    (tmp_path / "other.txt").write_text(str(pyrage.x25519.Identity.generate()))
    for verb in ("import", "validate", "verify"):
        for words, code, said in (
            ((by_key,), 1, "--identity FILE"),
            ((by_words,), 1, VARIABLE),
            ((by_key, "--identity", tmp_path / "other.txt"), 1, "none of yours"),
            ((by_key, "--identity", tmp_path / "none.txt"), 1, "No such file"),
            ((by_key, "--identity", by_key), 1, "encrypted itself"),
        ):
            told = filled(verb, *words)
            assert (told.code, told.out) == (code, "")
            assert said in told.err and told.err.count("\n") == 1
            asked = json.loads(filled(verb, *words, "--json").out)
            assert asked["error"]["code"] in ("locked", "input")
    assert filled("validate", by_words, "--identity", key, "--limit", "age_work_factor=9").err.count("age_work_factor=10") == 1


def test_wrong_use_is_told_and_nothing_is_written(filled: Run, public: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    for words, said in (
        ((*TO, "--encrypt-to", public, place / "out.zip"), "no zip"),
        ((*TO, place / "out.zip.age"), "nobody is named"),
        ((*TO, "--encrypt-to", "bob", place / "out.age"), "age1"),
        ((*TO, "--encrypt-to", public, "--encrypt-passphrase", place / "out.age"), "not both"),
        ((*TO, "--encrypt-passphrase", place / "out.age"), VARIABLE),
        (("--to", "portable-memory", "--encrypt-to", public, place / "out.mem"), "no encrypted form"),
    ):
        told = filled("export", *words)
        assert (told.code, told.err.count("\n")) == (2, 1)
        assert said in told.err
    assert list(place.iterdir()) == []


def test_signing_a_zip_and_not_what_is_encrypted(filled: Run, key: Path, public: str, tmp_path: Path) -> None:
    plain, target = tmp_path / "out.zip", tmp_path / "out.zip.age"
    filled("export", *TO, plain)
    filled("export", *TO, "--encrypt-to", public, target)
    assert filled("verify", plain).code == 3
    assert filled("sign", plain, "--did", "key").code == 0
    assert "Verified: signed by main" in filled("verify", plain).out
    assert filled("validate", plain).code == 0
    before = target.read_bytes()
    refused = filled("sign", target)
    assert refused.code == 2 and "--encrypt-to" in refused.err and "decrypt" in refused.err
    assert target.read_bytes() == before


def test_no_key_and_no_passphrase_is_shown(
    filled: Run, key: Path, public: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "a long passphrase")
    told = [
        filled("export", *TO, "--encrypt-passphrase", tmp_path / "a.age"),
        filled("import", tmp_path / "a.age", "--identity", key),
        filled("import", key, "--identity", key),
        filled("validate", tmp_path / "a.age", "--identity", tmp_path / "a.age"),
        filled("export", *TO, "--encrypt-to", KEY, tmp_path / "b.age"),
        filled("log"),
    ]
    for result in told:
        assert KEY[:30] not in result.out + result.err and "a long passphrase" not in result.out + result.err
