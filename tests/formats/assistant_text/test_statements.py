"""What each kind of record says, and which records say nothing to an assistant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from satchel.formats.assistant_text.statements import KINDS, PLACELESS, Refusal, Statement, statement_of
from satchel.formats.assistant_text.targets import TARGETS, Topic
from satchel.model import bodies
from satchel.model.record import Access, Origin, Record, Times
from tests.formats.portable_ai_memory.bag import NOON, memory, record

NOW = NOON + timedelta(days=1)


def said(item: Record, project: str = "") -> Statement:
    found = statement_of(item, NOW, lambda uid: project if uid else "")
    assert isinstance(found, Statement)
    return found


def refused(item: Record) -> str:
    found = statement_of(item, NOW, lambda uid: "")
    assert isinstance(found, Refusal)
    return found.code


def test_every_kind_is_a_statement_or_says_why_not() -> None:
    assert {*KINDS, *PLACELESS, "message"} == set(bodies.KINDS)


def test_every_topic_has_a_section_wherever_statements_of_it_go() -> None:
    for target in TARGETS:
        for sheet in target.sheets:
            if sheet.sections:
                topics = [topic for section in sheet.sections for topic in section.topics]
                assert sorted(topics) == sorted(get_args(Topic)), sheet.file


@pytest.mark.parametrize(
    ("body", "text", "topic"),
    [
        (bodies.Memory(text="Likes tea"), "Likes tea", "facts"),
        (bodies.Memory(text="Likes tea", type="preference"), "Likes tea", "preferences"),
        (bodies.Memory(text="Be brief", type="instruction"), "Be brief", "instructions"),
        (bodies.Memory(text="", subject="Ann", predicate="likes", object="tea"), "Ann likes tea", "facts"),
        (bodies.Memory(text="Rides a bike", title="Teo"), "Teo: Rides a bike", "facts"),
        (bodies.Memory(text="Teo rides a bike", title="teo"), "Teo rides a bike", "facts"),
        (bodies.Memory(text="A director", title="Work context", type="context"), "A director", "work"),
        (bodies.Instruction(text="Be brief"), "Be brief", "instructions"),
        (bodies.Instruction(text="I am Ann", about="user"), "I am Ann", "identity"),
        (bodies.Profile(text="A cyclist", title="human"), "human: A cyclist", "identity"),
        (bodies.Skill(name="deploy", description="Ships it", text="# Steps"), "deploy: Ships it", "work"),
        (bodies.Procedure(name="tea", trigger="at five", steps=("boil", "pour")), "tea: at five\nboil\npour", "work"),
        (bodies.Scope(name="Boats", type="project", text="A book"), "Boats: A book", "projects"),
        (bodies.Scope(name="Boats", type="project"), "Project: Boats", "projects"),
        (bodies.Task(title="Learn Rust"), "Learn Rust", "projects"),
        (bodies.Entity(name="Teo", type="Person", text="A friend"), "Teo: A friend", "relationships"),
        (bodies.Entity(name="Acme", text="A firm"), "Acme: A firm", "facts"),
        (bodies.Relation(source="a", target="b", type="knows", text="Ann knows Teo"), "Ann knows Teo", "facts"),
    ],
)
def test_what_a_record_says(body: Any, text: str, topic: str) -> None:
    found = said(record("x", body))
    assert (found.text, found.topic) == (text, topic)
    assert found.group == ("instruction" if topic == "instructions" else "statement")


def test_a_skill_says_that_its_text_is_lost() -> None:
    assert said(record("x", bodies.Skill(name="a", description="b", text="c"))).lost
    assert not said(record("x", bodies.Skill(name="a", description="b"))).lost


def test_a_project_names_its_memories() -> None:
    assert said(memory("x", "Due in May", scope="s"), "Boats").text == "Boats: Due in May"
    assert said(memory("x", "Boats are due in May", scope="s"), "Boats").text == "Boats are due in May"


def test_a_tag_that_names_a_section_files_it_there() -> None:
    assert said(memory("x", tags=("tea", "INSTRUCTIONS"))).topic == "instructions"
    assert said(memory("x", tags=("Dated Events, Projects & Plans",))).topic == "projects"


@pytest.mark.parametrize(
    ("body", "fields", "code"),
    [
        (bodies.Memory(text="x"), {"access": Access(exportable=False)}, "not-exportable"),
        (bodies.Memory(text="x"), {"access": Access(sensitivity="high")}, "sensitive"),
        (bodies.Memory(text="x"), {"trust": "untrusted"}, "untrusted"),
        (bodies.Instruction(text="x"), {"trust": "untrusted"}, "untrusted"),
        *(
            (bodies.Memory(text="x"), {"status": s}, "not-active")
            for s in ("superseded", "deprecated", "retracted", "archived")
        ),
        (bodies.Memory(text="x"), {"times": Times(valid_to=NOW)}, "expired"),
        (bodies.Memory(text=" \n\t"), {}, "blank"),
        (bodies.Memory(text=" ", title="A title"), {}, "blank"),
        (bodies.Memory(text="password: hunter22x"), {}, "credential"),
        (bodies.Instruction(text="x", about="project"), {}, "project-only"),
        (bodies.Scope(name="GPT", type="assistant", text="x"), {}, "other-assistant"),
        (bodies.Scope(name="x", type="project", is_archived=True), {}, "not-active"),
        (bodies.Scope(name="g-p-1", type="project"), {"origin": Origin(format="chatgpt", id="g-p-1")}, "blank"),
        (bodies.Task(title="x", state=" Done"), {}, "not-active"),
        (bodies.Procedure(name="x", trigger="y", enabled=False), {}, "not-active"),
        (bodies.Skill(name="x", text="only steps"), {}, "blank"),
        (bodies.Entity(name="x"), {}, "blank"),
        (bodies.Relation(source="a", target="b", type="knows"), {}, "blank"),
    ],
)
def test_what_says_nothing(body: Any, fields: dict[str, Any], code: str) -> None:
    assert refused(record("x", body, **fields)) == code


def test_what_is_still_true_is_said() -> None:
    assert said(memory("x", times=Times(valid_to=NOW + timedelta(seconds=1))))
    assert said(memory("x", access=Access(sensitivity="normal")))


def ranked(*items: Record) -> list[str]:
    return [one.text for one in sorted((said(item) for item in items), key=lambda one: one.rank)]


def test_trust_comes_before_what_a_source_says_of_itself() -> None:
    def one(text: str, trust: Any, **score: float) -> Record:
        return record(text, bodies.Memory(text=text, **score), trust=trust)

    assert ranked(
        one("imported", "imported", salience=1.0, confidence=1.0),
        one("verified", "verified"),
        one("own", "own", salience=0.0),
        one("reviewed", "reviewed"),
    ) == ["own", "reviewed", "verified", "imported"]


def test_then_salience_confidence_and_age() -> None:
    def one(text: str, at: datetime | None = NOON, **score: float) -> Record:
        return record(text, bodies.Memory(text=text, **score), times=Times(created=at))

    old = datetime(1, 1, 1, tzinfo=UTC)
    assert ranked(
        one("ageless", None),
        one("old", old),
        one("new", datetime(9999, 12, 31, tzinfo=UTC)),
        one("dull", salience=0.2),
        one("vivid", salience=0.9),
        one("doubtful", confidence=0.1),
        one("nonsense", salience=float("nan"), confidence=7.0),
    ) == ["vivid", "old", "nonsense", "new", "ageless", "doubtful", "dull"]


def test_what_was_always_on_comes_before_what_was_noticed() -> None:
    assert (
        ranked(memory("a", "noticed"), record("b", bodies.Instruction(text="said", about="user"), times=Times()))[0] == "said"
    )


def test_the_age_is_the_first_time_that_is_known() -> None:
    day = [NOON + timedelta(days=number) for number in range(4)]
    assert said(memory("x", times=Times(created=day[0], observed=day[1]))).since == day[0]
    assert said(memory("x", times=Times(observed=day[1], updated=day[2]))).since == day[1]
    assert said(memory("x", times=Times(updated=day[2], recorded=day[3]))).since == day[2]
    assert said(memory("x", times=Times(recorded=day[3]))).since is None
