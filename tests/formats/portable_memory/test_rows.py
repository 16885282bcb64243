"""The quick look at a line takes nothing that the careful one would tell anything of."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.errors import Place
from satchel.formats.portable_memory import rows
from satchel.formats.portable_memory.kinds import AUDIT, KINDS
from satchel.formats.portable_memory.rules import Findings
from satchel.limits import DEFAULT
from tests.formats.portable_memory.made import episode, plain
from tests.formats.portable_memory.made import rows as made_rows

ALL = [*KINDS.values(), AUDIT]
numbers = st.sampled_from(
    [
        "1",
        "1.0",
        "-0.0",
        "0.5",
        "5e-05",
        "0.00005",
        "1e-5",
        "1e16",
        "1e+16",
        "10000000000000000.0",
        "9007199254740993",
        "1E2",
        "true",
    ]
)


def careful(name: str, line: bytes) -> tuple[dict[str, Any] | None, list[str]]:
    findings = Findings()
    kind = next(kind for kind in ALL if kind.name == name)
    row = rows.decode(line, Place(), DEFAULT, findings)
    if row is not None and not rows.check(kind, row, Place(), findings):
        row = None
    return row, [finding.code for finding in findings.all()]


def agree(name: str, line: bytes) -> bool:
    """Whether the quick look took it; then the careful one must say the same and nothing else."""
    kind = next(kind for kind in ALL if kind.name == name)
    quick = rows.plain(kind, line)
    if quick is not None:
        row, told = careful(name, line)
        assert told == []
        assert row == {name: value for name, value in quick.items() if value is not None}
    return quick is not None


@pytest.mark.parametrize("name", [kind.name for kind in ALL])
def test_canonical_rows_take_the_quick_way(name: str) -> None:
    kind = next(kind for kind in ALL if kind.name == name)
    assert agree(name, canonical.encode(plain(kind), "mem"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_both_looks_agree_on_rows_of_every_kind(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(ALL))
    row = {name: value for name, value in data.draw(made_rows(kind)).items() if value is not None}
    agree(kind.name, canonical.encode(row, "mem"))


@settings(max_examples=500, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_both_looks_agree_on_changed_bytes(random: random.Random, count: int) -> None:
    line = bytearray(canonical.encode(episode(metadata={"a": "b", "\ue000": "", "\U00010000": "\x7f\u2028"}), "mem"))
    for _ in range(count):
        at = random.randrange(len(line))
        line[at : at + random.randrange(2)] = random.choice(
            [b"", b" ", b"0", b'"', b",", b"\\u0041", b"null", b"e5", b"}", b"\xff"]
        )
    agree("episode", bytes(line))


@given(numbers)
@example("1.0")
@example("1e-5")
def test_both_looks_agree_on_numbers(text: str) -> None:
    line = canonical.encode(episode(confidence=0.25), "mem").replace(b"0.25", text.encode())
    agree("episode", line)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"actors"', b'"accessCount":0,"actors"'),
        (b'"metadata":{"a":"1","b":"2"}', b'"metadata":{"b":"2","a":"1"}'),
        (b'"metadata":{"a":"1","b":"2"}', b'"metadata":{"a":"1","a":"2"}'),
        (b"Likes tea", b"Likes \\u0074ea"),
        (b"Likes tea", b"Likes \\/ tea"),
        (b'"pinned":false', b'"pinned":null'),
        (b'"accessCount":0', b'"accessCount":9007199254740993'),
        (b'"accessCount":0', b'"accessCount":-1'),
        (b"T", b"t"),
        (b"Z", b"+00:00"),
        (b'"eventTime":"20', b'"eventTime":"20T'),
        (b'"sourceType"', b'"speaker":null,"sourceType"'),
    ],
)
def test_what_is_spelled_otherwise_is_left_to_the_careful_look(before: bytes, after: bytes) -> None:
    line = canonical.encode(episode(metadata={"a": "1", "b": "2"}), "mem")
    assert agree("episode", line)
    assert before in line
    assert not agree("episode", line.replace(before, after, 1) if before != b"T" else line.replace(b"T0", b"t0"))


def test_a_day_that_the_calendar_does_not_have_is_told() -> None:
    line = canonical.encode(episode(eventTime="2026-02-30T00:00:00Z"), "mem")
    assert not agree("episode", line)
    assert "time" in careful("episode", line)[1]
