"""``satchel embed``, and recall and context by the model that it made vectors with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.interop.embedder import Embedder
from tests.recall.embedders.models import write_bert

NOTES = "## Notes\n\n- I drive a blue car\n- My sister is a physician in Lisbon\n- Green tea in the morning\n"


@pytest.fixture
def filled(satchel: Run, tmp_path: Path) -> Run:
    path = tmp_path / "MEMORY.md"
    path.write_text(NOTES)
    (tmp_path / "memories.json").write_text(
        json.dumps(
            [
                {
                    "conversations_memory": "**Personal**\n\nI drive a blue car. My sister is a physician in Lisbon.",
                    "account_uuid": "a",
                }
            ]
        )
    )
    done = satchel("import", tmp_path / "memories.json")
    assert done.code == 0, done.err
    return satchel


def stats(satchel: Run) -> list[dict[str, object]]:
    return json.loads(satchel("stats", "--json").out)["stats"]["vectors"]


def test_a_model_in_a_folder_answers_when_all_is_embedded(filled: Run, tmp_path: Path) -> None:
    write_bert(tmp_path / "model")
    tried = filled("embed", "--model", tmp_path / "model", "--dry-run", "--json")
    plan = json.loads(tried.out)["plan"]
    assert tried.code == 0 and plan["records"] > 0 and stats(filled) == []
    stopped = filled("embed", "--model", tmp_path / "model", "--limit-s", "0")
    assert stopped.code == 3 and [model["in_use"] for model in stats(filled)] == [False]
    done = filled("embed")
    assert done.code == 0 and "answers from now on" in done.out
    (model,) = stats(filled)
    assert model["in_use"] and model["name"] == "model" and model["records"] == plan["records"]
    assert "by model" in filled("stats").out
    found = filled("recall", "unrelated zebra", "--json")
    assert json.loads(found.out)["found"] and "cosine" in filled("recall", "--explain", "unrelated zebra").out
    assert json.loads(filled("recall", "--words-only", "unrelated zebra", "--json").out)["found"] == []


def test_a_model_that_is_gone_is_told_and_words_answer(filled: Run, tmp_path: Path) -> None:
    write_bert(tmp_path / "model")
    assert filled("embed", "--model", tmp_path / "model").code == 0
    (tmp_path / "model").rename(tmp_path / "elsewhere")
    for command in (["recall", "car"], ["context", "--task", "car"]):
        asked = filled(*command)
        assert asked.code == 0 and "by words alone" in asked.err and "car" in asked.out
        assert "by words alone" not in filled(*command, "--words-only").err
    assert filled("embed").code == 1
    assert filled("embed", "--model", tmp_path / "elsewhere").code == 0
    assert "by words alone" not in filled("recall", "car").err


def test_hashing_and_none(filled: Run) -> None:
    assert "not meanings" in filled("embed").out
    assert [model["name"] for model in stats(filled)] == ["hashing"]
    assert "Would remove" in filled("embed", "--none", "--dry-run").out and stats(filled)
    assert filled("embed", "--none").code == 0 and stats(filled) == []


def test_what_a_later_import_brings_is_told_of(filled: Run, tmp_path: Path) -> None:
    assert filled("embed", "--hashing").code == 0
    other = [{"conversations_memory": "**Work**\n\nI repair cellos.", "account_uuid": "b"}]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "memories.json").write_text(json.dumps(other))
    assert "without vectors" in filled("import", tmp_path / "more" / "memories.json").out
    assert "to embed" in filled("embed").out
    assert "Every record has its vectors" in filled("embed").out


def test_a_url_is_asked_for_first_and_told_what_would_go(filled: Run) -> None:
    with Embedder() as host:
        refused = filled("embed", "--url", host.url, "--name", "letters")
        assert refused.code == 2 and "would be sent" in refused.err and "each question" in refused.err
        done = filled("embed", "--url", host.url, "--name", "letters", "--yes")
        assert done.code == 0, done.err
        assert filled("recall", "blue cars").code == 0
    away = filled("recall", "car")
    assert away.code == 0 and "by words alone" in away.err and "car" in away.out


@pytest.mark.parametrize(
    "words",
    [
        ["--url", "http://localhost/v1"],
        ["--name", "x"],
        ["--hashing", "--none"],
        ["--model", "x", "--hashing"],
        ["--limit", "x=1"],
    ],
)
def test_used_wrongly(filled: Run, words: list[str]) -> None:
    assert filled("embed", *words).code == 2


def test_a_token_opens_no_embedding(filled: Run, tmp_path: Path) -> None:
    (tmp_path / "token.json").write_text("{}")
    assert filled("--token", tmp_path / "token.json", "embed").code == 1
