"""Each data set in its published shape: what is read of it, and what is refused."""

from __future__ import annotations

import contextlib
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, LimitExceeded, MalformedInput, NotRecognised
from satchel.limits import DEFAULT, Limits, raised
from satchel.recall.evaluation import benchmarks
from satchel.recall.evaluation.cases import Case
from satchel.recall.evaluation.trial import loaded
from tests.recall.evaluation import shapes


def cases(path: Path, limits: Limits = DEFAULT) -> tuple[str, list[Case]]:
    with benchmarks.opened(path, limits) as benchmark:
        return benchmark.name, list(benchmark.cases)


def written(folder: Path, value: Any, name: str = "data.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(value))
    return path


def test_locomo(tmp_path: Path) -> None:
    name, (case,) = cases(written(tmp_path, shapes.locomo()))
    assert name == "locomo" and [talk.id for talk in case.talks] == ["session_1", "session_2"]
    assert case.talks[0].at == datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    assert [(turn.id, turn.author, turn.shown) for turn in case.talks[1].turns] == [
        ("D2:1", "Bo", "a red kayak"),
        ("D2:2", "Ana", ""),
    ]
    bought, befell, zeppelin = case.questions
    assert (bought.evidence, bought.talks, bought.category) == (("D1:2",), ("session_1",), "single-hop")
    assert (befell.evidence, befell.talks, befell.unresolved) == (("D1:1", "D2:1"), ("session_1", "session_2"), 1)
    assert not zeppelin.is_answerable and bought.is_answerable


def test_longmemeval(tmp_path: Path) -> None:
    name, (first, second) = cases(written(tmp_path, shapes.longmemeval()))
    (question,) = first.questions
    assert name == "longmemeval" and (question.evidence, question.talks) == (("answer_1/0",), ("answer_1",))
    assert question.at == datetime(2023, 5, 30, 10, tzinfo=UTC) and [talk.id for talk in first.talks] == [
        "fill",
        "answer_1",
        "fill#2",
    ]
    (absent,) = second.questions
    assert not absent.is_answerable and absent.evidence == absent.talks == () and absent.category == "abstention"


@pytest.mark.parametrize(("name", "nested"), [("chat.json", False), ("chat_trunecated.json", False), ("chat.json", True)])
def test_beam(tmp_path: Path, name: str, nested: bool) -> None:
    found, (case,) = cases(shapes.beam(tmp_path / "100K", name=name, nested=nested))
    assert found == "beam" and [len(talk.turns) for talk in case.talks] == [2, 1]
    assert case.talks[0].turns[0].text == "My deadline is in March."
    assert {talk.at for talk in case.talks} == {datetime(2024, 3, 15, tzinfo=UTC)}
    update, absent, summary = case.questions
    assert update.evidence == ("0", "2") and update.talks == ("1", "2")
    assert not absent.is_answerable and (summary.evidence, summary.unresolved) == (("0",), 1)


def test_beam_takes_the_cut_chat_where_there_are_both(tmp_path: Path) -> None:
    folder = shapes.beam(tmp_path / "100K")
    (folder / "1" / "chat_trunecated.json").write_text('[{"turns": [[{"role": "user", "id": 7, "content": "x"}]]}]')
    _, (case,) = cases(folder)
    assert [turn.id for talk in case.talks for turn in talk.turns] == ["7"]


@pytest.mark.parametrize("whole", [True, False])
def test_personamem(tmp_path: Path, whole: bool) -> None:
    folder = shapes.personamem(tmp_path / "pm")
    name, (early, late) = cases(folder if whole else folder / "questions_32k.csv")
    assert name == "personamem" and [len(talk.turns) for talk in early.talks] == [3]
    assert [len(talk.turns) for talk in late.talks] == [3, 2]
    (question,) = late.questions
    assert (question.options[1], question.right) == ("You play the drums.", 1)
    assert late.talks[0].turns[0].is_hidden, "the persona is what a memory is to find out"


def test_a_zip_is_read_as_a_folder_is(tmp_path: Path) -> None:
    folder = shapes.beam(tmp_path / "100K")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for path in folder.rglob("*.json"):
            archive.write(path, path.relative_to(tmp_path))
    (case,) = cases(tmp_path / "b.zip")[1]
    assert len(case.questions) == 3


def locomo_with(**members: Any) -> Any:
    (sample,) = shapes.locomo()
    return [sample | members]


LOCOMO = shapes.locomo()[0]
HOSTILE: list[tuple[Any, type[Exception]]] = [
    ([], NotRecognised),
    ({"a": 1}, NotRecognised),
    ([1, 2], NotRecognised),
    ([{"conversation": 3, "qa": []}], MalformedInput),
    (locomo_with(conversation={}), MalformedInput),
    (locomo_with(qa=[{"question": 5, "category": 1}]), MalformedInput),
    (locomo_with(conversation=LOCOMO["conversation"] | {"session_1_date_time": "yesterday"}), MalformedInput),
    (locomo_with(conversation=LOCOMO["conversation"] | {"session_1": [{"speaker": "Ana"}]}), MalformedInput),
    ([shapes.longmemeval()[0] | {"haystack_dates": ["2023/05/20"]}], MalformedInput),
    ([shapes.longmemeval()[0] | {"question_date": "soon"}], MalformedInput),
    ([shapes.longmemeval()[0] | {"haystack_sessions": "none"}], MalformedInput),
]


@pytest.mark.parametrize(("value", "error"), HOSTILE)
def test_what_is_no_data_set_is_refused(tmp_path: Path, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        cases(written(tmp_path, value))


def test_faults_name_the_element_and_not_its_content(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match=r"data\.json, element 1") as raised_error:
        cases(written(tmp_path, [*shapes.locomo(), {"conversation": {"session_1": []}, "qa": [{"question": ["secret"]}]}]))
    assert "secret" not in str(raised_error.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"all_options": "__import__('os').getcwd()"},
        {"all_options": "[" * 10_000},
        {"all_options": "-" * 60_000 + "1"},
        {"all_options": "[" + "'x'," * 100_000 + "]"},
        {"all_options": "['(a) x'"},
        {"correct_answer": "(z)"},
        {"correct_answer": ""},
        {"end_index_in_shared_context": "-1"},
        {"end_index_in_shared_context": "6"},
        {"end_index_in_shared_context": "many"},
        {"shared_context_id": "elsewhere"},
    ],
)
def test_tables_that_lie(tmp_path: Path, changed: dict[str, str]) -> None:
    with pytest.raises(MalformedInput):
        cases(shapes.personamem(tmp_path / "pm", **changed))


