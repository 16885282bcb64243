"""What in a text looks like structure or like an order to the reader (dossier Portable Agent Memory 6.8, detector families).

Structure is escaped wherever it stands; orders are labelled, and quarantined where a block may not hold them. Neither is what
the frame rests on: it holds whatever a text says (``framing``). Patterns look at folded text (``folding``); none has a
repetition inside a repetition, so that each is linear.
"""

from __future__ import annotations

import re

import msgspec

from satchel.recall.folding import fold, places

_ROLE = "system|assistant|user|human|developer|tool|function|ai|bot|model|admin|operator|root"

_TAG = r"instructions?|tool_calls?|function_calls?|tool_result|thinking|antml:[a-z_]{1,24}"
_OVERRIDE = r"\b(?:ignore|disregard|forget|override|bypass|drop|neglect)\b.{0,40}"
_SEND = r"\b(?:send|post|upload|e-?mail|exfiltrate|forward|curl|wget|leak|transmit)\b.{0,60}"

#: What a prompt's structure is made of: the place to be escaped is the group ``at``.
_STRUCTURE = {
    "boundary": (
        r"(?P<at>\[)[ \\/]{0,4}pam[ \\]{0,4}:",
        r"(?P<at><)[ \\/]{0,4}(?:pam|satchel)[ _:-]",
    ),
    "role": (
        rf"(?:^|[\n.!?\"'`>\])}}])[ \t>*_#-]{{0,12}}(?:{_ROLE})[ \t*_`]{{0,6}}\n?[ \t]{{0,6}}(?P<at>:)",
        rf"[\"']role[\"'][ \t\n]{{0,4}}(?P<at>:)[ \t\n]{{0,4}}[\"'](?:{_ROLE})",
        rf"(?:^|\n)[ \t]{{0,6}}(?P<at>#){{1,6}}[ \t]{{0,4}}(?:{_ROLE}|instructions?)[ \t]{{0,4}}(?:$|\n|:)",
        rf"(?P<at><)[ ]{{0,2}}/?[ ]{{0,2}}(?:{_ROLE}|{_TAG})[ >]",
    ),
    "template": (
        r"(?P<at><)[ ]{0,2}\|[^|<>\n]{1,48}\|[ ]{0,2}>",
        r"(?P<at>\[)[ ]{0,2}/?[ ]{0,2}(?:inst|tool_calls|available_tools|tool_results|system_prompt)[ ]{0,2}\]",
        r"(?P<at><)<[ ]{0,2}/?[ ]{0,2}sys[ ]{0,2}>>",
        r"(?P<at><)[ ]{0,2}/?[ ]{0,2}"
        r"(?:start_of_turn|end_of_turn|start_header_id|end_header_id|bos|eos|s|pad|unk|endoftext)[ ]{0,2}>",
    ),
}
#: What an order to the reader sounds like.
_ORDERS = {
    "override": (
        rf"{_OVERRIDE}\b(?:all|any|previous|prior|above|earlier|preceding|system|your|the)\b.{{0,40}}"
        r"\b(?:instructions?|rules?|prompts?|directives?|contexts?|polic(?:y|ies)|guidelines?|restrictions?)\b",
        r"\bforget everything\b",
        r"\b(?:ignora|olvida|ignorez|oubliez|ignoriere|vergiss|ignore)\b.{0,30}"
        r"\b(?:instruc|anweisung|anterior|precedent|vorherig)",
    ),
    "role-assignment": (
        r"\byou are now\b",
        r"\b(?:from now on|henceforth),? (?:you|act|respond|always|never|do)\b",
        r"\b(?:act as|pretend to be|your new (?:role|persona|identity)|developer mode|do anything now|jailbroken?)\b",
    ),
    "new-instructions": (
        r"\b(?:new|updated|real|actual|revised) (?:system )?(?:instructions?|prompts?|directives?)\b ?:",
        r"\b(?:begin|start of|end of) (?:the )?(?:system|new|hidden) (?:prompts?|instructions?)\b",
        r"\b(?:important|urgent|attention)\b[:! ]{1,4}(?:you must|always|never|immediately|execute|run|send)\b",
    ),
    "exfiltration": (
        rf"{_SEND}"
        r"\b(?:keys?|tokens?|secrets?|passwords?|credentials?|env(?:ironment)?|api[_ -]keys?)\b",
        rf"{_SEND}(?:\.ssh\b|id_rsa|\.env\b|\.aws\b)",
        r"!\[[^\]\n]{0,80}\]\([ ]{0,2}https?://[^)\s]{1,200}[?&=]",
    ),
    "encoded": (
        r"[a-z0-9+/]{120,}={0,2}",
        r"\\x[0-9a-f]{2}(?:\\x[0-9a-f]{2}){15,}",
        r"%[0-9a-f]{2}(?:%[0-9a-f]{2}){15,}",
        r"&#x?[0-9a-f]{1,6};(?:&#x?[0-9a-f]{1,6};){7,}",
    ),
}
_STRUCTURE_PATTERNS = [(family, re.compile(pattern)) for family, found in _STRUCTURE.items() for pattern in found]
#: What every place of structure is one of, once folded: a text without any of them holds none.
_PLACE = re.compile(r"[\[<:#]")
_ORDER_PATTERNS = [(family, re.compile(pattern, re.DOTALL)) for family, found in _ORDERS.items() for pattern in found]
#: The group or the words that a pattern of words begins with: all that begin so are tried where such a beginning stands, and
#: nowhere else.
_BEGINNING = re.compile(r"\\b(\(\?:[^()]*(?:\(\?:[^()]*\)[^()]*)*\)|[a-z ]+)")
_WORDED = [(family, pattern) for family, pattern in _ORDER_PATTERNS if _BEGINNING.match(pattern.pattern)]
_OTHER = [(family, pattern) for family, pattern in _ORDER_PATTERNS if not _BEGINNING.match(pattern.pattern)]
_BEGINS = re.compile(r"\b(?=" + "|".join(match[1] for _, each in _WORDED if (match := _BEGINNING.match(each.pattern))) + ")")


class Seen(msgspec.Struct, frozen=True):
    """``places`` in the text that are structure; the families that were met, of structure and of orders."""

    places: frozenset[int]
    structure: tuple[str, ...]
    orders: tuple[str, ...]


NOTHING = Seen(frozenset(), (), ())


def detect(text: str) -> Seen:
    """What ``text`` (as ``folding.shown`` gives it) holds."""
    folded = fold(text)
    met = _structure(folded)
    squeezed = " ".join(folded.split())
    orders = dict.fromkeys(family for family, pattern in _OTHER if pattern.search(squeezed))
    for begun in _BEGINS.finditer(squeezed):
        for family, pattern in _WORDED:
            if family not in orders and pattern.match(squeezed, begun.start()):
                orders[family] = None
    if not met and not orders:
        return NOTHING
    return Seen(_origins(text, met), tuple(met), tuple(orders))


def structure_in(text: str) -> frozenset[int]:
    """The places of ``text`` (as ``folding.shown`` gives it) that are structure."""
    return _origins(text, _structure(fold(text)))


def _structure(folded: str) -> dict[str, list[int]]:
    """The places in folded text, by family."""
    found: dict[str, list[int]] = {}
    if _PLACE.search(folded):
        for family, pattern in _STRUCTURE_PATTERNS:
            for match in pattern.finditer(folded):
                found.setdefault(family, []).append(match.start("at"))
    return found


def _origins(text: str, met: dict[str, list[int]]) -> frozenset[int]:
    if not met:
        return frozenset()
    origin = places(text)
    return frozenset(origin[at] for found in met.values() for at in found)
