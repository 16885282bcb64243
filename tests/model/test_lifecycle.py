"""The seven steps of dossier 5.2, and no other."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import UsageError
from satchel.model.lifecycle import STEPS, changed, is_step, restored
from satchel.model.record import Status

STATUSES: tuple[Status, ...] = get_args(Status)
#: The table of dossier 5.2, read off row by row.
TABLE = {
    ("active", "superseded"),
    ("active", "deprecated"),
    ("active", "retracted"),
    ("active", "archived"),
    ("superseded", "archived"),
    ("deprecated", "retracted"),
    ("deprecated", "archived"),
}


@pytest.mark.row("PAM-047")
@pytest.mark.parametrize("now", STATUSES)
@pytest.mark.parametrize("then", STATUSES)
def test_only_the_seven_steps(now: Status, then: Status) -> None:
    allowed = now == then or (now, then) in TABLE
    assert is_step(now, then) == allowed
    if allowed:
        assert changed(now, then) == then
    else:
        with pytest.raises(UsageError):
            changed(now, then)


def test_what_is_refused_says_what_can_be() -> None:
    with pytest.raises(UsageError, match="archived"):
        changed("superseded", "active")
    with pytest.raises(UsageError, match="restor"):
        changed("retracted", "active")


@pytest.mark.row("PAM-117")
@given(st.lists(st.sampled_from(STATUSES)))
def test_no_walk_leaves_retracted_or_archived_or_returns_to_active(walk: list[Status]) -> None:
    now: Status = "active"
    left = False
    for then in walk:
        if now in ("retracted", "archived"):
            assert not is_step(now, then) or then == now
        if is_step(now, then):
            left = left or then != "active"
            now = changed(now, then)
        assert not (left and now == "active")


def test_restoring_is_a_step_of_its_own() -> None:
    assert restored("retracted") == "active"
    for now in STATUSES:
        if now != "retracted":
            with pytest.raises(UsageError):
                restored(now)


def test_every_status_has_its_line() -> None:
    assert set(STEPS) == set(STATUSES)
