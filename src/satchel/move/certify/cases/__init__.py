"""Every case of dossier section 11, and what of section 8 can be asked from outside; importing this registers them."""

# ruff: noqa: I001  (the order of the imports is the order of the families)
from satchel.move.certify.cases import reach, order, kinds, derivation, disguise, redaction, algebra, hops, authenticity
from satchel.move.certify.cases import crash, overreach, residue, proof, levels, governed
from satchel.move.certify.cases.registry import CASES, Case

__all__ = ["CASES", "Case"]

#: The modules that registered something: naming them keeps their imports.
FAMILIES = (
    reach, order, kinds, derivation, disguise, redaction, algebra, hops, authenticity, crash, overreach, residue, proof, levels,
    governed,
)  # fmt: skip
