"""What an import tells a ledger: of each source object what became of it, and of each part that became none, why."""

from __future__ import annotations

from satchel.errors import Place
from satchel.model.findings import Finding
from satchel.model.ledger import Fate, Ledger
from satchel.vault.values import Outcome

#: What a part of the source that is no record is called.
PART = "part"
_TEXTS: dict[Outcome, str] = {
    "updated": "the vault held an earlier state of it",
    "unchanged": "the vault held the very same",
    "older": "the vault holds a newer state; this one is kept as an earlier version",
}


class Arrivals:
    """Tells ``ledger``; see ``vault.store.Intake.watch``. ``everything``: of what was taken, too."""

    def __init__(self, ledger: Ledger, *, everything: bool) -> None:
        self._ledger = ledger
        self._everything = everything
        #: One sentence for each code: a line of the ledger speaks for all that met the same.
        self._texts: dict[str, str] = {}

    def arrived(self, uid: str, kind: str, place: Place, outcome: Outcome) -> None:
        """A source object was merged. Of one that was erased, a finding tells."""
        if self._everything and outcome != "erased":
            code = "" if outcome == "new" else outcome
            self._ledger.record(kind, "accepted", code, _TEXTS.get(outcome, ""), uid=uid, place=place)

    def noted(self, finding: Finding) -> None:
        """A reader told of something."""
        text = self._texts.setdefault(finding.code, finding.text)
        if finding.outcome == "skipped":
            fate: Fate = "rejected" if finding.severity == "error" else "omitted"
            self._ledger.record(PART, fate, finding.code, text, count=finding.count, place=finding.place)
        elif finding.outcome == "changed":
            self._ledger.field(PART, "value", "narrowed", finding.code, text, count=finding.count)
