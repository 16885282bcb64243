"""Who may do what with a record (Portable AI Memory 9; dossier 5.4).

    the owner    everything
    public       anyone may read; writing and deleting take a grant
    shared       whoever has a grant may do what it says
    private      no one else, whatever grants there are (a contradiction that validation tells of)

An entity is one agent, system or person, compared letter by letter: there are no groups and no wildcards. Whether a record may
leave in an export (``exportable``) is another question, and no visibility answers it.
"""

from __future__ import annotations

from typing import Literal

from satchel.model.record import Access

Permission = Literal["read", "write", "delete"]


def may(entity: str, permission: Permission, access: Access, *, owner: str) -> bool:
    """Whether ``entity`` has ``permission`` on a record of ``owner``; nobody ("") has none."""
    if not entity:
        return False
    if entity == owner:
        return True
    if access.visibility == "private":
        return False
    if access.visibility == "public" and permission == "read":
        return True
    return any(grant.entity == entity and permission in grant.permissions for grant in access.grants)
