"""What rides beside a row of its record's header: it comes back, and whoever forged it gains nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.records import native_record
from satchel.model.record import Record, Times
from tests.formats.portable_memory.made import episode, plain

DAY = datetime(2020, 1, 2, tzinfo=UTC)


def read(kind: str, row: dict[str, Any], **ours: Any) -> Record:
    return native_record(kind, {**row, "satchel": ours}, "0" * 40)


def test_what_a_row_has_no_member_for_comes_back() -> None:
    said = read(
        "episode",
        episode(),
        language="fr",
        times={"valid_from": "2020-01-02T00:00:00Z"},
        provenance={"account": "me", "method": "manual", "extractor": "x/1.0.0", "actor": "user:me"},
    )
    assert (said.language, said.times.valid_from) == ("fr", DAY)
    assert (said.provenance.account, said.provenance.method, said.provenance.actor) == ("me", "manual", "user:me")


def test_what_the_row_says_stands() -> None:
    row = episode(actors=["user:her"], categories=["tea"], expirationDate="2030-01-01T00:00:00Z")
    said = read("episode", row, tags=["other"], times={"valid_to": "2020-01-02T00:00:00Z"}, provenance={"actor": "user:me"})
    assert (said.provenance.actor, said.tags, said.times.valid_to.year) == ("user:her", ("tea",), 2030)  # type: ignore[union-attr]
    assert read("episode", episode(), tags=["other"]).tags == ()
    assert read("context", plain(KINDS["context"]), tags=["other"]).tags == ("other",)


@pytest.mark.parametrize(
    ("row", "ours", "found"),
    [("low", "high", "high"), ("high", "low", "high"), ("low", "normal", "normal"), ("high", "", "high")],
)
def test_sensitivity_never_falls(row: str, ours: str, found: str) -> None:
    said = read("episode", episode(sensitivity=row), access={"sensitivity": ours} if ours else {})
    assert said.access.sensitivity == found


def test_a_kind_without_sensitivity_keeps_it_too() -> None:
    assert read("context", plain(KINDS["context"]), access={"sensitivity": "high"}).access.sensitivity == "high"


def test_nobody_sees_more_and_trust_does_not_rise() -> None:
    said = read(
        "episode",
        episode(),
        trust="own",
        access={"visibility": "public", "grants": [{"entity": "all", "permissions": ["read"]}]},
        provenance={"platform": "chatgpt", "conversation": "f" * 40},
    )
    assert (said.trust, said.access.visibility, said.access.grants) == ("imported", "private", ())
    assert (said.provenance.platform, said.provenance.conversation) == ("portable-memory", "")


@pytest.mark.parametrize("ours", [{"language": 7}, {"times": {"valid_from": "soon"}}, {"access": {"sensitivity": "secret"}}])
def test_of_what_is_malformed_nothing_is_taken(ours: dict[str, Any]) -> None:
    said = read("episode", episode(), **{"language": "fr", **ours})
    assert (said.language, said.times.valid_from) == ("", Times().valid_from)
