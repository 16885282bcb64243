"""``satchel keys`` for machines, and what a key's trust comes to when it is taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.trust.public_keys import read_typed_key
from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.formats.portable_ai_memory import packages, signed

KEY = signed.KEY.public.text


@pytest.fixture
def vault(satchel: Run) -> Run:
    assert satchel("import", ROOT / "examples" / "claude").code == 0
    return satchel


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = packages.Package(signed.store(packages.memory("m1", "Likes tea"))).folder(tmp_path / "package")
    signed.sign(folder / "memory-store.json")
    return folder


def told(satchel: Run, *words: object) -> Any:
    done = satchel(*words, "--json")
    assert done.code == 0 and done.err == "", done
    return json.loads(done.out)


def trusts(satchel: Run) -> list[str]:
    found = told(satchel, "search", "tea")["hits"]
    return [told(satchel, "show", hit["record"]["uid"])["record"].get("trust", "imported") for hit in found]


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
    assert told(vault, "keys", "distrust", KEY) == {
        "dry_run": False,
        "distrusted": {"public": KEY, "fingerprint": read_typed_key(KEY).fingerprint},
        "lowered": {},
        "records": 0,
    }
    assert told(vault, "keys", "distrust", "did:web:example.org", "--dry-run")["distrusted"] == {"did": "did:web:example.org"}
    assert told(vault, "keys", "distrust", "did:web:example.org")["records"] == 0
    assert vault("keys", "distrust", "did:web:example.org", "--dry-run").code == 1
    recovery = told(vault, "keys", "recovery", "--yes")["recovery_key"]
    monkeypatch.setenv("SATCHEL_RECOVERY_KEY", recovery)
    monkeypatch.setenv("SATCHEL_NEW_PASSPHRASE", "another passphrase")
    assert told(vault, "keys", "recover") == {**kept, "recovery": True}
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "another passphrase")
    assert told(vault, "keys", "passphrase")["keeper"] == kept["keeper"]


def test_distrust_lowers_what_the_key_verified(vault: Run, package: Path) -> None:
    vault("keys", "trust", KEY)
    assert vault("import", package).code == 0
    assert trusts(vault) == ["verified"]
    done = vault("keys", "distrust", KEY, "--dry-run")
    assert "1 record would be lowered" in done.out and "Dry run" in done.out
    assert trusts(vault) == ["verified"]
    assert told(vault, "keys", "distrust", KEY)["lowered"] == {"memory": 1}
    assert trusts(vault) == ["imported"]
    vault("keys", "trust", KEY)
    vault("import", package)
    assert trusts(vault) == ["verified"]
    assert "1 record lowered" in vault("keys", "distrust", KEY).out


@pytest.mark.parametrize("forgets", [True, False])
def test_a_key_that_a_source_is_named_by_is_trusted_no_more(vault: Run, package: Path, forgets: bool) -> None:
    vault("keys", "trust", KEY)
    vault("import", package)
    words = ["distrust", "--key", KEY, *(["--forget"] if forgets else [])]
    assert told(vault, *words, "--dry-run")["distrusted_keys"] == [KEY]
    assert told(vault, "keys", "list")["trusted"]
    done = vault(*words, "--yes")
    assert done.code == 0 and "1 key is trusted no more" in done.out
    assert told(vault, "keys", "list")["trusted"] == []
    assert trusts(vault) == ([] if forgets else ["imported"])


def test_a_key_of_which_nothing_came_is_named_elsewhere(vault: Run) -> None:
    refused = vault("distrust", "--key", KEY)
    assert refused.code == 2 and "satchel keys distrust" in refused.err
