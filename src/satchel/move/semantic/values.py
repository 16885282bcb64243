"""What a semantic check says: differences while it runs, verdicts and counts afterwards.

Portable AI Assets dossier, 6.2: every level is reported by itself, never one blended score. A ``Difference`` holds excerpts of
what people wrote, in memory and nowhere else: an ``Excerpt`` shows nothing of itself and no encoder takes it. What outlives the
check, ``Semantic``, holds codes and counts.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

import msgspec

from satchel.model.findings import Severity

Tier = Literal["structure", "anchors", "embedding"]
#: ``not-checked``: nothing was found, and not all of it could be looked at.
Outcome = Literal["pass", "fail", "not-checked"]
Verdict = Literal["identical", "equivalent", "equivalent-with-declared-loss", "needs-review", "inconsistent", "not-checked"]
OUTCOMES: dict[Verdict, Outcome] = {
    "identical": "pass",
    "equivalent": "pass",
    "equivalent-with-declared-loss": "pass",
    "needs-review": "fail",
    "inconsistent": "fail",
    "not-checked": "not-checked",
}

#: Every code, its tier, how bad it is, and what it says. ``error`` makes a pair inconsistent, ``warning`` asks for a review,
#: and ``info`` is only told; a pair with one of UNJUDGED is not passed.
CODES: dict[str, tuple[Tier, Severity, str]] = {
    "record-missing": ("structure", "error", "a record has no counterpart, and no declared loss accounts for it"),
    "record-added": ("structure", "error", "a record stands in the target that nothing in the source says"),
    "record-omitted": ("structure", "info", "a record was left out, as the loss ledger says"),
    "own-kind": ("structure", "info", "something of its format's own has no counterpart that it could be held against"),
    "blank": ("structure", "info", "a record without a text has no counterpart"),
    "kind-changed": ("structure", "info", "a record is of another kind, as the target has its own kinds"),
    "kind-unsaid": ("structure", "error", "a record is of another kind, and the loss ledger does not say so"),
    "status-revived": ("structure", "error", "a record that held no more holds again"),
    "access-widened": ("structure", "error", "a record may be seen or handed out further than before"),
    "trust-raised": ("structure", "error", "a record is trusted more than before"),
    "title-missing": ("structure", "warning", "the record's title or name is not in its counterpart"),
    "title-added": ("structure", "warning", "the counterpart has a title or name that the record has not"),
    "text-missing": ("structure", "error", "the record has a text and its counterpart none"),
    "text-added": ("structure", "error", "the counterpart has a text and the record none"),
    "order-changed": ("structure", "error", "the messages of a conversation stand in another order"),
    "unit-missing": ("structure", "error", "a sentence, item, row or block has no counterpart"),
    "unit-added": ("structure", "error", "a sentence, item, row or block stands in the target that the source does not have"),
    "unit-cut": ("structure", "error", "a sentence has lost words and gained none"),
    "unit-grown": ("structure", "error", "a sentence has gained words and lost none"),
    "steps-reordered": ("structure", "warning", "the items of a numbered list stand in another order"),
    "units-reordered": ("structure", "info", "sentences or items stand in another order"),
    "too-many-units": ("structure", "warning", "too many changed sentences to be held against one another"),
    "code-changed": ("anchors", "error", "a code block, code span or command is not the same"),
    "number-changed": ("anchors", "error", "a number, or its unit, is not the same"),
    "date-changed": ("anchors", "error", "a date or time is not the same"),
    "version-changed": ("anchors", "error", "a version is not the same"),
    "address-changed": ("anchors", "error", "a URL or e-mail address is not the same"),
    "path-changed": ("anchors", "error", "a path or file name is not the same"),
    "identifier-changed": ("anchors", "error", "an identifier, option or variable is not the same"),
    "name-changed": ("anchors", "error", "a name is not the same"),
    "names-swapped": ("anchors", "error", "the same names stand in one another's place"),
    "values-swapped": ("anchors", "error", "the same numbers, dates, paths or identifiers stand in one another's place"),
    "quotation-changed": ("anchors", "error", "a quotation is not the same"),
    "mark-changed": ("anchors", "error", "a box is ticked, or a word struck out, on one side only"),
    "negation-changed": ("anchors", "error", "one side denies, forbids or excludes what the other does not"),
    "negation-moved": ("anchors", "error", "the same negation stands at other words"),
    "modality-changed": ("anchors", "error", "what must, may, always or sometimes holds is not the same"),
    "word-replaced": ("anchors", "warning", "of a sentence one word is another one, and all others are the same"),
    "words-swapped": ("anchors", "warning", "the very same words stand in another order"),
    "language-unknown": (
        "anchors",
        "info",
        "in this language negations are not known: what changed was not looked at for them",
    ),
    "unit-unlike": ("embedding", "error", "a sentence is unlike everything on the other side"),
    "gross-loss": ("embedding", "error", "the two texts have next to no words in common"),
}
#: A pair with one of these, and nothing worse, is not checked rather than passed.
UNJUDGED = frozenset({"language-unknown", "too-many-units", "own-kind", "blank"})


class Excerpt:
    """A passage of somebody's text. It shows nothing of itself, so that no log, error or document can hold it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<{len(self.text)} characters>"


