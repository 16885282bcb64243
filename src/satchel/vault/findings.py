"""What readers tell of an import, gathered: what was lost one by one up to a limit, notes that are alike as one."""

from __future__ import annotations

from msgspec.structs import replace

from satchel.errors import Place
from satchel.model.findings import Finding

#: Findings told one by one; past that, alike ones are counted together.
MAX_FINDINGS = 2_000


class Findings:
    """In the order of coming; counted ones last."""

    def __init__(self) -> None:
        self._each: list[Finding] = []
        self._counted: dict[tuple[str, str], Finding] = {}

    def add(self, finding: Finding) -> None:
        key = (finding.code, finding.place.file)
        # Notes that are alike are told once for a file; what was lost is told one by one, up to a limit.
        if (finding.severity != "info" or finding.code == "erased") and len(self._each) < MAX_FINDINGS:
            self._each.append(finding)
        elif key in self._counted:
            seen = self._counted[key]
            self._counted[key] = replace(seen, place=Place(file=seen.place.file), count=seen.count + finding.count)
        else:
            self._counted[key] = finding

    def all(self) -> tuple[Finding, ...]:
        return (*self._each, *self._counted.values())
