"""What is written for an assistant is read back by the reader of such texts as the same statements."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters.transfer_text.statements import Statement, parse
from satchel.errors import OutputError
from satchel.formats import registry
from satchel.formats.assistant_text.neutral import neutralised, restored, tidied
from satchel.formats.assistant_text.targets import TARGETS
from satchel.model import bodies
from satchel.model.record import Record, Times
from satchel.model.text import same_words
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from tests.formats.assistant_text.test_neutral import TEXTS
from tests.formats.portable_ai_memory.bag import Bag, memory, moments, record

TITLES = {
    target.name: tuple(dict.fromkeys(section.title for sheet in target.sheets for section in sheet.sections))
    for target in TARGETS
}
LABELS = {target.name: target.labels for target in TARGETS}

TYPES = st.sampled_from(["fact", "preference", "skill", "identity", "relationship", "project", "instruction"])
SAID = st.one_of(
    TEXTS, st.sampled_from(["Likes tea", "NASA", "Note:", "[a](http://x)", "2025-01-01 - dated", "- - -", "x\n\ny"])
)
PEOPLE = st.lists(st.tuples(SAID, TYPES, moments), min_size=1, max_size=6)


def bag_of(drawn: list[tuple[str, str, datetime | None]]) -> Bag:
    return Bag(
        [
            record(str(number), bodies.Memory(text=text, type=kind), times=Times(created=at))  # type: ignore[arg-type]
            for number, (text, kind, at) in enumerate(drawn)
        ]
    )


def written(name: str, bag: Bag, folder: Path) -> str | None:
    file = {"chatgpt-text": "memories.txt", "claude-text": "import.txt", "gemini-text": "import.txt"}[name]
    try:
        registry.get(name).write(bag, folder)
    except OutputError:
        return None
    return (folder / file).read_text()


def expected(name: str, bag: Bag) -> set[tuple[str, str]]:
    """(words, day) of each statement: one for those that say the same in the same words."""
    found = set()
    for item in bag.items:
        assert isinstance(item.body, bodies.Memory)
        words = neutralised(tidied(item.body.text), TITLES[name], LABELS[name]).text
        if words:
            found.add((words, item.times.created.date().isoformat() if item.times.created else "unknown"))
    return found


def read(statement: Statement) -> tuple[str, str]:
    day = statement.raw_date
    assert (statement.date is None) == (day == "unknown")
    return statement.text, day


@settings(max_examples=200, deadline=None)
@given(drawn=PEOPLE, name=st.sampled_from(["chatgpt-text", "claude-text"]))
def test_a_list_is_read_back(
    drawn: list[tuple[str, str, datetime | None]], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bag = bag_of(drawn)
    text = written(name, bag, tmp_path_factory.mktemp("list") / "out")
    said = {same_words("", tidied(words)) for words, _, _ in drawn} - {b""}
    if text is None:
        assert not said
        return
    parsed = parse(text)
    assert set(map(read, parsed.statements)) <= expected(name, bag)
    had_back = [same_words("", restored(statement.text, TITLES[name], LABELS[name])) for statement in parsed.statements]
    assert sorted(had_back) == sorted(said)
    assert parsed.empty == 0
    assert {statement.section for statement in parsed.statements} <= set(TITLES[name])


def distinct(drawn: list[tuple[str, str, datetime | None]]) -> list[tuple[str, str, datetime | None]]:
    """Each with a number of its own, so that no two say the same."""
    return [(f"n{number} {text}", kind, at) for number, (text, kind, at) in enumerate(drawn)]


@settings(max_examples=150, deadline=None)
@given(drawn=PEOPLE.map(distinct), name=st.sampled_from(["chatgpt-text", "claude-text"]))
def test_every_statement_is_read_back(
    drawn: list[tuple[str, str, datetime | None]], name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bag = bag_of(drawn)
    text = written(name, bag, tmp_path_factory.mktemp("list") / "out")
    assert text is not None
    assert sorted(map(read, parse(text).statements)) == sorted(expected(name, bag))


@settings(max_examples=150, deadline=None)
@given(drawn=PEOPLE.map(distinct))
def test_geminis_list_is_read_back_with_its_evidence(
    drawn: list[tuple[str, str, datetime | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    bag = bag_of(drawn)
    text = written("gemini-text", bag, tmp_path_factory.mktemp("list") / "out")
    assert text is not None
    *statements, last = parse(text).statements
    assert last.text == "Imported from: Satchel"
    found = set()
    for statement in statements:
        words, _, evidence = statement.text.rpartition("\n")
        assert evidence.startswith("* Evidence: Saved by ChatGPT. Date: [")
        found.add((words, evidence.removesuffix("].").rpartition("[")[2]))
    assert found == expected("gemini-text", bag)


@settings(max_examples=150, deadline=None)
@given(drawn=PEOPLE.map(distinct))
def test_edits_are_read_back(drawn: list[tuple[str, str, datetime | None]], tmp_path_factory: pytest.TempPathFactory) -> None:
    bag, folder = bag_of(drawn), tmp_path_factory.mktemp("edits") / "out"
    registry.get("claude-text").write(bag, folder)
    short = {words for words, _ in expected("claude-text", bag) if "\n" not in words}
    if not short:
        assert not (folder / "memory-edits.txt").exists()
        return
    assert {statement.text for statement in parse((folder / "memory-edits.txt").read_text()).statements} == short


def test_into_another_vault_and_out_again(tmp_path: Path) -> None:
    """A list that was imported elsewhere is written there as the same list."""
    people: list[Record] = [
        memory("tea", "Likes tea"),
        record("brief", bodies.Memory(text="Be brief", type="instruction")),
        record("boats", bodies.Memory(text="Builds boats\nand ships", type="project"), times=Times()),
    ]
    registry.get("claude-text").write(Bag(people), tmp_path / "one")
    with trial_vault() as store:
        import_paths(store, [tmp_path / "one" / "import.txt"])
        export(store, tmp_path / "two", format="claude-text")
    assert (tmp_path / "two" / "import.txt").read_text() == (tmp_path / "one" / "import.txt").read_text()


def test_the_readme_is_nobodys_memory(tmp_path: Path) -> None:
    registry.get("claude-text").write(Bag([memory("tea"), memory("x", "Likes rye")]), tmp_path / "one")
    with trial_vault() as store:
        batch = import_paths(store, [tmp_path / "one"])
        assert batch.platforms == ("transfer_text",)
        assert batch.summary.counts["memory"]["new"] == 2


def test_the_samples_come_through(shared: Path, tmp_path: Path) -> None:
    """Every statement of the shared memory texts stands in Claude's list."""
    with trial_vault() as store:
        for folder in sorted((shared / "fixtures" / "memory-text").iterdir()):
            import_paths(store, [folder])
        held = {body.text for item in store.records("memory") if isinstance(body := item.body, bodies.Memory)}
        written = export(store, tmp_path / "out", format="claude-text")
    assert {statement.text for statement in parse((tmp_path / "out" / "import.txt").read_text()).statements} == held
    assert written.counts["import.txt"] == len(held) >= 15
