"""Reading an export's small files whole: bytes within the limit, then JSON with its text repaired where it must be."""

from __future__ import annotations

from typing import Any

from satchel.adapters.chatgpt.shapes import BOM, decode_repaired
from satchel.codec.sources import Member
from satchel.errors import LimitExceeded, Place
from satchel.limits import Limits
from satchel.model.findings import Finding


def read_bytes(member: Member, limits: Limits) -> bytes:
    """All of ``member``, without a byte order mark.

    Raises:
        LimitExceeded: larger than ``limits.document_bytes``.
        InputError: as the member's stream.
    """
    with member.open() as stream:
        data = stream.read(limits.document_bytes + 1)
    if len(data) > limits.document_bytes:
        raise LimitExceeded(
            f"the file is larger than {limits.document_bytes:,} bytes",
            place=Place(file=member.name),
            hint="--limit document_bytes=N raises it",
        )
    return data.removeprefix(BOM)


def read_json(member: Member, limits: Limits, findings: list[Finding]) -> tuple[Any, bytes]:
    """The JSON value of ``member`` and its bytes.

    Raises:
        LimitExceeded, MalformedInput: as read_bytes and json_values.decode.
    """
    data = read_bytes(member, limits)
    value, _ = decode_repaired(data, Place(file=member.name), limits, findings)
    return value, data
