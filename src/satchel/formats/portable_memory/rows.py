"""One line as a row: decoded strictly, and what is wrong with it (dossier 1.6, 3)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from satchel.codec import canonical, json_values
from satchel.errors import CanonicalError, InputError, LimitExceeded, Place
from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.kinds import EXACT, TYPES, Kind
from satchel.formats.portable_memory.rules import Findings
from satchel.limits import Limits
from satchel.model.findings import from_error

#: An integer past 2^53 or a float that implementations spell in different ways (3.3), as it stands in canonical bytes.
_DIVERGENT = re.compile(rb"[:\[,]-?(?:(\d{16,})|\d+(?:\.\d+)?e(?:\+(?:1[6-9]|20)|-0[5-9]))(?=[,\]}])")
_FOUR_DIGITS = re.compile(rb"\d{4}")


_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_DECODE = {name: msgspec.json.Decoder(type).decode for name, type in EXACT.items()}
_SAFE = 2**53


def plain(kind: Kind, line: bytes) -> dict[str, Any] | None:
    """The row of a line of which nothing is to be told: canonical, of native members alone, each as the format has it. None
    where ``decode`` and ``check`` must look. Optional members that it lacks are None.

    A typed decoder and its encoder run in C; whatever they might take or write otherwise than the slow way is left to that.
    """
    name = kind.name
    try:
        value = _DECODE[name](line)
        # Names that are repeated, null, out of order, escaped in other ways or spaced apart do not come out the same.
        if _ENCODE(value) != line:
            return None
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    row = msgspec.structs.asdict(value)
    for name in kind.times:
        text = row[name]
        if text is not None and not moments.is_written(text):
            return None
    for name in kind.counts:
        if not 0 <= row[name] <= _SAFE:
            return None
    for name in kind.floats:
        number = row[name]
        # Integral floats, exponents and long integers are spelled in different ways.
        if type(number) is float:
            if number.is_integer() or not 1e-4 <= abs(number) < 1e16:
                return None
        elif not -_SAFE <= number <= _SAFE:
            return None
    return row


def decode(line: bytes, place: Place, limits: Limits, findings: Findings) -> dict[str, Any] | None:
    """The object on a line, exact; None with a finding where there is none. Tells what is not canonical."""
    try:
        value = json_values.decode(line, place=place, limits=limits)
    except LimitExceeded as error:
        findings.put(from_error(error, place=place))
        return None
    except InputError as error:
        code = "not-utf8" if "UTF-8" in error.message else "malformed-line"
        findings.add(code, error.place or place, error.message)
        return None
    except msgspec.ValidationError:
        findings.add("malformed-line", place)
        return None
    if type(value) is not dict:
        findings.add("malformed-line", place)
        return None
    try:
        if canonical.encode(value, "mem") != line:
            return value if _tell_form(value, line, place, limits, findings) else None
    except CanonicalError as error:
        findings.add("not-canonical", place, error.message)
        return None
    # Only numbers of 16 digits or with an exponent diverge: four in a row show in every fourth byte.
    odd = _DIVERGENT.finditer(line) if b"e+" in line or b"e-" in line or _FOUR_DIGITS.search(line[::4]) else ()
    if any(not found[1] or int(found[1]) > 2**53 for found in odd):
        findings.add("divergent-number", place)
    return value


def _tell_form(value: dict[str, Any], line: bytes, place: Place, limits: Limits, findings: Findings) -> bool:
    try:
        json_values.decode_unique(line, place=place, limits=limits)
    except InputError:
        # Which of the two counts? Readers disagree, so neither does.
        findings.add("name-repeated", place)
        return False
    except msgspec.ValidationError:
        return False
    if canonical.encode(value, "mem-spec") == line:
        findings.add("spec-numbers", place)
    else:
        findings.add("not-canonical", place)
    return True


def check(kind: Kind, row: dict[str, Any], place: Place, findings: Findings) -> bool:
    """Tell what is wrong with the fields of a row; whether it can be read all the same."""
    try:
        msgspec.convert(row, TYPES[kind.name])
    except msgspec.ValidationError as error:
        row = whole_numbers(kind, row)
        try:
            msgspec.convert(row, TYPES[kind.name])
        except msgspec.ValidationError:
            findings.add("field", place, _reason(error))
            return False
    if None in row.values():
        for name in sorted(row.keys() & kind.names):
            if row[name] is None:
                findings.add("null-field", place, name)
    well = True
    for name in kind.times:
        value = row.get(name)
        if value is None:
            continue
        if moments.read(value) is None:
            findings.add("time", place, name)
            well = False
        elif not moments.is_canonical(value):
            findings.add("not-canonical", place, f"{name} is not spelled in whole seconds of UTC")
    for name in kind.counts:
        if row[name] < 0:
            findings.add("negative-count", place, name)
    return well


def whole_numbers(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    """``row`` with whole floats in integer fields as integers, which readers accept (dossier 1.6)."""
    changed = {
        field.name: int(value)
        for field in kind.fields
        if field.type == "i" and type(value := row.get(field.name)) is float and value.is_integer()
    }
    return {**row, **changed} if changed else row


def _reason(error: msgspec.ValidationError) -> str:
    text = str(error)
    # Its messages name types and members; this one alone quotes a value.
    return "op is neither delete nor redact" if text.startswith("Invalid enum value") else text
