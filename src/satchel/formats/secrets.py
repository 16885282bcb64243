"""What never leaves in any format: a secret's value. Settings and tools are where products keep keys (a server's ``env``).

A ``secret_ref`` is a reference and holds none by its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from satchel.model.record import Record
from satchel.trust.redaction.credentials import names_credential

#: The kinds of record that are made to be read by a program.
SECRETIVE = frozenset({"setting", "tool_server"})
CODE = "credential"
TEXT = "holds what looks like a password or a key"


def holds_secret(record: Record, unmapped: Mapping[str, Any] | None = None) -> bool:
    """Whether a setting or a tool server would take a secret along; ``unmapped``: what the source said of it besides."""
    if record.kind not in SECRETIVE:
        return False
    said = [msgspec.to_builtins(record.body), record.residue, unmapped or {}]
    return names_credential(msgspec.json.encode(said).decode())
