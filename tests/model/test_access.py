"""Who may do what: the decision of dossier 5.4."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.access import Permission, may
from satchel.model.record import Access, Grant

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
entities = st.sampled_from(["ann", "bob", "agent-1", "*", "Ann", ""])
subsets = st.lists(st.sampled_from(PERMISSIONS), unique=True).map(tuple)
accesses = st.builds(
    Access,
    visibility=st.sampled_from(["private", "shared", "public"]),
    exportable=st.booleans(),
    grants=st.lists(
        st.builds(Grant, entity=entities, permissions=st.lists(st.sampled_from(PERMISSIONS), unique=True).map(tuple)),
        max_size=3,
    ).map(tuple),
)


@pytest.mark.row("PAM-051", "PAM-052")
@given(entities, st.sampled_from(PERMISSIONS), accesses)
def test_only_the_owner_the_public_and_who_was_granted(entity: str, permission: Permission, access: Access) -> None:
    granted = any(grant.entity == entity and permission in grant.permissions for grant in access.grants)
    expected = {
        "private": False,
        "shared": granted,
        "public": granted or permission == "read",
    }[access.visibility]
    assert may(entity, permission, access, owner="ann") == (bool(entity) and (entity == "ann" or expected))


def test_a_grant_on_what_is_private_grants_nothing() -> None:
    access = Access(visibility="private", grants=(Grant(entity="bob", permissions=("read",)),))
    assert not may("bob", "read", access, owner="ann")
    assert may("ann", "delete", access, owner="ann")


@given(entities, st.sampled_from(PERMISSIONS), accesses)
def test_whether_it_may_leave_makes_no_difference(entity: str, permission: Permission, access: Access) -> None:
    other = Access(visibility=access.visibility, exportable=not access.exportable, grants=access.grants)
    assert may(entity, permission, access, owner="ann") == may(entity, permission, other, owner="ann")


def test_there_are_no_wildcards_and_case_counts() -> None:
    access = Access(
        visibility="shared", grants=(Grant(entity="*", permissions=("read",)), Grant(entity="Bob", permissions=("read",)))
    )
    assert not may("bob", "read", access, owner="ann")
    assert may("Bob", "read", access, owner="ann")
