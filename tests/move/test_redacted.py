"""Nothing personal leaves through a redacted selection, in any byte of any format, whatever member it hides in."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec import inspect

from satchel.formats import registry
from satchel.formats.base import SourceNote
from satchel.limits import DEFAULT
from satchel.model import bodies
from satchel.model.ids import make_uid, uuid_of
from satchel.model.record import Access, Grant, Link, Origin, Provenance, Record
from satchel.move.redacted import Pseudonyms, RedactedSelection
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import TOKEN, Mint, recovered_value
from satchel.trust.secrets import Secret
from tests.formats.portable_ai_memory.bag import NOON, Bag, bags, files, uid

FORMATS = [name for name in sorted(registry.OURS) if hasattr(registry.get(name), "write")]
#: One of each type, and what of it no export may hold, in lower case and in any spelling of its separators.
CANARIES = {
    "email": ("alicecanary@example.com", "alicecanary"),
    "phone_us": ("555-010-0123", "010.?0123"),
    "phone": ("+49 30 901820", "901820"),
    "ssn": ("123-45-6789", "45.?6789"),
    "credit_card": ("4111 1111 1111 1111", "1111.?1111"),
    "ip_address": ("203.0.113.7", "203.0.113"),
    "date_of_birth": ("born on 1990-04-01", "1990.?04.?01"),
    "iban": ("DE89 3704 0044 0532 0130 00", "3704.?0044"),
    "api_key": ("sk-proj-canarya1B2c3D4e5F6g7H8", "canarya1b2c3"),
    "password": ("password: hunter2canary2", "hunter2canary"),
    "private_key": ("-----BEGIN PRIVATE KEY-----\nMIIEvQCANARYBADANB\n-----END PRIVATE KEY-----", "miievqcanary"),
}
TEXT = " ; ".join(canary for canary, _ in CANARIES.values())
#: By the names of their members alone.
NUMBERS = {"pin": 918273, "ssn": 45678901, "wifi_password": 81726354.5}
TRACES = re.compile("|".join([*(trace for _, trace in CANARIES.values()), *map(str, NUMBERS.values())]).encode())
VALUE = {TEXT: [TEXT, {"password": "hunter2canary2", "dob": "1990-04-01"}, NUMBERS, 5550100123, 4111111111111111]}
UIDS = ("source", "target", "parent", "current", "asset")


def filled(type: Any, name: str = "") -> Any:
    """A value of a type of ours with everything personal in every text of it."""
    match type:
        case inspect.StrType():
            return uid("m") if name in UIDS else TEXT
        case inspect.LiteralType():
            return type.values[0]
        case inspect.BoolType():
            return True
        case inspect.AnyType():
            return VALUE
        case inspect.VarTupleType():
            return (filled(type.item_type, name),)
        case inspect.StructType():
            return type.cls(**{field.name: filled(field.type, field.name) for field in type.fields})
        case inspect.UnionType():
            return None
        case inspect.IntType() | inspect.FloatType():
            return 1
    raise AssertionError(type)


def full(kind: str) -> Record:
    """A record of a kind with everything personal in every member that is a text."""
    return Record(
        uid=uid(kind),
        body=filled(inspect.type_info(bodies.BODIES[kind])),
        origin=Origin(format="chatgpt", version=TEXT, dialect=TEXT, space=TEXT, id=TEXT, kind=TEXT),
        links=(Link("part_of", uid("conversation")), Link("derived_from", uid("m"))),
        provenance=Provenance(
            platform=TEXT, account=TEXT, extractor=TEXT, actor=TEXT, conversation=uid("conversation"), message=uid("message")
        ),
        access=Access(visibility="shared", grants=(Grant(TEXT, ("read",)),)),
        tags=(TEXT, "alicecanary@example.com"),
        language=TEXT,
        scope=uid("scope"),
        residue={"portable-memory": VALUE, "portable-ai-memory": VALUE},
    )


def bag() -> Bag:
    records = [full(kind) for kind in bodies.KINDS]
    return Bag(
        records,
        blobs={TEXT: TEXT.encode()},
        said={record.uid: VALUE for record in records},
        notes={record.uid: SourceNote("chatgpt/1", NOON, TEXT, "0" * 64) for record in records},
    )


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    for name, data in files(folder).items():
        if zipfile.is_zipfile(folder / name):
            with zipfile.ZipFile(folder / name) as archive:
                yield from ((each, archive.read(each)) for each in archive.namelist())
        else:
            yield name, data


@pytest.mark.parametrize("format", FORMATS)
def test_no_canary_is_in_any_byte_of_any_format(format: str, tmp_path: Path) -> None:
    mint = Mint()
    with RedactedSelection(bag(), Redactor(mint)) as selection:
        written = registry.get(format).write(selection, tmp_path / "out")
        selection.tell(written.ledger)
    leaked = [(name, TRACES.findall((name.encode() + data).lower())) for name, data in everything(tmp_path)]
    assert [each for each in leaked if each[1]] == []
    # The canaries were there to be found: nothing leaked because they became tokens.
    assert {kept.type for kept in mint.kept.values()} == set(CANARIES)
    assert any(TOKEN.search(data.decode()) for _, data in everything(tmp_path))
    assert not TRACES.search(msgspec.json.encode(written.ledger.lines()).lower())


@pytest.mark.parametrize("format", FORMATS)
def test_the_canaries_leave_when_nobody_asks_for_redaction(format: str, tmp_path: Path) -> None:
    """What the test above looks for would be seen."""
    records = [msgspec.structs.replace(full(kind), provenance=Provenance()) for kind in bodies.KINDS]
    records.append(
        msgspec.structs.replace(full("memory"), uid=uid("plain"), body=bodies.Memory(text="alicecanary@example.com"))
    )
    registry.get(format).write(Bag(records), tmp_path / "out")
    assert any(TRACES.search(data.lower()) for _, data in everything(tmp_path))


@pytest.mark.parametrize("format", ["portable-ai-memory", "portable-memory"])
def test_a_redacted_export_is_valid(format: str, tmp_path: Path) -> None:
    with RedactedSelection(bag(), Redactor(Mint())) as selection:
        registry.get(format).write(selection, tmp_path / "out")
    findings = registry.get(format).validate(tmp_path / "out", limits=DEFAULT)
    assert [finding for finding in findings if finding.severity == "error"] == []


@pytest.mark.parametrize("format", FORMATS)
def test_no_uid_of_the_vault_leaves(format: str, tmp_path: Path) -> None:
    """A uid is a hash of what it names, often of the text: with it, what was redacted could be guessed."""
    given = bag()
    with RedactedSelection(given, Redactor(Mint())) as selection:
        registry.get(format).write(selection, tmp_path / "out")
    names = [spelled.encode() for record in given.items for spelled in (record.uid, uuid_of(record.uid))]
    for name, data in everything(tmp_path):
        assert [each for each in names if each in name.encode() + data] == []


def test_types_that_were_not_asked_for_stay(tmp_path: Path) -> None:
    redactor = Redactor(Mint(), types=frozenset({"email"}))
    with RedactedSelection(Bag([full("memory")]), redactor) as selection:
        record = next(selection.records("memory"))
    assert isinstance(record.body, bodies.Memory)
    assert "alicecanary" not in record.body.text and "555-010-0123" in record.body.text


def test_the_ledger_says_what_and_how_much() -> None:
    from satchel.model.ledger import Ledger

    with RedactedSelection(Bag([full("document")]), Redactor(Mint())) as selection:
        # However often a format asks, and in whatever way.
        list(selection.records("document"))
        list(selection.records("document"))
        selection.get(next(selection.records("document")).uid)
        ledger = Ledger()
        selection.tell(ledger)
    lines = {(line.kind, line.field): line for line in ledger.lines()}
    texts = 4 + 2 + 5 + 4  # body, tags, header, provenance
    assert lines["document", "email"].count == texts
    assert lines["document", "email"].fate == "narrowed"
    assert lines["document", "blob"].count == lines["document", "residue"].count == 1


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=40)
@given(bags())
def test_a_redacted_selection_is_the_selection_when_recovered(given: Bag) -> None:
    """Records come in the order of their new uids, each found again under its own, each text back as it was."""
    mint = Mint()
    with RedactedSelection(given, Redactor(mint)) as selection:
        for kind in bodies.KINDS:
            found = list(selection.records(kind))
            assert [record.uid for record in found] == sorted(record.uid for record in found)
            assert found == list(selection.records(kind))
            assert {selection._names.reveal(record.uid) for record in found} == {r.uid for r in given.records(kind)}
            for record in found:
                assert selection.get(record.uid) == record
                original = given.by_uid[selection._names.reveal(record.uid)]
                assert record.kind == original.kind and record.times == original.times
                was, now = (msgspec.json.decode(msgspec.json.encode(each.body)) for each in (original, record))
                assert comparable(recovered_value(now, mint.kept)) == comparable(was)
        for talk in selection.records("conversation"):
            told = [message.uid for message in selection.messages(talk.uid)]
            assert [selection._names.reveal(each) for each in told] == [
                message.uid for message in given.messages(selection._names.reveal(talk.uid))
            ]


def comparable(value: Any) -> Any:
    """A body without uids, the bytes' digest and offsets, which leave under other names."""
    if isinstance(value, dict):
        dropped = {*UIDS, "blob", "start", "end", "marker"}
        return {name: comparable(member) for name, member in value.items() if name not in dropped}
    return [comparable(item) for item in value] if isinstance(value, list | tuple) else value


