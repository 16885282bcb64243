"""Facts that contradict one another: the same subject and predicate, another object (dossier 1.4)."""

from __future__ import annotations

from typing import NamedTuple

from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.moments import instant

#: Confidences no further apart than this do not tell which fact to believe.
_CLOSE = 0.1


class Conflict(NamedTuple):
    """``prevails``: the id of the fact of the latest ``created_at``; ``others``: those that it prevails over, latest first.

    ``is_close``: the confidence of one of them is within 0.1 of the prevailing one's: for a person to decide.
    """

    prevails: str
    others: tuple[str, ...]
    is_close: bool


def conflicts(artifact: Artifact) -> list[Conflict]:
    """Every conflict between the semantic entries. Two of one time are in the order of their ids; without a time comes last."""
    groups: dict[tuple[str, str], list[tuple[float, str, str, float]]] = {}
    for entry in artifact.entries("semantic"):
        subject, predicate, thing = (entry.get(name) for name in ("subject", "predicate", "object"))
        own, said = entry.get("id"), entry.get("confidence")
        if type(subject) is not str or type(predicate) is not str or type(thing) is not str or type(own) is not str:
            continue
        made = instant(entry.get("created_at"))
        at = made.timestamp() if made is not None else float("-inf")
        score = float(said) if type(said) in (int, float) else 0.5
        groups.setdefault((subject, predicate), []).append((at, own, thing, score))
    found = []
    for facts in groups.values():
        facts.sort(reverse=True)
        _, own, thing, score = facts[0]
        others = [fact for fact in facts[1:] if fact[2] != thing]
        if others:
            # Scores have few decimals, and 0.8 - 0.7 is more than 0.1 in binary.
            close = any(round(abs(score - fact[3]), 9) <= _CLOSE for fact in others)
            found.append(Conflict(own, tuple(fact[1] for fact in others), close))
    return found
