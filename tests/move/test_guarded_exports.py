"""An export through a token: what is in scope leaves in every format, and nothing of the rest is in any file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from satchel.errors import AccessDenied, OutputError
from satchel.formats import registry
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.trust.capabilities.scopes import Components, Everything
from satchel.vault.folder import trial_vault
from satchel.vault.guard import view
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.store import Store
from tests.conftest import ROOT
from tests.formats.portable_memory.made import episode, tombstone
from tests.move.conftest import Give
from tests.move.test_tombstones import edge, entity
from tests.vault.guarded import ALL, BOT, NOW, SCOPES, canary, fill, said, token, uid

TEXTS = ("chatgpt-text", "claude-text", "gemini-text", "system-prompt")
FORMATS = ("portable-ai-memory", "portable-memory", "portable-agent-memory", *TEXTS)


@pytest.fixture(scope="module")
def filled() -> Iterator[SqliteStore]:
    with trial_vault() as store:
        fill(store)
        import_paths(store, [ROOT / "examples"])
        yield store


def opened(store: Store, scope: object) -> Store:
    return view(store, token(store, scope, "export"), "export", caller=BOT, clock=lambda: NOW)  # type: ignore[arg-type]


def written(folder: Path) -> bytes:
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(path.name.encode() + path.read_bytes() for path in files)


def test_these_are_the_formats_that_were_there_when_this_was_written() -> None:
    """Every other one is to be looked at here too."""
    assert set(registry.OURS) <= set(FORMATS)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("past", [False, True])
def test_nothing_hidden_is_in_any_file(filled: SqliteStore, tmp_path: Path, format: str, kind: str, past: bool) -> None:
    scope, shown = SCOPES[kind]
    try:
        export(opened(filled, scope), tmp_path / "out", format=format, as_of=NOW - timedelta(days=5) if past else None)
        out = written(tmp_path / "out")
    except OutputError as error:
        # Of what is in scope, nothing is a text to paste.
        out = str(error).encode()
        assert format in TEXTS
    hidden = [word for name in ALL - shown for word in (canary(name), uid(name))] + ["canarycarried", "canaryheard"]
    assert [word for word in hidden if word.encode() in out] == []
    assert b"canarylabel" not in out


@pytest.mark.parametrize("format", ["portable-ai-memory", "portable-memory"])
def test_what_is_in_scope_is_in_the_files(filled: SqliteStore, tmp_path: Path, format: str) -> None:
    scope, shown = SCOPES["a tag"]
    export(filled, tmp_path / "own", format=format)
    export(opened(filled, scope), tmp_path / "out", format=format)
    own, out = written(tmp_path / "own"), written(tmp_path / "out")
    leaves = {name for name in shown if said(name).encode() in own}
    assert len(leaves) >= len(shown) - 2
    assert {name for name in shown if said(name).encode() in out} == leaves


def test_a_row_that_goes_home_names_no_row_that_stays(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    """Its bytes are left as they came but for references to what is out of scope, or was erased."""
    give(
        episode=[episode("ep_hidden"), episode("ep_gone")],
        entity=[entity("ent_1"), entity("ent_2")],
        edge=[edge("e", ["ep_hidden", "ep_gone"])],
        tombstones=[tombstone("ep_gone")],
    )
    store.create_signing_key("main")
    export(store, tmp_path / "own.mem", format="portable-memory")
    own = (tmp_path / "own.mem" / "items" / "edge.jsonl").read_bytes()
    assert b"ep_hidden" in own
    assert b"ep_gone" not in own
    export(opened(store, Components(frozenset(["semantic"]))), tmp_path / "out.mem", format="portable-memory")
    out = written(tmp_path / "out.mem")
    assert b'"ent_1"' in out
    assert b"ep_hidden" not in out
    assert b"ep_gone" not in out
    export(opened(store, Everything()), tmp_path / "all.mem", format="portable-memory")
    assert b"ep_hidden" in written(tmp_path / "all.mem")
    assert b"ep_gone" not in written(tmp_path / "all.mem")


def test_a_part_is_no_state_of_the_vault_that_an_increment_could_follow(filled: SqliteStore, tmp_path: Path) -> None:
    export(opened(filled, SCOPES["a tag"][0]), tmp_path / "out.mem", format="portable-memory")
    assert b'"satchel"' not in (tmp_path / "out.mem" / "manifest.json").read_bytes()
    with pytest.raises(AccessDenied):
        export(opened(filled, Everything()), tmp_path / "since", format="portable-memory", since="1")


def test_a_token_signs_nothing(filled: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied):
        export(opened(filled, Everything()), tmp_path / "out.mem", format="portable-memory", sign="main")
    assert not (tmp_path / "out.mem").exists()


@pytest.mark.parametrize("format", FORMATS)
def test_examples_of_providers_through_a_component(filled: SqliteStore, tmp_path: Path, format: str) -> None:
    """Real shapes: conversations that share their originals, memories in one file."""
    seen = opened(filled, Components(frozenset(["semantic"])))
    export(seen, tmp_path / "out", format=format)
    out = written(tmp_path / "out")
    for record in filled.records("conversation", "message"):
        for text in (getattr(record.body, "title", ""), *(part.text for part in getattr(record.body, "parts", ()))):
            if len(text) > 24:
                assert text[:60].encode() not in out, record.kind


def test_a_wildcard_gives_the_records_of_the_vault(filled: SqliteStore, tmp_path: Path) -> None:
    export(filled, tmp_path / "own", format="portable-ai-memory")
    export(opened(filled, Everything()), tmp_path / "token", format="portable-ai-memory")
    own, given = (
        {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} for folder in tmp_path.iterdir()
    )
    assert own.keys() == given.keys()
    unlike = {line.split(b":")[0] for name in own for line in {*own[name].splitlines()} ^ {*given[name].splitlines()}}
    # A view is no state of the vault that anything could go on from.
    assert unlike == {b'"export_id"', b'"state"'}
