"""What a loss ledger's document holds.

One JSON object. ``records`` is by far its largest member and stands a record a line, each in its canonical bytes (RFC 8785);
``seal`` holds their number and their SHA-256, each record followed by a line feed. The signature is over the canonical bytes of
all of it but ``records`` and the signature's own value: so neither making nor checking one holds the records in memory.

No content: uids are hashes, ids are those that say nothing of what they name, files have their last name alone.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from satchel.formats.base import FormatInfo
from satchel.model.ledger import Fate, FieldFate

TYPE = "satchel-loss-ledger"
VERSION = 1
INFO = FormatInfo(name=TYPE, version=str(VERSION), title="loss ledger")
SCHEMA_NAME = "ledger"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"

Uid = Annotated[str, Meta(pattern="^[0-9a-f]{40}$", description="Satchel's id of the record.")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0)]
Code = Annotated[str, Meta(pattern="^[a-z0-9-]*$", description="The reason; docs/loss-ledger.md lists them all.")]


class LedgerField(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one field of a record, where it was neither kept nor mapped."""

    code: Code
    fate: FieldFate
    field: str


class LedgerRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one record, or of what stands at a place of the source and became none.

    ``kept``: it left as the bytes that came, which have so many members; those that ``fields`` tells are not among them.
    ``mapped``: the fields that stand in the target in its own way.
    """

    code: Code = ""
    #: So many parts that are alike, told once.
    count: Annotated[int, Meta(ge=1)] = 1
    #: Its place in ``file``, counted from 0.
    element: Count | None = None
    fate: Fate
    fields: tuple[LedgerField, ...] = ()
    file: str = ""
    #: The source's own id, where that says nothing of what it names (a UUID).
    id: str = ""
    kept: Count = 0
    kind: str
    mapped: tuple[str, ...] = ()
    uid: Uid | None = None


class LedgerFile(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was read or written. ``sha256``: of a file, its own; of a folder, that of the list of its files as
    ``sha256sum`` prints it, by the bytes of their paths."""

    name: str
    sha256: Sha256


class LedgerFormat(msgspec.Struct, frozen=True, kw_only=True):
    """An open format by its own version, or an adapter by its reader's."""

    name: str
    version: str


class LedgerEnd(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One end of the journey: in which formats, and which files or which state of which vault."""

    formats: tuple[LedgerFormat, ...] = ()
    files: tuple[LedgerFile, ...] = ()
    vault: str = ""
    change: Count | None = None


class LedgerCount(msgspec.Struct, frozen=True, kw_only=True):
    """So many records of a kind met a fate for a reason; with a ``field``, a field of theirs did."""

    kind: str
    field: str
    fate: str
    code: Code
    text: str
    count: Count


class LedgerTotals(msgspec.Struct, frozen=True, kw_only=True):
    """How many records met which fate, how many of them left as the bytes that came, and how many fields met which fate."""

    records: dict[Fate, Count]
    whole: Count
    fields: dict[FieldFate, Count]


class LedgerSeal(msgspec.Struct, frozen=True, kw_only=True):
    """What binds the records to the rest."""

    records: Count
    sha256: Sha256


class LedgerSignature(msgspec.Struct, frozen=True, kw_only=True):
    """As of a receipt: the algorithm, the public key in its text form, the value in base64url without padding."""

    algorithm: str
    key: str
    value: str


class LossLedger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole document."""

    type: Annotated[str, Meta(pattern=f"^{TYPE}$")]
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    satchel: str
    operation: Annotated[str, Meta(pattern="^(import|export|convert)$")]
    made: Annotated[str, Meta(description="RFC 3339, in UTC.")]
    options: dict[str, Any]
    records: tuple[LedgerRecord, ...]
    lines: tuple[LedgerCount, ...]
    totals: LedgerTotals
    source: LedgerEnd
    target: LedgerEnd
    seal: LedgerSeal
    signature: LedgerSignature | None = None


def schema() -> dict[str, Any]:
    """The JSON Schema of the document, Draft 2020-12, made from the types; whole in itself."""
    made: dict[str, Any] = _untitled(msgspec.json.schema(LossLedger))
    body = made["$defs"].pop(LossLedger.__name__)
    head = {"$schema": _DRAFT, "$id": f"urn:satchel:schema:loss-ledger:{VERSION}"}
    return {**head, **body, "title": f"Satchel loss ledger {VERSION}", "$defs": made["$defs"]}


def _untitled(value: Any) -> Any:
    """Without the names of our types, and with objects closed: a member that nobody knows says nothing."""
    if type(value) is list:
        return [_untitled(item) for item in value]
    if type(value) is not dict:
        return value
    kept = {name: _untitled(item) for name, item in value.items()}
    if kept.get("type") == "object" and "properties" in kept:
        kept.pop("title", None)
        kept["additionalProperties"] = False
    return kept