class Difference(NamedTuple):
    """One thing that two texts do not have in common. ``unit_before`` and ``unit_after`` count sentences from 0; None where a
    side has none."""

    code: str
    before: Excerpt
    after: Excerpt
    unit_before: int | None = None
    unit_after: int | None = None

    @property
    def tier(self) -> Tier:
        return CODES[self.code][0]

    @property
    def severity(self) -> Severity:
        return CODES[self.code][1]


class Measures(msgspec.Struct, frozen=True):
    """What the third tier measured of the changed units, as cosines: how well each source unit is found in the target
    (recall), and each target unit in the source (precision); the mean and the least of each."""

    recall: float
    least_recall: float
    precision: float
    least_precision: float


class Judgement(msgspec.Struct, frozen=True):
    """A pair of texts. ``measures`` is None where the third tier had nothing to do."""

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    measures: Measures | None = None

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES[self.verdict]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what differs, each once, sorted."""
        return tuple(sorted({difference.code for difference in self.differences}))


def verdict_of(codes: Counter[str]) -> Verdict:
    """What codes come to, where the texts are not the same."""
    severities = {CODES[code][1] for code in codes if code not in UNJUDGED}
    if "error" in severities:
        return "inconsistent"
    if "warning" in severities:
        return "needs-review"
    return "not-checked" if codes.keys() & UNJUDGED else "equivalent"


class RecordVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record that was not simply passed: of the source, or for ``record-added`` of the target. Nothing of what it says."""

    uid: str
    kind: str
    verdict: Verdict
    codes: tuple[str, ...] = ()


class Semantic(msgspec.Struct, frozen=True, kw_only=True):
    """The check of a conversion, for the loss ledger to embed: counts and codes, no content.

    ``records`` counts the source's records, ``counterparts`` the target's. ``verdicts`` and ``codes`` count what was found;
    ``told`` are the records that were not passed, and those passed with something to tell. ``embedder`` is the name and digest
    of the third tier's model; ``is_lexical``: it knows spellings and not meanings, so it saw gross loss alone.
    """

    records: int
    counterparts: int
    verdicts: dict[Verdict, int]
    codes: dict[str, int]
    told: tuple[RecordVerdict, ...] = ()
    embedder: str = ""
    embedder_digest: str = ""
    is_lexical: bool = False

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """How many passed, failed and were not checked."""
        found: dict[Outcome, int] = {"pass": 0, "fail": 0, "not-checked": 0}
        for verdict, count in self.verdicts.items():
            found[OUTCOMES[verdict]] += count
        return found

    @property
    def has_failed(self) -> bool:
        """Whether any record failed."""
        return self.outcomes["fail"] > 0
