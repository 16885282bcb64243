"""Does what was written say what was read? The semantic check of a conversion (Portable AI Assets dossier, 6).

    values      verdicts, codes, counts
    structure   a text as units: sentences, items, rows, code blocks
    anchors     names, numbers, dates, paths, code: what a rewording must leave as it is
    names       which words are names
    polarity    negations, modality, opposites
    cues        the words that the last two go by, in eleven languages
    words       the words of a unit; the language of a text
    alignment   which units of two texts say the same thing
    embedding   the third tier: may fail a conversion, never passes one
    judging     two texts
    matching    which record of the target is which of the source
    verifying   a whole conversion

Pure functions over texts and records: no input or output. ``verify`` checks a conversion, ``judge`` a pair of texts.
"""

from __future__ import annotations

from satchel.move.semantic.embedding import Embedder
from satchel.move.semantic.judging import judge
from satchel.move.semantic.values import (
    CODES,
    OUTCOMES,
    Difference,
    Excerpt,
    Judgement,
    Measures,
    RecordVerdict,
    Semantic,
    Verdict,
)
from satchel.move.semantic.verifying import check, verify

__all__ = [
    "CODES",
    "OUTCOMES",
    "Difference",
    "Embedder",
    "Excerpt",
    "Judgement",
    "Measures",
    "RecordVerdict",
    "Semantic",
    "Verdict",
    "check",
    "judge",
    "verify",
]
