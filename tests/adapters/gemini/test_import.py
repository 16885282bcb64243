"""The whole way: a Takeout into the vault, again and grown, and out as a package that the public SDK accepts."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from satchel.formats import registry
from satchel.limits import DEFAULT
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.adapters.gemini.harness import answer, cell, entry, page, text_of
from tests.move.test_exports import pam_validate

DATE = "18.04.2026, 17:38:51 MESZ"


def takeout(folder: Path, entries: list[dict[str, Any]]) -> Path:
    home = folder / "Takeout" / "My Activity" / "Gemini Apps"
    home.mkdir(parents=True, exist_ok=True)
    (home / "MyActivity.json").write_text(json.dumps(entries))
    (home / "a-1.png").write_bytes(b"\x89PNG")
    return folder


def talks(store: SqliteStore) -> list[list[str]]:
    found = [[text_of(record.body) for record in store.messages(head.uid)] for head in store.records("conversation")]
    return sorted(talk for talk in found if talk)


def entries(*minutes: int) -> list[dict[str, Any]]:
    """Newest first, as Takeout has them."""
    return [
        entry(f"Prompted {at}", f"2026-01-01T10:{at:02}:00Z", imageFile="a-1.png", **answer(f"<p>{at}!</p>"))
        for at in sorted(minutes, reverse=True)
    ]


def test_again_and_grown(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [takeout(tmp_path, entries(1, 2, 3))])
    assert talks(store) == [["1", "1!", "2", "2!", "3", "3!"]]
    again = import_paths(store, [takeout(tmp_path, entries(1, 2, 3))])
    assert again.summary.originals.get("unchanged", 0) == len(entries(1, 2, 3)) + 1
    # The newer export has two more, and no longer the first.
    import_paths(store, [takeout(tmp_path, entries(2, 3, 4, 5))])
    told = [text for talk in talks(store) for text in talk]
    assert sorted(told) == sorted(f"{at}{mark}" for at in range(1, 6) for mark in ("", "!"))


def test_entries_grow_within_one_talk(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [takeout(tmp_path, entries(1, 2))])
    import_paths(store, [takeout(tmp_path, entries(1, 2, 3))])
    assert talks(store) == [["1", "1!", "2", "2!", "3", "3!"]]
    head = next(iter(store.records("conversation")))
    assert head.times.updated is not None and head.times.updated.minute == 3
    assert head.body.current == list(store.messages(head.uid))[-1].uid  # type: ignore[union-attr]


def test_a_file_in_the_other_order(store: SqliteStore, tmp_path: Path) -> None:
    """Messages find their talk whichever entry comes first."""
    import_paths(store, [takeout(tmp_path, entries(1, 2, 3)[::-1])])
    assert talks(store) == [["1", "1!", "2", "2!", "3", "3!"]]


def test_html_is_searched_and_goes_out(store: SqliteStore, tmp_path: Path) -> None:
    source = tmp_path / "MeineAktivitäten.html"
    cells = [cell(f"Eingegebener Prompt:\xa0Fähre {at}<br>18.04.2026, 17:3{at}:51 MESZ<br><p>ja</p>") for at in range(3)]
    source.write_text(page(*cells, cell("Prompted\xa0ohne Datum<br>17 Xyzzy 2026, 15:08:20<br><p>nein</p>")))
    import_paths(store, [source])
    assert {hit.record.kind for hit in store.search(Query(words="Fähre")).hits} >= {"message"}
    export(store, tmp_path / "out", format="portable-ai-memory")
    pam_validate(tmp_path / "out")
    assert list(registry.get("portable-ai-memory").validate(tmp_path / "out", limits=DEFAULT)) == []
    files = [json.loads(path.read_bytes()) for path in (tmp_path / "out" / "conversations").glob("*.json")]
    assert sorted(len(file["messages"]) for file in files) == [2, 6]
    assert {file["provider"]["name"] for file in files} == {"gemini"}
    assert all(file["import_metadata"]["importer_version"] == "gemini/1" for file in files)


def test_json_keeps_its_members_in_the_package(store: SqliteStore, tmp_path: Path) -> None:
    import_paths(store, [takeout(tmp_path / "in", entries(1))])
    export(store, tmp_path / "out", format="portable-ai-memory")
    file = json.loads(next((tmp_path / "out" / "conversations").glob("*.json")).read_bytes())
    raw = [message["raw_metadata"]["gemini"] for message in file["messages"]]
    assert raw[0]["products"] == ["Gemini Apps"]
    assert raw[1] == {"response_html": "<p>1!</p>"}


def test_a_pipe_within_what_can_be_looked_at(store: SqliteStore, tmp_path: Path) -> None:
    """A journal is read twice."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(json.dumps(entries(1, 2))))
    writer.start()
    import_paths(store, [pipe])
    writer.join()
    assert talks(store) == [["1", "1!", "2", "2!"]]
