from __future__ import annotations

import json
import os
import threading
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters.perplexity import ADAPTER
from satchel.adapters.perplexity.outputs import output_of
from satchel.limits import DEFAULT
from satchel.model.bodies import Memory, Message, Profile
from satchel.move.imports import import_paths
from satchel.trust.age import NOBODY, Identities
from satchel.trust.age_keys import read_identities
from satchel.vault.folder import trial_vault
from satchel.vault.values import Query
from tests.adapters.perplexity.test_threads import REQUESTED
from tests.adapters.reading import Outcome, run
from tests.codec.workbooks import SHEET, part, rewritten, sharing, written
from tests.vault.state import dump_state

FINAL = {"step_type": "FINAL"}
SOURCES = [{"name": "N", "url": "https://w", "snippet": "z"}]
TALKS: list[list[Any]] = [
    ["UUID", "CREATED", "UPDATED", "TITLE", "OUTPUT_STR", "MODE", "STATUS", "COLLECTION_UUID"],
    ["u1", datetime(2026, 1, 31, 14, 25, 58), "2026-01-31 14:26:00", "Is this DDR2?",
     json.dumps({"answer": "It is. [1]", "web_results": SOURCES, "chunks": ["It"]}), "COPILOT", "COMPLETED", "sp"],
    ["u2", "2026-02-01T00:00:00Z", None, "What is lost?", None, "PRO", "FAILED", None],
]  # fmt: skip
PERSON = {"summary": "A gardener.", "technology": {"languages": ["Go", "Rust"], "os": "Linux"}}
MEMORIES: list[list[Any]] = [
    ["MEMORY_KEY", "MEMORY_VALUE", "FIRST_CREATED_AT", "IS_DELETED", "IS_FORGOTTEN", "IS_INVISIBLE", "CONFIDENCE",
     "LAST_UPDATED_QUERY"],
    ["diet", "Eats no meat", datetime(2025, 5, 1), False, "false", 0, 0.9, "a recipe"],
    ["city", "Lives in Malmö", "2025-05-02 10:00:00.5", "TRUE", False, False, "high", None],
    ["car", "Drove a Saab", None, 0, "yes", None, None, None],
    ["mood", "Is often tired", datetime(2025, 5, 3), False, False, True, 2, None],
    [None, json.dumps(PERSON), datetime(2025, 5, 4)],
    ["empty", None, datetime(2025, 5, 5)],
]  # fmt: skip
BOOK = written(Conversations=TALKS, Memory=MEMORIES)


def read(data: bytes, beside: dict[str, Any] | None = None, **how: Any) -> Outcome:
    return run(ADAPTER, {"export.xlsx": data, **(beside or {})}, **how)


def row(table: list[list[Any]], at: int) -> dict[str, Any]:
    """What is kept of a row: its cells by column."""
    spelt = (cell.isoformat() if isinstance(cell, datetime) else cell for cell in table[at])
    return {column: cell for column, cell in zip(table[0], spelt, strict=False) if cell is not None}


def messages(outcome: Outcome) -> list[tuple[str, str]]:
    return [(body.role, body.parts[0].text) for body in outcome.bodies("message")]


@pytest.mark.parametrize("data", [BOOK, sharing(BOOK)])
def test_threads_of_rows(data: bytes) -> None:
    outcome = read(data)
    assert outcome.roles == {"export.xlsx": "workbook"}
    assert messages(outcome) == [("user", "Is this DDR2?"), ("assistant", "It is. [1]"), ("user", "What is lost?")]
    first, second = outcome.of("conversation")
    assert (first.body.title, first.origin.id, first.origin.version) == ("Is this DDR2?", "u1", "workbook")  # type: ignore[union-attr]
    assert first.times.created == datetime(2026, 1, 31, 14, 25, 58, tzinfo=UTC)
    assert first.times.updated == datetime(2026, 1, 31, 14, 26, tzinfo=UTC)
    assert second.times.updated == datetime(2026, 2, 1, tzinfo=UTC)
    question, answer, alone = outcome.of("message")
    assert isinstance(answer.body, Message)
    assert (answer.body.parent, answer.body.state) == (question.uid, "COMPLETED")
    assert answer.body.parts[0].citations[0].url == "https://w"
    assert answer.native.pointer == "/rows/0"
    native = row(TALKS, 1)
    assert json.loads(next(original.native for original in outcome.originals if original.uid == first.uid)) == {
        "rows": [native]
    }
    assert ADAPTER.unmapped(question, native) == {}
    assert ADAPTER.unmapped(answer, native) == {"MODE": "COPILOT", "OUTPUT_STR": {"chunks": ["It"]}}
    assert ADAPTER.unmapped(alone, row(TALKS, 2)) == {"MODE": "PRO"}
    assert ADAPTER.unmapped(first, {"rows": [native]}) == {}
    assert first.scope and not second.scope


