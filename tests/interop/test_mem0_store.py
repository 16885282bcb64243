"""The real mem0: what its own store holds after it deleted, searched by our residue scan; and forgetting there by its API."""

from __future__ import annotations

import importlib.util
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import CliRunner

from satchel.cli.app import app
from satchel.move import erase_check, forgetting
from satchel.move.elsewhere import api_of, provider_called, wanted_of
from satchel.move.imports import import_paths
from satchel.trust.secrets import Secret, new_key
from satchel.vault import erase_check as vault_check
from satchel.vault.folder import open_with_key
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting
from tests.interop.embedder import Embedder

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mem0") is None, reason="mem0 is not installed: uv sync --group providers"
)

HARMLESS = "I would rather read about lighthouses than about castles"


class Person(NamedTuple):
    """Somebody of one test alone, with a secret: the process and its folder serve all tests."""

    id: str
    word: str
    secret: str


class Mem0Process:
    """The process and its routes; the folder is its whole store."""

    def __init__(self, folder: Path, embedder: str) -> None:
        self.folder = folder
        script = Path(__file__).with_name("mem0_process.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(folder), embedder],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder.parent,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.api = api_of("mem0", self.url, Secret(b"m0-test-key"))

    def call(self, method: str, *path: str, **more: Any) -> Any:
        answer = self.api.call(method, *path, **more)
        assert answer.is_good, answer
        return answer.value

    def add(self, person: Person, text: str) -> str:
        """Keep a text as it is; the id of the memory."""
        body = {"messages": [{"role": "user", "content": text}], "user_id": person.id, "infer": False}
        return str(self.call("POST", "memories", body=body)["results"][0]["id"])

    def listed(self, person: Person) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "memories", query={"user_id": person.id})["results"]
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def mem0(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mem0Process]:
    folder = tmp_path_factory.mktemp("mem0")
    with Embedder() as embedder:
        process = Mem0Process(folder, embedder.url)
        try:
            yield process
        finally:
            process.stop()


@pytest.fixture
def anna() -> Person:
    word = f"Zorblax{secrets.token_hex(4)}"
    return Person(f"anna-{word}", word, f"My sourdough starter is called {word} and lives behind the boiler")


@pytest.fixture
def vault(tmp_path: Path) -> tuple[Path, Secret]:
    folder, key = tmp_path / "vault", new_key()
    folder.mkdir()
    SqliteStore.create(folder / "vault.db", key, owner_id="7f1c0e5e-6f43-4c8e-9a53-0f1e2d3c4b5a").close()
    return folder, key


def into_vault(mem0: Mem0Process, anna: Person, vault: tuple[Path, Secret], tmp_path: Path) -> None:
    export = tmp_path / "mem0-export.json"
    export.write_bytes(msgspec.json.encode({"results": mem0.listed(anna)}))
    with closing(open_with_key(*vault)) as store:
        import_paths(store, [export])


def test_mem0_still_holds_the_text_after_delete_all_and_we_do_not(
    mem0: Mem0Process, anna: Person, vault: tuple[Path, Secret], tmp_path: Path
) -> None:
    mem0.add(anna, anna.secret)
    into_vault(mem0, anna, vault, tmp_path)
    mem0.call("DELETE", "memories", query={"user_id": anna.id})
    assert mem0.listed(anna) == [], "it says that nothing is there"
    theirs = erase_check.check(mem0.folder, erase_check.sought([anna.secret]))
    assert "history.db" in [place.place for place in theirs.places if place.found]
    assert not erase_check.check(mem0.folder, erase_check.sought([anna.secret[::-1]])).found

    with closing(open_with_key(*vault)) as store:
        forgetting.forget(store, Forgetting(words=anna.word))
    ours = vault_check.check(*vault)
    assert ours.sought
    assert (ours.found, ours.unreadable) == (0, 0)


