"""The six classes of the specification, as it gives them (portable-agent-memory.md 7.2, RED-02).

The patterns are those of the text, read as ASCII: a number between two Chinese characters has word boundaries. All but the
e-mail address are bounded in length and so linear. The address's own pattern is quadratic on a long run of letters without an
``@``; ``emails`` gives the same matches in linear time by starting at each ``@``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """Code points ``start`` to ``end`` of a folded text, and how sure it is that they are of their type."""

    start: int
    end: int
    confidence: float


#: Type and pattern, letter for letter.
PATTERNS: dict[str, str] = {
    "email": r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}",
    "phone_us": r"\b(\+?1[-.\s]?)?\(?\d{3}\)?[-.\s]?\d{3}[-.\s]?\d{4}\b",
    "ssn": r"\b\d{3}-\d{2}-\d{4}\b",
    "credit_card": r"\b\d{4}[-\s]?\d{4}[-\s]?\d{4}[-\s]?\d{4}\b",
    "ip_address": r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
    "date_of_birth": r"\b(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])/\d{4}\b",
}
_COMPILED = {name: re.compile(pattern, re.ASCII) for name, pattern in PATTERNS.items() if name != "email"}
_LOCAL_REST = re.compile(r"[^a-zA-Z0-9._%+-]")
_DOMAIN = re.compile(r"[a-zA-Z0-9.-]+")
_TOP = re.compile(r"[a-zA-Z]{2,}")
#: Area and group numbers that the Social Security Administration never gave out.
_NO_SSN = re.compile(r"(?:000|666|9\d\d)-|\d{3}-00-|\d{3}-\d{2}-0000", re.ASCII)
_BARE = re.compile(r"\d+", re.ASCII)


def emails(text: str) -> Iterator[Span]:
    """What ``PATTERNS["email"]`` matches."""
    done = 0
    at = text.find("@")
    while at >= 0:
        start = _local_start(text, done, at)
        domain = _DOMAIN.match(text, at + 1)
        end = _domain_end(text, at + 1, domain.end()) if domain and start < at else 0
        if end:
            yield Span(start, end, 0.99)
        done = end or at + 1
        at = text.find("@", done)


def _local_start(text: str, lowest: int, at: int) -> int:
    start = at
    while start > lowest and not _LOCAL_REST.match(text, start - 1):
        start -= 1
    return start


def _domain_end(text: str, start: int, end: int) -> int:
    """Where the longest domain in ``text[start:end]`` ends, 0 where there is none: behind the last dot with letters after."""
    dot = text.rfind(".", start + 1, end)
    while dot > start:
        top = _TOP.match(text, dot + 1)
        if top is not None:
            return top.end()
        dot = text.rfind(".", start + 1, dot)
    return 0


def phones(text: str) -> Iterator[Span]:
    """American telephone numbers: ten bare digits are less surely one."""
    for found in _COMPILED["phone_us"].finditer(text):
        yield Span(found.start(), found.end(), 0.5 if _BARE.fullmatch(found[0]) else 0.9)


def ssns(text: str) -> Iterator[Span]:
    """American social security numbers; those that are none by their parts are found too, as the pattern asks."""
    if text.count("-") < 2:
        return
    for found in _COMPILED["ssn"].finditer(text):
        yield Span(found.start(), found.end(), 0.4 if _NO_SSN.match(found[0]) else 0.95)


def cards(text: str) -> Iterator[Span]:
    """Sixteen digits in fours; surely a card's only where their check digit holds."""
    for found in _COMPILED["credit_card"].finditer(text):
        yield Span(found.start(), found.end(), 0.99 if luhn(found[0]) else 0.5)


def addresses(text: str) -> Iterator[Span]:
    """Four numbers between dots; those that no address can have are found too, as the pattern asks."""
    if text.count(".") < 3:
        return
    for found in _COMPILED["ip_address"].finditer(text):
        yield Span(found.start(), found.end(), 0.9 if _is_address(found[0]) else 0.3)


def birth_dates(text: str) -> Iterator[Span]:
    """American dates: of all dates, some are of birth."""
    if text.count("/") < 2:
        return
    for found in _COMPILED["date_of_birth"].finditer(text):
        yield Span(found.start(), found.end(), 0.5)


def luhn(text: str) -> bool:
    """Whether the digits in ``text`` end with the check digit of ISO/IEC 7812."""
    total = 0
    for index, digit in enumerate(reversed([int(sign) for sign in text if sign.isdigit()])):
        doubled = digit * 2 if index % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


FINDERS: dict[str, Callable[[str], Iterator[Span]]] = {
    "email": emails,
    "phone_us": phones,
    "ssn": ssns,
    "credit_card": cards,
    "ip_address": addresses,
    "date_of_birth": birth_dates,
}
