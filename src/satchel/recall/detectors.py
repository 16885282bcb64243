"""Detectors of hostile text that others bring: a classifier, an LLM judge. None comes with Satchel but its own patterns, and
none runs unless it is named.

An entry point of the group ``satchel.detectors`` names an object with ``name``, ``threshold`` and ``score``. What one flags is
labelled, and quarantined where a block of somebody else's words may not hold orders. None is relied on: the frame is. How much
one finds, and of how much harmless text it takes fright, ``satchel eval attacks`` measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast

from satchel.errors import SatchelError, UsageError
from satchel.recall.detection import detect
from satchel.recall.folding import shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "satchel.detectors"
#: Ours, which always run: named where they are measured.
PATTERNS = "patterns"


class Detector(Protocol):
    """``score`` gives each text a number; from ``threshold`` on it is flagged."""

    name: str
    threshold: float

    def score(self, texts: Sequence[str]) -> Sequence[float]: ...


class _Patterns:
    name = PATTERNS
    threshold = 1.0

    def score(self, texts: Sequence[str]) -> Sequence[float]:
        """1 where ``detection.detect`` sees anything."""
        return [float(bool(seen.structure or seen.orders)) for seen in (detect(shown(text)) for text in texts)]


def names() -> list[str]:
    """Every detector that a command may name."""
    return sorted({PATTERNS, *(point.name for point in _theirs())})


def get(name: str) -> Detector:
    """The detector of that name.

    Raises:
        UsageError: there is none, or it cannot be loaded.
    """
    if name == PATTERNS:
        return _Patterns()
    for point in _theirs().select(name=name):
        try:
            return cast(Detector, point.load())
        except Exception as error:  # Whatever a third party's module raises.
            raise UsageError(f"the detector {name!r} cannot be loaded: {type(error).__name__}") from error
    raise UsageError(f"no detector is called {name!r}", hint="there are " + ", ".join(names()))


def flagged(detector: Detector, texts: Sequence[str]) -> list[bool]:
    """Which of the texts the detector flags.

    Raises:
        SatchelError: it failed, or gave no number for each. Nothing is recalled as if it had found nothing.
    """
    if not texts:
        return []
    try:
        given = [float(score) for score in detector.score(texts)]
    except Exception as error:  # Whatever a third party's code raises.
        raise SatchelError(
            f"the detector {detector.name!r} failed: {type(error).__name__}", hint="leave --detector out"
        ) from error
    if len(given) != len(texts):
        raise SatchelError(f"the detector {detector.name!r} gave {len(given)} scores for {len(texts)} texts")
    # What is no number (NaN) is flagged, not passed.
    return [not score < detector.threshold for score in given]


def _theirs() -> EntryPoints:
    # Reading what all installed packages say of themselves takes longer than a context does.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)
