"""Uids: the same for the same, different for different, and never ambiguous."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from satchel.model.ids import is_uuid, make_uid, provider_uid, uuid_of

paths = st.lists(st.text(max_size=6), max_size=4)


@given(paths, paths)
def test_two_paths_share_a_uid_only_when_they_are_equal(one: list[str], other: list[str]) -> None:
    assert (make_uid(*one) == make_uid(*other)) == (one == other)


def test_a_uuid_needs_no_account() -> None:
    known = "8006a434-8b0b-43df-8e6d-c0a7aeb2e6b3"
    assert provider_uid("claude", "a", "conversation", known) == provider_uid("claude", None, "conversation", known)
    assert provider_uid("claude", "a", "conversation", "conv-1") != provider_uid("claude", "b", "conversation", "conv-1")
    assert provider_uid("claude", "", "message", known) != provider_uid("claude", "", "conversation", known)


@given(st.text(max_size=40))
def test_only_uuids_are_uuids(text: str) -> None:
    assert not is_uuid(text) or str(uuid.UUID(text)) == text.lower()


@given(st.uuids().map(str), st.integers(0, 35), st.sampled_from("-{}gG0aF\u0661\u0130 \n"))
def test_a_uuid_is_one_in_any_case_and_none_with_another_character(known: str, at: int, other: str) -> None:
    assert is_uuid(known)
    assert is_uuid(known.upper())
    changed = known[:at] + other + known[at + 1 :]
    try:
        expected = str(uuid.UUID(changed)) == changed.lower()
    except ValueError:
        expected = False
    assert is_uuid(changed) == expected
    assert not is_uuid(known + other)


@given(st.text())
def test_uuids_for_other_formats_are_lower_case_and_valid(text: str) -> None:
    made = uuid_of(make_uid(text))
    assert uuid.UUID(made).version == 5
    assert made == made.lower()
