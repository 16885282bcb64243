"""Structure checks over raw parsed JSON, made from the types of ``models``: every fault of a value, each with its place.

A check is called with a value, the pointer to it and a Report; it adds findings and returns nothing. Closed objects, null
rules and patterns are those of dossier 1 and 6; patterns match the whole string. Findings never quote the person's
content.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from satchel.errors import Place
from satchel.formats.portable_ai_memory import models, moments
from satchel.formats.portable_ai_memory.rules import broken
from satchel.model.findings import Finding, Severity

Check = Callable[[Any, str, "Report"], None]

#: What a value of each JSON type is called in a finding.
_WORDS = {dict: "an object", list: "an array", str: "a string", bool: "true or false", float: "a number", int: "an integer"}


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

    def wrong_type(self, value: Any, pointer: str, wanted: str) -> None:
        if value is None:
            self.add("null", pointer, f"null is not allowed here; expected {wanted}")
        else:
            self.add("type", pointer, f"expected {wanted}")


def check_of(model: type[msgspec.Struct], *, streamed: frozenset[str] = frozenset()) -> Check:
    """The check of an object of this type; of the members named in ``streamed`` only that they are arrays."""

    @functools.cache
    def made() -> Check:
        # Not before it is called: most commands and most files need none of most checks.
        info = inspect.type_info(model)
        assert isinstance(info, inspect.StructType)
        return _object(info, streamed=streamed)

    return lambda value, pointer, report: made()(value, pointer, report)


def _check(info: inspect.Type, schema: dict[str, Any]) -> Check:
    """The check of a value of this type; ``schema`` is what the type's annotations say beside it."""
    match info:
        case inspect.Metadata():
            return _check(info.type, {**(info.extra_json_schema or {}), **schema})
        case inspect.UnionType():
            return _union(info, schema)
        case inspect.StrType():
            return _time if schema.get("format") == "date-time" else _text(info)
        case inspect.LiteralType():
            return _among(tuple(str(value) for value in info.values))
        case inspect.IntType() | inspect.FloatType():
            return _number(info)
        case inspect.ListType():
            return _array(info, schema)
        case inspect.StructType():
            return _object(info)
        case inspect.BoolType():
            return _of_type(bool)
        case _:
            assert isinstance(info, inspect.DictType)
            return _of_type(dict)


def _of_type(kind: type) -> Check:
    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not kind:
            report.wrong_type(value, pointer, _WORDS[kind])

    return check


def _union(info: inspect.UnionType, schema: dict[str, Any]) -> Check:
    """A value or null; the input of a tool is the only other union: an object, a string or null (dossier 6.1)."""
    others = [each for each in info.types if not isinstance(each, inspect.NoneType)]
    if len(others) == 1:
        inner = _check(others[0], schema)

        def check(value: Any, pointer: str, report: Report) -> None:
            if value is not None:
                inner(value, pointer, report)

        return check

    def either(value: Any, pointer: str, report: Report) -> None:
        if value is not None and type(value) not in (dict, str):
            report.add("type", pointer, "expected an object, a string or null")

    return either


def _text(info: inspect.StrType) -> Check:
    least, most = info.min_length or 0, info.max_length
    pattern = re.compile(info.pattern) if info.pattern else None

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not str:
            report.wrong_type(value, pointer, "a string")
        elif not value and least:
            report.add("length", pointer, "an empty string is not allowed here")
        elif pattern is not None and not pattern.search(value):
            report.add("pattern", pointer, f"does not match {schema_pattern(pattern.pattern)}")
        elif len(value) < least or (most is not None and len(value) > most):
            report.add("length", pointer, f"needs {least} to {most} characters")

    return check


def schema_pattern(pattern: str) -> str:
    """The pattern as ECMA-262 spells it, where ``$`` matches at the end only (dossier 1.1)."""
    return pattern.removesuffix(r"\Z") + "$" if pattern.endswith(r"\Z") else pattern


