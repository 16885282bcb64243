"""How confidence fades with time (Portable AI Memory 8.1; dossier 5.3).

A file names the model and never the rate: that is local, and stated here. A ``current`` confidence in a file is what it was on
the day of the export; nothing here changes it, this only tells what it would be by now.

    time_linear        start − per_day · days
    time_exponential   start · 2^(−days / half_life_days)
    none               start
    not stated         unknown
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Literal

import msgspec

from satchel.errors import UsageError

DecayModel = Literal["time_linear", "time_exponential", "none"]
_DAY_S = 86_400.0


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """How fast: what is certain is forgotten after two years, or half forgotten after half a year, unless it is borne out."""

    per_day: float = 1 / 730
    half_life_days: float = 182.5

    def __post_init__(self) -> None:
        if not 0 <= self.per_day < float("inf") or not 0 < self.half_life_days < float("inf"):
            raise UsageError("a rate of decay is a positive number")


USUAL = Rates()


def faded(start: float, model: DecayModel | None, since: datetime, now: datetime, rates: Rates = USUAL) -> float | None:
    """The confidence at ``now`` of what had ``start`` at ``since``, in [0, 1]; None when no model was stated.

    Args:
        start: confidence when last reinforced, in [0, 1]; where that was never, the initial one.
        model: as the file names it.
        since: when last reinforced; where that was never, when created. A ``now`` before it is taken for it.
        now: aware, as ``since``.
        rates: the local ones.

    Raises:
        UsageError: ``start`` is no share.
    """
    if not 0 <= start <= 1:
        raise UsageError("a confidence is a number from 0 to 1")
    days = max(0.0, (now - since).total_seconds() / _DAY_S)
    match model:
        case None:
            return None
        case "none":
            return start
        case "time_linear":
            return max(0.0, start - rates.per_day * days)
        case "time_exponential":
            return start * math.exp2(-days / rates.half_life_days)
