"""What a row has no member for of its record's header, from the foreign member ``satchel`` beside it (``lens``).

Anybody may have written it: it fills in what the row leaves open and never says otherwise than the row, and it makes a record
more sensitive and not less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from satchel.model.record import Access, Provenance, Record, Times

#: From the widest to the narrowest; what nobody said stands with what is not sensitive.
_SENSITIVITIES = ("", "low", "normal", "high")


class _Header(msgspec.Struct, frozen=True):
    """The members of a record that are looked at."""

    times: Times = Times()
    provenance: Provenance = Provenance()
    access: Access = Access()
    tags: tuple[str, ...] = ()
    language: str = ""


def header_restored(record: Record, ours: Mapping[str, Any]) -> Record:
    """The record of a row with what its ``satchel`` says of the header; of one that is malformed nothing is taken."""
    try:
        said = msgspec.convert(ours, _Header)
    except msgspec.ValidationError:
        return record
    times, access, provenance = record.times, record.access, record.provenance
    # No row of an export of ours gives a beginning that is not the record's own.
    spare = {} if times.valid_from is not None else {"valid_from": said.times.valid_from}
    if record.kind != "memory":
        spare |= {name: getattr(times, name) or getattr(said.times, name) for name in ("observed", "valid_to")}
    sensitivity = max(access.sensitivity, said.access.sensitivity, key=_SENSITIVITIES.index)
    return msgspec.structs.replace(
        record,
        times=msgspec.structs.replace(times, **spare) if any(spare.values()) else times,
        provenance=msgspec.structs.replace(
            provenance,
            account=said.provenance.account,
            method=said.provenance.method,
            extractor=said.provenance.extractor,
            actor=provenance.actor or said.provenance.actor,
        ),
        access=msgspec.structs.replace(access, sensitivity=sensitivity) if sensitivity != access.sensitivity else access,
        # An episode's own word for tags is there, if only to say that there are none.
        tags=record.tags if record.kind == "memory" else record.tags or said.tags,
        language=said.language,
    )