def _among(words: tuple[str, ...]) -> Check:
    """One of a closed list; a list of one is a constant, which no later version changes."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not str:
            report.wrong_type(value, pointer, "a string")
        elif value not in words and len(words) == 1:
            report.add("const", pointer, f"expected {words[0]!r}")
        elif value not in words:
            report.newer("enum", pointer, "expected one of " + ", ".join(words))

    return check


def _time(value: Any, pointer: str, report: Report) -> None:
    """A date-time. RFC 3339 is right, other ISO 8601 forms are doubtful, the rest is wrong (dossier 11.4, PAM-017)."""
    if type(value) is not str:
        report.wrong_type(value, pointer, "a date-time string")
        return
    moment = moments.read(value)
    if moment is None:
        report.add("time", pointer, "not a date-time")
    elif not moment.strict:
        report.rule("time-form", pointer)


def _number(info: inspect.IntType | inspect.FloatType) -> Check:
    """A number in its range; an integer may be spelled 5.0, as Draft 2020-12 has it (dossier 1.13)."""
    whole, low, high = isinstance(info, inspect.IntType), info.ge, info.le
    wanted = _WORDS[int if whole else float]

    def check(value: Any, pointer: str, report: Report) -> None:
        kind = type(value)
        if kind is not int and kind is not float:
            report.wrong_type(value, pointer, wanted)
        elif whole and kind is float and not value.is_integer():
            report.add("type", pointer, "expected an integer")
        elif (low is not None and value < low) or (high is not None and value > high):
            report.add("range", pointer, f"must be at least {low}" + ("" if high is None else f" and at most {high}"))

    return check


def _array(info: inspect.ListType, schema: dict[str, Any]) -> Check:
    item, least, unique = info.item_type, info.min_length or 0, schema.get("uniqueItems")
    if isinstance(item, inspect.FloatType):
        return _numbers
    each = _check(item, {})

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not list:
            report.wrong_type(value, pointer, "an array")
            return
        if len(value) < least:
            report.add("length", pointer, f"needs at least {least}")
        for index, member in enumerate(value):
            each(member, f"{pointer}/{index}", report)
        # Only strings are asked to be unique in this format; of other things, that they are is already told.
        texts = [member for member in value if type(member) is str]
        if unique and len(set(texts)) != len(texts):
            report.add("unique", pointer, "an item stands twice")

    return check


def _numbers(value: Any, pointer: str, report: Report) -> None:
    """An array of numbers: an embedding's vector, looked at in one go."""
    if type(value) is not list:
        report.wrong_type(value, pointer, "an array")
    elif not {type(item) for item in value} <= {int, float}:
        report.add("type", pointer, "expected numbers only")


def _object(info: inspect.StructType, *, streamed: frozenset[str] = frozenset()) -> Check:
    """An object: its members' checks, which it must have, whether it takes others, and its condition."""
    members = {field.encode_name: _check(field.type, {}) for field in info.fields} | dict.fromkeys(streamed, _of_type(list))
    required = [field.encode_name for field in info.fields if field.required]
    closed = info.forbid_unknown_fields
    condition = models.CONDITIONS.get(info.cls)

    def check(value: Any, pointer: str, report: Report) -> None:
        if type(value) is not dict:
            report.wrong_type(value, pointer, "an object")
            return
        for name in required:
            if name not in value:
                report.add("required", pointer, f"lacks {name}")
        for name, member in value.items():
            part = members.get(name)
            if part is not None:
                part(member, f"{pointer}/{name}", report)
            elif closed:
                report.newer("unknown", pointer, "has a member that the format does not know")
        if condition is not None:
            _conditional(condition, value, pointer, report)

    return check


def _conditional(condition: models.Condition, value: dict[str, Any], pointer: str, report: Report) -> None:
    said = value.get(condition.member)
    holds = type(said) is dict if condition.const is None else said == condition.const
    if holds:
        for name in condition.texts:
            # An empty one is told by its own check.
            if type(value.get(name)) is not str:
                report.add("conditional", pointer, f"{condition.id}: {condition.member} asks for {name}")
    elif condition.member in value:
        for name in condition.nulls:
            if value.get(name) is not None:
                report.add("conditional", pointer, f"{condition.id}: {condition.member} leaves no place for {name}")
