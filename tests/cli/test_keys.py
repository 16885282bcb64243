"""``satchel keys`` for machines, and what a key's trust comes to when it is taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.trust.public_keys import read_typed_key
from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.formats.portable_ai_memory import signed

KEY = signed.KEY.public.text


@pytest.fixture
def vault(satchel: Run) -> Run:
    assert satchel("import", ROOT / "examples" / "claude").code == 0
    return satchel


def told(satchel: Run, *words: object) -> Any:
    done = satchel(*words, "--json")
    assert done.code == 0 and done.err == "", done
    return json.loads(done.out)


def test_every_command_has_one_document(vault: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = told(vault, "keys", "show")
    assert kept.keys() == {"vault", "id", "keeper", "recovery"}
    made = told(vault, "keys", "create")
    exported = told(vault, "keys", "export", "--private", tmp_path / "half")
    assert exported == {
        "name": "main",
        "algorithm": "Ed25519",
        "public": made["public"],
        "fingerprint": read_typed_key(made["public"]).fingerprint,
        "private_file": str(tmp_path / "half"),
    }
    assert (tmp_path / "half").read_text().strip() not in json.dumps(exported)
    assert told(vault, "keys", "export")["private_file"] is None
    trusted = told(vault, "keys", "trust", KEY, "--name", "laptop")["trusted"]
    assert (trusted["public"], trusted["name"]) == (KEY, "laptop")
    assert told(vault, "keys", "trust", "did:web:example.org")["trusted"]["did"] == "did:web:example.org"
    named = {"public": KEY, "fingerprint": read_typed_key(KEY).fingerprint}
    assert told(vault, "keys", "distrust", KEY) == {"distrusted": named}
    assert told(vault, "keys", "distrust", "did:web:example.org") == {"distrusted": {"did": "did:web:example.org"}}
    recovery = told(vault, "keys", "recovery", "--yes")["recovery_key"]
    monkeypatch.setenv("SATCHEL_RECOVERY_KEY", recovery)
    monkeypatch.setenv("SATCHEL_NEW_PASSPHRASE", "another passphrase")
    assert told(vault, "keys", "recover") == {**kept, "recovery": True}
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "another passphrase")
    assert told(vault, "keys", "passphrase")["keeper"] == kept["keeper"]