def test_a_citation_marks_what_it_marked() -> None:
    text = "write to alicecanary@example.com [1] or call"
    at = text.index("[1]")
    cited = bodies.Citation(title="A page", start=at, end=at + 3, marker="[1]")
    whole = bodies.Citation(title="An address", start=9, end=32, marker=text[9:32])
    part = bodies.Part(type="text", text=text, citations=(cited, whole))
    given = Bag([Record(uid=uid("m"), body=bodies.Message(role="user", parts=(part,)), origin=Origin(format="chatgpt"))])
    with RedactedSelection(given, Redactor(Mint())) as selection:
        record = next(selection.records("message"))
    assert isinstance(record.body, bodies.Message)
    done = record.body.parts[0]
    for citation in done.citations:
        assert done.text[citation.start : citation.end] == citation.marker
    assert done.citations[0].marker == "[1]" and TOKEN.fullmatch(done.citations[1].marker)


def test_pseudonyms_are_a_permutation_under_a_key() -> None:
    names, others = Pseudonyms(Secret(bytes(32))), Pseudonyms(Secret(bytes(31) + b"1"))
    uids = [make_uid("test", str(number)) for number in range(500)]
    hidden = [names.hide(each) for each in uids]
    assert len(set(hidden)) == 500 and set(hidden).isdisjoint(uids)
    assert [names.reveal(each) for each in hidden] == uids
    assert set(hidden).isdisjoint(others.hide(each) for each in uids)
    assert names.hide("") == names.hide("alice") == names.hide("A" * 40) == ""
