"""Reading an export's small files whole: bytes within the limit, then JSON with its text repaired where it must be."""

from __future__ import annotations

from typing import Any

from satchel.adapters.chatgpt.shapes import decode_repaired
from satchel.codec.sources import Member, read_document
from satchel.errors import Place
from satchel.limits import Limits
from satchel.model.findings import Finding


def read_json(member: Member, limits: Limits, findings: list[Finding]) -> tuple[Any, bytes]:
    """The JSON value of ``member`` and its bytes.

    Raises:
        LimitExceeded, MalformedInput: as read_document and json_values.decode.
    """
    data = read_document(member, limits)
    value, _ = decode_repaired(data, Place(file=member.name), limits, findings)
    return value, data
