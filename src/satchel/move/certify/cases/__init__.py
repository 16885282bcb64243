"""Every case of dossier section 11, and what of section 8 can be asked from outside; importing this registers them."""

from satchel.move.certify.cases import (
    reach,
    order,
    kinds,
    derivation,
    disguise,
    redaction,
    algebra,
    hops,
    authenticity,
    crash,
    overreach,
    residue,
    proof,
    levels,
    governed,
)  # isort: skip
from satchel.move.certify.cases.registry import CASES, Case

__all__ = [
    "CASES", "Case", "algebra", "authenticity", "crash", "derivation", "disguise", "governed", "hops", "kinds", "levels",
    "order", "overreach", "proof", "reach", "redaction", "residue",
]  # fmt: skip