def test_forgetting_there_deletes_and_tells_what_is_still_shown(
    mem0: Mem0Process, anna: Person, vault: tuple[Path, Secret], tmp_path: Path
) -> None:
    mem0.add(anna, anna.secret)
    mem0.add(anna, HARMLESS)
    into_vault(mem0, anna, vault, tmp_path)
    with closing(open_with_key(*vault)) as store:
        wanted = wanted_of(store, forgetting.preview(store, Forgetting(words=anna.word)), "mem0")
    looked = provider_called("mem0").delete(mem0.api, wanted, user=anna.id, dry_run=True, progress=lambda _count: None)
    assert (looked.found, looked.deleted, len(mem0.listed(anna))) == (1, 0, 2)
    done = provider_called("mem0").delete(mem0.api, wanted, user=anna.id, dry_run=False, progress=lambda _count: None)
    assert (done.wanted, done.found, done.deleted) == (1, 1, 1)
    assert done.still == {"history": 1}
    assert [item["memory"] for item in mem0.listed(anna)] == [HARMLESS]


def test_what_came_from_elsewhere_is_found_there_by_its_words(
    mem0: Mem0Process, anna: Person, vault: tuple[Path, Secret], tmp_path: Path
) -> None:
    id = mem0.add(anna, f"  {anna.secret.upper()}   ".replace("STARTER", "  starter"))
    source = tmp_path / "said.json"
    source.write_text(json.dumps([{"id": "other-1", "memory": anna.secret, "hash": "0" * 32, "user_id": "somebody"}]))
    with closing(open_with_key(*vault)) as store:
        import_paths(store, [source])
        wanted = wanted_of(store, forgetting.preview(store, Forgetting(words=anna.word)), "mem0")
    done = provider_called("mem0").delete(mem0.api, wanted, user=anna.id, dry_run=False, progress=lambda _count: None)
    assert done.ids == (id,)
    assert mem0.listed(anna) == []


def test_the_command_deletes_there_first_and_exits_with_3_where_it_is_still_there(
    mem0: Mem0Process, anna: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "correct horse")
    monkeypatch.setenv("SATCHEL_PROVIDER_KEY", "m0-test-key")
    mem0.add(anna, anna.secret)
    export, receipt = tmp_path / "mem0-export.json", tmp_path / "receipt.json"
    export.write_bytes(msgspec.json.encode({"results": mem0.listed(anna)}))
    run = CliRunner()
    assert run.invoke(app, ["import", str(export)]).exit_code == 0
    there = ["--at", "mem0", "--provider-url", mem0.url, "--provider-user", anna.id]
    result = run.invoke(app, ["forget", "--search", anna.word, *there, "--yes", "--receipt", str(receipt)])
    assert result.exit_code == 3, result.output
    assert "Still there: 1 record in its history." in result.output
    assert mem0.listed(anna) == []
    told = msgspec.json.decode(receipt.read_bytes())["out_of_reach"]
    assert {"provider": "mem0", "deleted": 1, "still": {"history": 1}}.items() <= told[0].items()
    assert anna.word.encode() not in receipt.read_bytes() + receipt.with_suffix(".html").read_bytes()
    assert b"m0-test-key" not in receipt.read_bytes()


def test_a_wrong_key_stops_before_anything_is_erased(
    mem0: Mem0Process, anna: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATCHEL_PASSPHRASE", "correct horse")
    monkeypatch.setenv("SATCHEL_PROVIDER_KEY", "wrong")
    mem0.add(anna, anna.secret)
    export = tmp_path / "mem0-export.json"
    export.write_bytes(msgspec.json.encode({"results": mem0.listed(anna)}))
    run = CliRunner()
    assert run.invoke(app, ["import", str(export)]).exit_code == 0
    there = ["--at", "mem0", "--provider-url", mem0.url, "--provider-user", anna.id]
    result = run.invoke(app, ["forget", "--search", anna.word, *there, "--yes"])
    assert result.exit_code == 1
    assert "does not take the key" in str(result.exception)
    assert anna.word in run.invoke(app, ["search", anna.word]).output
    assert len(mem0.listed(anna)) == 1
