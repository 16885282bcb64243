"""docs/loss-ledger.md lists every code of the registry, and the registry every code that the writers use."""

from __future__ import annotations

import re

from satchel.formats.portable_agent_memory.mapping import LENSES
from satchel.formats.portable_memory.lens import AS_ROW
from satchel.model.loss_codes import FIELDS, RECORDS
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "loss-ledger.md"
FATE = r"\"(?:accepted|transformed|omitted|unresolved|rejected|kept|mapped|widened|narrowed|carried|lost)\""
USED = re.compile(FATE + r",\s*\"([a-z0-9-]+)\"|(?:Refusal|Refused)\(\s*\"([a-z-]+)\"|_beside\(\s*record, \"([a-z-]+)\"")
#: Fates that stand side by side in a list are no codes.
FATES = {
    "accepted",
    "transformed",
    "omitted",
    "unresolved",
    "rejected",
    "kept",
    "mapped",
    "widened",
    "narrowed",
    "carried",
    "lost",
}


def test_the_page_lists_every_code() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PAGE.read_text().partition("## Codes")[2], re.MULTILINE)
    assert rows == [*sorted(RECORDS.items()), *sorted(FIELDS.items())]


def test_the_registry_has_every_code_that_is_used() -> None:
    # Only these rooms tell a ledger; the fidelity matrix has words of its own for its columns.
    folders = [ROOT / "src" / "satchel" / room for room in ("model", "formats", "move")]
    paths = [path for folder in folders for path in folder.rglob("*.py") if "fidelity" not in path.parts]
    source = "\n".join(path.read_text() for path in paths)
    used = {code for found in USED.findall(source) for code in found if code} - FATES
    used |= set(AS_ROW.values()) | {f"as-{lens.component}" for lens in LENSES.values()}
    assert used <= RECORDS.keys() | FIELDS.keys(), used - RECORDS.keys() - FIELDS.keys()
    assert len(used) > 80


def test_nothing_in_the_registry_is_unused() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src" / "satchel").rglob("*.py") if path.name != "loss_codes.py")
    made = {*AS_ROW.values(), *(f"as-{lens.component}" for lens in LENSES.values())}
    idle = {code for code in (*RECORDS, *FIELDS) if f'"{code}"' not in source} - made
    assert not idle
