"""The loss ledger: counted by reason."""

from __future__ import annotations

from satchel.model.ledger import Ledger, LedgerLine


def test_many_at_once_count_as_many_one_by_one() -> None:
    at_once, one_by_one = Ledger(), Ledger()
    at_once.record("memory", "omitted", "no-room", "did not fit", count=3)
    at_once.field("memory", "text", "narrowed", "spacing", "blank lines", count=2)
    for _ in range(3):
        one_by_one.record("memory", "omitted", "no-room", "did not fit")
    for _ in range(2):
        one_by_one.field("memory", "text", "narrowed", "spacing", "blank lines")
    assert at_once.lines() == one_by_one.lines()
    assert at_once.lines()[0] == LedgerLine("memory", "", "omitted", "no-room", "did not fit", 3)
    assert at_once.total("omitted") == 3