def test_memories_and_what_was_taken_back() -> None:
    outcome = read(BOOK)
    found = {record.body.title: record for record in outcome.of("memory")}  # type: ignore[union-attr]
    assert {key: (record.status, record.access.exportable) for key, record in found.items()} == {
        "diet": ("active", True),
        "city": ("retracted", False),
        "car": ("retracted", False),
        "mood": ("archived", True),
    }
    diet = found["diet"]
    assert isinstance(diet.body, Memory)
    assert (diet.body.text, diet.body.confidence, diet.times.created) == ("Eats no meat", 0.9, datetime(2025, 5, 1, tzinfo=UTC))
    assert diet.provenance.method == "llm_inference"
    assert ADAPTER.unmapped(diet, row(MEMORIES, 1)) == {"LAST_UPDATED_QUERY": "a recipe"}
    assert ADAPTER.unmapped(found["city"], row(MEMORIES, 2)) == {"CONFIDENCE": "high"}
    assert ADAPTER.unmapped(found["mood"], row(MEMORIES, 4)) == {"CONFIDENCE": 2}
    assert found["city"].times.created == datetime(2025, 5, 2, 10, 0, 0, 500_000, tzinfo=UTC)
    assert found["car"].times.created is None
    (profile,) = outcome.of("profile")
    assert isinstance(profile.body, Profile)
    assert profile.body.text == "A gardener.\nTechnology, languages: Go, Rust\nTechnology, os: Linux"
    assert ADAPTER.unmapped(profile, row(MEMORIES, 5)) == {"MEMORY_VALUE": MEMORIES[5][1]}
    assert outcome.codes() == {
        "no-answer": 1, "empty-memory": 1, "retracted-memory": 2, "archived-memory": 1, "unzoned-times": 6,
    }  # fmt: skip


def test_columns_may_stand_anywhere_and_be_spelt_otherwise() -> None:
    turned = [
        [*reversed([str(name).title().replace("_", " ") for name in TALKS[0]])],
        *([*reversed(cells)] for cells in TALKS[1:]),
    ]
    first, again = read(written(Conversations=TALKS)), read(written(conversations=[[], *turned]))
    assert [record.uid for record in again.records] == [record.uid for record in first.records]
    assert messages(again) == messages(first)


def test_missing_columns_are_told_once_a_sheet() -> None:
    outcome = read(
        written(Conversations=[["UUID", "OUTPUT_STR"], ["u", "said"], ["v", "too"]], Memory=[["MEMORY_VALUE"], ["likes tea"]])
    )
    said = [finding.text for finding in outcome.findings if finding.code == "missing-column"]
    assert said == [
        "the sheet 'Conversations' has no column for QUESTION, TIMESTAMP",
        "the sheet 'Memory' has no column for MEMORY_KEY, FIRST_CREATED_AT, IS_DELETED, IS_FORGOTTEN, IS_INVISIBLE",
    ]
    assert messages(outcome) == [("assistant", "said"), ("assistant", "too")]
    assert [body.text for body in outcome.bodies("memory")] == ["likes tea"]


def test_other_sheets_and_cells_without_a_column_are_told() -> None:
    outcome = read(
        written(Conversations=[*TALKS, ["u3", None, None, "T", "A", None, None, None, "beyond"]], Billing=[["card"], ["1"]])
    )
    assert {"unread-sheet", "unnamed-cells"} <= outcome.codes().keys()
    assert len(outcome.of("conversation")) == 3


