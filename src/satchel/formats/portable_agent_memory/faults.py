"""What can be wrong with an artifact: the protocol's error codes (dossier 10.5), and the order in which checks decide.

The order is the specification's (its 6.2) but for the sizes: they come before any hashing, since a bound that is looked at last
bounds nothing (dossier 12.1, 12.4).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from satchel.errors import Place, SatchelError
from satchel.model.findings import Finding, Severity

#: Every error code with its HTTP status.
ERROR_CODES: dict[str, int] = {
    "PAM_INVALID_SCHEMA": 400,
    "PAM_HASH_MISMATCH": 400,
    "PAM_PROVENANCE_CYCLE": 400,
    "PAM_DANGLING_REFERENCE": 400,
    "PAM_ARTIFACT_OVERSIZED": 400,
    "PAM_UNSUPPORTED_VERSION": 400,
    "PAM_UNSUPPORTED_SCHEMA": 400,
    "PAM_INVALID_SIGNATURE": 401,
    "PAM_UNAUTHORIZED": 401,
    "PAM_TOKEN_EXPIRED": 401,
    "PAM_AUDIENCE_MISMATCH": 403,
    "PAM_FORBIDDEN": 403,
    "PAM_NOT_FOUND": 404,
    "PAM_VERSION_MISMATCH": 406,
    "PAM_DUPLICATE": 409,
    "PAM_TOO_LARGE": 413,
}

Stage = Literal["wire", "version", "sizes", "schema", "root", "signature", "entries", "provenance", "order"]
#: The first stage with an error decides the verdict.
STAGES: tuple[Stage, ...] = ("wire", "version", "sizes", "schema", "root", "signature", "entries", "provenance", "order")


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong or doubtful. ``code`` is the protocol's, ``detail`` ours where it says more.

    ``strict``: only doubtful as artifacts in use go, but wrong by the letter of the specification.
    """

    stage: Stage
    code: str
    text: str
    place: Place = Place()
    severity: Severity = "error"
    detail: str = ""
    strict: bool = False
    #: How many parts it speaks for.
    count: int = 1

    def is_error(self, *, strict: bool = False) -> bool:
        """Whether it makes the artifact invalid."""
        return self.severity == "error" or (strict and self.strict)

    def finding(self) -> Finding:
        """The same for a surface to print."""
        text = f"{self.detail}: {self.text}" if self.detail else self.text
        return Finding(code=self.code, severity=self.severity, text=text, place=self.place, count=self.count)


def from_error(error: SatchelError, file: str = "") -> Fault:
    """The fault that a refusal of ``wire.parse`` is; its message begins with the code."""
    code, _, text = error.message.partition(": ")
    if code not in ERROR_CODES:
        code, text = "PAM_INVALID_SCHEMA", error.message
    hint = f" ({error.hint})" if error.hint else ""
    return Fault("wire", code, text + hint, error.place or Place(file=file))


def verdict(faults: tuple[Fault, ...], *, strict: bool = False) -> str:
    """The code of the first error in the order of the stages; "" when there is none."""
    errors = [fault for fault in faults if fault.is_error(strict=strict)]
    return min(errors, key=lambda fault: STAGES.index(fault.stage)).code if errors else ""
