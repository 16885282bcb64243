"""What of hostile text is recognised, what of harmless text is taken for it, and that none of it gets out of the frame.

Two different things. The frame must hold whatever a text says: ``escaped`` counts those that did not come back from the frame's
parser as the one item that was put in, and is 0 or a defect. Detection is advice: its recall on attacks and its false positives
on harmless text stand side by side, for either alone says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from satchel.errors import MalformedInput
from satchel.recall.candidates import FORBIDDEN
from satchel.recall.detection import detect
from satchel.recall.detectors import Detector, flagged
from satchel.recall.evaluation.corpora import Corpus, Sample
from satchel.recall.folding import shown
from satchel.recall.formats import narrative, structured
from satchel.recall.framing import STYLES, Item, frame, read_frame

#: A text is tried with a frame whose nonce it may well know: it is in each of them.
NONCE = "0" * 32
#: Texts that a detector is given at once.
_PAGE = 256


class Row(msgspec.Struct, frozen=True):
    """Of the texts of one family: how many our patterns recognised, how many a block of statements would quarantine, how many
    each other detector flagged, and how many got out of the frame."""

    corpus: str
    family: str
    texts: int
    recognised: int
    quarantined: int
    flagged: dict[str, int]
    escaped: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``attacks`` and ``benign`` by corpus and family, each corpus in all under the family "" """

    attacks: tuple[Row, ...]
    benign: tuple[Row, ...]
    detectors: tuple[str, ...]
    skipped: int = 0

    @property
    def escaped(self) -> int:
        """How many texts got out of the frame: 0, or the frame is broken."""
        return sum(row.escaped for row in (*self.attacks, *self.benign) if not row.family)


def measure(attacks: Sequence[Corpus], benign: Sequence[Corpus], detectors: Sequence[Detector] = ()) -> Report:
    """Look at every text. Raises SatchelError where a detector fails."""
    return Report(
        attacks=tuple(row for corpus in attacks for row in _rows(corpus, detectors)),
        benign=tuple(row for corpus in benign for row in _rows(corpus, detectors)),
        detectors=tuple(detector.name for detector in detectors),
        skipped=sum(corpus.skipped for corpus in (*attacks, *benign)),
    )


def escapes(text: str, nonce: str = NONCE) -> bool:
    """Whether a text, in any block, style or format, is anything but one item of the frame that it was put in."""
    wanted = shown(text)
    for style in STYLES:
        for write in (structured, narrative):
            item = Item({"text": text, "by": text[:80], "id": "0"}, "semantic")
            made = frame([("semantic", [write(item)])], nonce, style)
            try:
                blocks = read_frame(made).blocks
            except MalformedInput:
                return True
            if len(blocks) != 1 or blocks[0][0] != "semantic" or [each.get("text") for each in blocks[0][1]] != [wanted]:
                return True
    return False


def _rows(corpus: Corpus, detectors: Sequence[Detector]) -> list[Row]:
    families: dict[str, list[Sample]] = {}
    for sample in corpus.samples:
        families.setdefault(sample.family, []).append(sample)
    rows = [_row(corpus.name, family, samples, detectors) for family, samples in sorted(families.items())]
    whole = Row(
        corpus.name,
        "",
        sum(row.texts for row in rows),
        sum(row.recognised for row in rows),
        sum(row.quarantined for row in rows),
        {detector.name: sum(row.flagged[detector.name] for row in rows) for detector in detectors},
        sum(row.escaped for row in rows),
    )
    return [whole, *(row for row in rows if row.family)]


def _row(corpus: str, family: str, samples: Sequence[Sample], detectors: Sequence[Detector]) -> Row:
    recognised = held = out = 0
    for sample in samples:
        seen = detect(shown(sample.text))
        recognised += bool(seen.structure or seen.orders)
        held += any(each in FORBIDDEN["semantic"] for each in (*seen.structure, *seen.orders))
        out += escapes(sample.text)
    texts = [sample.text for sample in samples]
    flags = {detector.name: sum(sum(flagged(detector, page)) for page in _pages(texts)) for detector in detectors}
    return Row(corpus, family, len(samples), recognised, held, flags, out)


def _pages(texts: Sequence[str]) -> Iterable[Sequence[str]]:
    return (texts[at : at + _PAGE] for at in range(0, len(texts), _PAGE))
