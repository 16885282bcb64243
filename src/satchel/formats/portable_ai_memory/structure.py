"""Structure checks over raw parsed JSON: the small part of JSON Schema that the three schemas use, made of functions.

A check is called with a value, the pointer to it and a Report; it adds findings and returns nothing. Closed objects, null
rules and patterns are those of dossier 1 and 6; patterns match the whole string. Findings never quote the person's
content.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from satchel.errors import Place
from satchel.formats.portable_ai_memory import moments
from satchel.formats.portable_ai_memory.rules import broken
from satchel.model.findings import Finding, Severity

Check = Callable[[Any, str, "Report"], None]


class Report:
    """The findings of one element; ``tolerant`` only warns of what a newer minor version may have added (dossier 8)."""

    def __init__(self, place: Place, *, tolerant: bool = False) -> None:
        self.place = place
        self.tolerant = tolerant
        self.findings: list[Finding] = []

    def at(self, pointer: str) -> Place:
        """The place of a member inside this element."""
        return Place(self.place.file, self.place.element, self.place.offset, self.place.pointer + pointer)

    def add(self, code: str, pointer: str, text: str, *, severity: Severity = "error") -> None:
        self.findings.append(Finding(code=f"schema-{code}", severity=severity, text=text, place=self.at(pointer)))

    def newer(self, code: str, pointer: str, text: str) -> None:
        """As ``add``; only a warning where a newer minor version may know better."""
        self.add(code, pointer, text, severity="warning" if self.tolerant else "error")

    def rule(self, code: str, pointer: str = "", *, note: str = "", severity: Severity | None = None) -> None:
        """Add the finding that a rule of ``rules.RULES`` is broken."""
        self.findings.append(broken(code, self.at(pointer), note=note, severity=severity))


def _wrong_type(value: Any, pointer: str, report: Report, wanted: str) -> None:
    if value is None:
        report.add("null", pointer, f"null is not allowed here; expected {wanted}")
    else:
        report.add("type", pointer, f"expected {wanted}")


def text(
    *,
    null: bool = False,
    least: int = 0,
    pattern: re.Pattern[str] | None = None,
    among: tuple[str, ...] | None = None,
    const: str | None = None,
) -> Check:
    """A string, with what else is asked of it."""
    wanted = "a string or null" if null else "a string"

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not str:
            if value is not None or not null:
                _wrong_type(value, pointer, report, wanted)
        elif const is not None and value != const:
            report.add("const", pointer, f"expected {const!r}")
        elif among is not None and value not in among:
            report.newer("enum", pointer, "expected one of " + ", ".join(among))
        elif len(value) < least:
            report.add("length", pointer, "an empty string is not allowed here")
        elif pattern is not None and not pattern.fullmatch(value):
            report.add("pattern", pointer, f"does not match {pattern.pattern}")

    return check


def time(*, null: bool = False) -> Check:
    """A date-time. RFC 3339 is right, other ISO 8601 forms are doubtful, the rest is wrong (dossier 11.4, PAM-017)."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not str:
            if value is not None or not null:
                _wrong_type(value, pointer, report, "a date-time string")
            return
        moment = moments.read(value)
        if moment is None:
            report.add("time", pointer, "not a date-time")
        elif not moment.strict:
            report.rule("time-form", pointer)

    return check


def number(*, low: float | None = None, high: float | None = None, null: bool = False, whole: bool = False) -> Check:
    """A number in [low, high]; ``whole`` takes 5.0 for an integer, as Draft 2020-12 does (dossier 1.13)."""
    wanted = "an integer" if whole else "a number"

    def check(value: Any, pointer: str, report: Report) -> None:
        kind = type(value)
        if kind is not int and kind is not float:
            if value is not None or not null:
                _wrong_type(value, pointer, report, wanted)
        elif whole and kind is float and not value.is_integer():
            report.add("type", pointer, "expected an integer")
        elif (low is not None and value < low) or (high is not None and value > high):
            report.add("range", pointer, f"must be at least {low}" + ("" if high is None else f" and at most {high}"))

    return check


def flag(value: Any, pointer: str, report: Report) -> None:
    """A boolean."""
    if type(value) is not bool:
        _wrong_type(value, pointer, report, "true or false")


def tool_input(value: Any, pointer: str, report: Report) -> None:
    """What ``tool_calls[].input`` may be (dossier 6.1)."""
    if value is not None and type(value) not in (dict, str):
        report.add("type", pointer, "expected an object, a string or null")


def array(item: Check, *, unique: bool = False, least: int = 0, null: bool = False) -> Check:
    """An array of ``item``."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not list:
            if value is not None or not null:
                _wrong_type(value, pointer, report, "an array")
            return
        if len(value) < least:
            report.add("length", pointer, f"needs at least {least}")
        for index, member in enumerate(value):
            item(member, f"{pointer}/{index}", report)
        # Only strings are asked to be unique in these schemas.
        if unique and len(set(map(str, value))) != len(value):
            report.add("unique", pointer, "an item stands twice")

    return check


def numbers(value: Any, pointer: str, report: Report) -> None:
    """An array of numbers, or null: an embedding's vector, looked at in one go."""
    if value is None:
        return
    if type(value) is not list:
        _wrong_type(value, pointer, report, "an array")
    elif not {type(item) for item in value} <= {int, float}:
        report.add("type", pointer, "expected numbers only")


class Shape:
    """An object: its members' checks, which it must have, whether it takes others, and a check of the whole."""

    def __init__(
        self,
        members: dict[str, Check],
        *,
        required: tuple[str, ...] = (),
        open: bool = False,
        null: bool = False,
        also: Check | None = None,
    ) -> None:
        self.members = members
        self.required = required
        self.open = open
        self.null = null
        self.also = also

    def __call__(self, value: Any, pointer: str, report: Report) -> None:
        if type(value) is not dict:
            if value is not None or not self.null:
                _wrong_type(value, pointer, report, "an object")
            return
        for name in self.required:
            if name not in value:
                report.add("required", pointer, f"lacks {name}")
        for name, member in value.items():
            check = self.members.get(name)
            if check is not None:
                check(member, f"{pointer}/{name}", report)
            elif not self.open:
                report.newer("unknown", pointer, "has a member that the format does not know")
        if self.also is not None:
            self.also(value, pointer, report)