def test_a_row_that_ends_early_and_an_option_with_a_stray_escape(tmp_path: Path) -> None:
    folder = shapes.personamem(tmp_path / "pm", all_options=r"['(a) a \d', '(b) b']")
    assert cases(folder)[1][1].questions[0].options == (r"a \d", "b")
    with (folder / "questions_32k.csv").open("a") as stream:
        stream.write("0,q9,kind\n")
    with pytest.raises(MalformedInput, match="element 2"):
        cases(folder)


def test_a_table_of_other_columns_or_without_its_other_half(tmp_path: Path) -> None:
    folder = shapes.personamem(tmp_path / "pm")
    (folder / "shared_contexts_32k.jsonl").unlink()
    with pytest.raises(MalformedInput, match="shared_contexts_32k"):
        cases(folder)
    (folder / "questions_32k.csv").write_text("a,b\n1,2\n")
    (folder / "shared_contexts_32k.jsonl").write_text("")
    with pytest.raises(MalformedInput, match="no column"):
        cases(folder)


def test_limits_hold(tmp_path: Path) -> None:
    small = raised(["document_bytes=100", "element_bytes=100"])
    with pytest.raises(LimitExceeded):
        cases(shapes.beam(tmp_path / "b"), small)
    with pytest.raises(LimitExceeded):
        cases(shapes.personamem(tmp_path / "pm"), small)
    with pytest.raises(LimitExceeded):
        cases(written(tmp_path, shapes.longmemeval()), small)


def test_questions_without_their_chat(tmp_path: Path) -> None:
    folder = shapes.beam(tmp_path / "b")
    (folder / "1" / "chat.json").unlink()
    with pytest.raises(MalformedInput, match=r"chat\.json"):
        cases(folder)


@pytest.mark.parametrize("depth", [200, 5_000, 200_000])
def test_sources_nested_too_deep(tmp_path: Path, depth: int) -> None:
    folder = shapes.beam(tmp_path / "b")
    deep = '{"x": [{"question": "q", "source_chat_ids": ' + "[" * depth + "]" * depth + "}]}"
    (folder / "1" / "probing_questions" / "probing_questions.json").write_text(deep)
    with pytest.raises(InputError):
        cases(folder)


def test_one_id_for_two_turns_is_refused(tmp_path: Path) -> None:
    (sample,) = shapes.locomo()
    sample["conversation"]["session_1"][0]["dia_id"] = "D2:1"
    _, (case,) = cases(written(tmp_path, [sample]))
    with pytest.raises(MalformedInput, match="twice"), loaded(case):
        pass


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))


@settings(max_examples=60, deadline=None)
@given(member=st.sampled_from(["conversation", "qa", "haystack_sessions", "question_id", "haystack_dates"]), value=_JSON)
def test_any_member_of_another_shape_is_our_error(tmp_path_factory: pytest.TempPathFactory, member: str, value: Any) -> None:
    base = shapes.locomo()[0] if member in ("conversation", "qa") else shapes.longmemeval()[0]
    path = written(tmp_path_factory.mktemp("shape"), [base | {member: value}])
    with contextlib.suppress(InputError):
        cases(path)