@pytest.mark.parametrize(
    "files",
    [
        {"x.xlsx": written(Sheet=[["a", "b"], [1, 2]])},
        {"x.xlsx": written(Memory=[["a", "b"], [1, 2]])},
        {"x.xlsx": written(Conversations=[["id", "name"], [1, 2]])},
        {"x.docx": BOOK},
        {"x.xlsx": BOOK[:100]},
        {"x.xlsx": rewritten(BOOK, {"xl/workbook.xml": b"<x/>"})},
    ],
)
def test_other_workbooks_are_not_claimed(files: dict[str, bytes]) -> None:
    assert run(ADAPTER, files).roles == {}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (rewritten(BOOK, {SHEET: b'<!DOCTYPE x [<!ENTITY a "b">]>' + part(BOOK, SHEET)}), "unsafe-archive"),
        (rewritten(BOOK, {SHEET: part(BOOK, SHEET)[:-100]}), "malformed"),
        (rewritten(BOOK, {"xl/styles.xml": b"<broken"}), "malformed"),
    ],
)
def test_a_hostile_or_damaged_workbook_is_one_finding(data: bytes, code: str) -> None:
    outcome = read(data)
    (finding,) = [finding for finding in outcome.findings if finding.severity == "error"]
    assert (finding.code, finding.place.file) == (code, "export.xlsx")


def test_a_workbook_past_the_limits_names_the_one_that_lifts_it() -> None:
    outcome = read(BOOK, limits=msgspec.structs.replace(DEFAULT, workbook_rows=3))
    assert [finding.text for finding in outcome.findings if finding.severity == "error"] == [
        "the sheet 'Memory' has more than 3 rows (--limit workbook_rows=N raises it)"
    ]
    assert len(outcome.of("conversation")) == 2


def test_rows_of_one_thread_are_one_conversation() -> None:
    table = [["CONTEXT_UUID", "UUID", "TITLE", "QUERY_STR", "CREATED", "OUTPUT_STR"]]
    table += [
        ["t", "e2", "Talk", "second", "2026-01-01T10:05:00Z", "b"],
        ["t", "e1", "Talk", "first", "2026-01-01T10:00:00Z", "a"],
    ]
    outcome = read(written(Conversations=table))
    assert messages(outcome) == [("user", "first"), ("assistant", "a"), ("user", "second"), ("assistant", "b")]
    (head,) = outcome.of("conversation")
    assert (head.origin.id, head.body.title) == ("t", "Talk")  # type: ignore[union-attr]
    assert [record.origin.id for record in outcome.of("message")] == ["e1", "e1", "e2", "e2"]


def test_a_thread_that_the_json_has_is_read_once() -> None:
    """By its id, or where the JSON says none by what was asked when; what only the workbook has is read from that."""
    mine = [
        {
            "context_uuid": "u2",
            "context_title": "x",
            "created_at": "2026-02-01T00:00:00Z",
            "entries": [{"query": "q", "answer": "a"}],
        }
    ]
    beside = {"export.json": {"conversations": [*REQUESTED["conversations"], *mine]}}
    alone = run(ADAPTER, beside)
    table = [*TALKS, ["u3", "2026-03-01T00:00:00Z", None, "Only here", "yes"]]
    both = read(written(Conversations=table), beside)
    assert both.codes()["also-elsewhere"] == 2
    new = {record.uid for record in both.records} - {record.uid for record in alone.records}
    assert [record.kind for record in both.records if record.uid in new] == ["conversation", "message", "message"]
    assert len(both.records) == len(alone.records) + 3


def test_the_same_workbook_twice_is_one() -> None:
    again = read(BOOK, {"copy.xlsx": BOOK})
    assert [record.uid for record in again.of("message")] == [record.uid for record in read(BOOK).of("message")]


def test_an_answer_that_its_cell_cuts_off() -> None:
    """A cell holds 32,767 characters; openpyxl, like Excel, drops the rest."""
    text = json.dumps({"answer": 'word "said" \\ é ' * 4000, "web_results": []}, ensure_ascii=False)
    outcome = read(written(Conversations=[TALKS[0], ["u", None, None, "Q", text]]))
    assert outcome.codes() == {"cut-answer": 1}
    (_, (_, answer)) = messages(outcome)
    assert ('word "said" \\ é ' * 4000).startswith(answer)
    assert len(answer) > 27_000


@pytest.mark.parametrize(
    ("cell", "answer", "code"),
    [
        ("just words", "just words", None),
        ('{"answer": 7}', None, None),
        ('{"text": "x"', '{"text": "x"', "malformed-output"),
        ('{"answer": "half \\u00e', "half ", "malformed-output"),
        ("[1, 2", "[1, 2", "malformed-output"),
        (json.dumps([{"step_type": "SEARCH"}, {**FINAL, "content": {"answer": json.dumps({"answer": "deep"})}}]), "deep", None),
        (json.dumps([{**FINAL, "content": {"answer": "plain"}}]), "plain", None),
        ("[" * 100_000, "[" * 32_767, "malformed-output"),
        (12, None, None),
    ],
)  # fmt: skip
def test_what_a_cell_of_output_may_hold(cell: Any, answer: str | None, code: str | None) -> None:
    outcome = read(written(Conversations=[TALKS[0], ["u", "2026-01-01", None, "Q", cell]]))
    assert [text for role, text in messages(outcome) if role == "assistant"] == ([answer] if answer else [])
    codes = outcome.codes().keys() - {"no-answer", "unzoned-times"}
    assert codes == ({code} if code else set())


@given(st.text(), st.integers(0, 40))
def test_a_cut_answer_is_a_beginning_of_it(text: str, short: int) -> None:
    whole = json.dumps({"answer": text})
    cell = whole[: max(len('{"answer": "'), len(whole) - short)]
    said = output_of(cell).members["answer"]
    assert said == text or text.startswith(said) or said.rstrip("?") == text[: len(said.rstrip("?"))]


_CELL = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.sampled_from(["", "x", "{", "[1]", '{"answer":"a"}', "2026-01-01"])
)


_CHANGES = st.lists(
    st.tuples(st.sampled_from(["Conversations", "Memory"]), st.integers(1, 6), st.integers(0, 7), _CELL), max_size=20
)


@given(_CHANGES)
@settings(deadline=None)
def test_any_cell_may_hold_anything(changes: list[tuple[str, int, int, Any]]) -> None:
    """Every row gives records or is told of, and no reader stops."""
    sheets = {"Conversations": [[*cells] for cells in TALKS], "Memory": [[*cells] for cells in MEMORIES]}
    for name, at, column, value in changes:
        cells = sheets[name][at % len(sheets[name]) or 1]
        cells[column % len(cells)] = value
    outcome = read(written(**sheets))
    assert not [finding for finding in outcome.findings if finding.severity == "error"]
    for record in outcome.records:
        for original in (original for original in outcome.originals if original.uid == record.uid):
            ADAPTER.unmapped(record, json.loads(original.native))


def _state(*paths: Path, identities: Identities = NOBODY) -> dict[str, object]:
    with trial_vault() as store:
        import_paths(store, paths, identities=identities)
        found = dump_state(store)
        found.pop("summaries")
        return found


def test_a_file_a_folder_a_zip_and_a_pipe_give_the_same_vault(tmp_path: Path) -> None:
    """A workbook is a zip, and yet one file wherever it lies."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "mine.xlsx").write_bytes(BOOK)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("mine.xlsx", BOOK)
    one = _state(folder / "mine.xlsx")
    assert _state(folder) == one
    assert _state(tmp_path / "export.zip") == one
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(BOOK,))
    writer.start()
    assert _state(pipe) == one
    writer.join()


@pytest.mark.parametrize("name", ["mine.xlsx.age", "mine.age", "of any name"])
def test_an_encrypted_workbook_is_what_it_holds(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.xlsx").write_bytes(BOOK)
    mine = pyrage.x25519.Identity.generate()
    (tmp_path / name).write_bytes(pyrage.encrypt(BOOK, [mine.to_public()]))
    identities = Identities(read_identities(str(mine).encode(), "key"))
    assert _state(tmp_path / name, identities=identities) == _state(tmp_path / "mine.xlsx")


def test_import_again_and_with_the_json_beside_it(tmp_path: Path) -> None:
    (tmp_path / "me.xlsx").write_bytes(BOOK)
    (tmp_path / "me.json").write_text(json.dumps(REQUESTED))
    with trial_vault() as store:
        first = import_paths(store, [tmp_path])
        again = import_paths(store, [tmp_path])
        assert first.summary.originals["new"] > 0
        assert set(again.summary.originals) == {"unchanged"}
        assert len(store.search(Query(words="Sure")).hits) == 1
