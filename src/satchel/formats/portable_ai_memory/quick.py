"""Runs of elements in which nothing is to be told, found out in a few passes over all of them at once.

Most elements of most stores are like that, and looking at each of their members from Python is what takes time. Types and
closed lists are left to msgspec, which parses them as structs and writes their canonical bytes, patterns to one match over all
strings that share one, names that stand twice to a count of colons. Whatever is not passed here is looked at element by
element, and only that look reports: passing too little costs time alone.
"""

from __future__ import annotations

import functools
import re
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, inspect

from satchel.codec import jcs
from satchel.codec.arrays import Parser, Run
from satchel.codec.json_values import check_depth, check_digits
from satchel.errors import CanonicalError, InputError, Place
from satchel.formats.portable_ai_memory import models
from satchel.limits import Limits

#: Objects of the format nest no deeper than this outside their open parts.
_CLOSED_DEPTH = 8
_ABSENT = frozenset((None, UNSET))
_ANY = msgspec.json.Decoder(list[Any])


class _Column(NamedTuple):
    """What is asked of a member beyond its type: of its strings a pattern, of its items that none comes twice."""

    name: str
    pattern: str = ""
    is_list: bool = False
    unique: bool = False
    inner: tuple[_Column, ...] = ()
    #: Has numbers, or any member may stand here: canonical bytes are to be looked at.
    loose: bool = False
    #: A number that may be fractional.
    fractional: bool = False
    #: Of an object that takes any member: what its own members are to be.
    open: Any = None
    required: bool = False


class Quick:
    """Passes runs of objects of one model, parsed by ``parser``: as structs that have the model's attributes."""

    def __init__(self, model: type[msgspec.Struct], *, but: str = "") -> None:
        """``but`` names a member whose pattern is left out, because the caller compares it with what matches."""
        info = inspect.type_info(model)
        assert isinstance(info, inspect.StructType)
        self.parser: Parser = msgspec.json.Decoder(list[_loosened(model)])  # type: ignore[misc]
        self._columns = tuple(column for column in _columns(info) if column.name != but)
        self._condition = models.CONDITIONS.get(model)

    def passes(self, run: Run, limits: Limits) -> bytes | None:
        """The canonical bytes of each object of a run without fault, a line each; None when it is to be looked at closely."""
        values = run.values
        # An escaped colon. From behind, its backslash is compared first, which is rarer than its 3: half the time.
        if values is None or limits.json_depth < _CLOSED_DEPTH or run.data.rfind(b"\\u003") >= 0:
            return None
        strings: dict[str, set[Any]] = {}
        loose: list[Any] = []
        try:
            if not self._holds(values) or not _gather(values, self._columns, strings, loose):
                return None
            if not all(_all_match(pattern, found - _ABSENT) for pattern, found in strings.items()):
                return None
            check_digits(run.data, Place(), limits)
            written = jcs.write_parsed(loose)
            check_depth(written, Place(), limits)
            lines = jcs.write_lines(values, loose, written)
            if lines is None:
                lines = b"".join([jcs.write_parsed(value) + b"\n" for value in _ANY.decode(b"[%b]" % run.data)])
        except (msgspec.ValidationError, InputError, CanonicalError, RecursionError):
            return None
        # Each member has one colon, those in strings are in both: a name that stood twice has lost one.
        return lines if lines.count(b":") == run.data.count(b":") else None

    def _holds(self, values: list[Any]) -> bool:
        condition = self._condition
        if condition is None or condition.const is None:
            return condition is None
        kind = attrgetter(condition.member)
        chosen = [value for value in values if kind(value) == condition.const]
        others = [value for value in values if kind(value) != condition.const] if chosen else values
        return all(type(getattr(value, name)) is str for name in condition.texts for value in chosen) and all(
            _ABSENT.issuperset(map(attrgetter(name), others)) for name in condition.nulls
        )


def _gather(objects: list[Any], columns: tuple[_Column, ...], strings: dict[str, set[Any]], loose: list[Any]) -> bool:
    """Collect what the columns name; False when an item comes twice.

    Strings are collected once each: neighbours share most of them, and to look one up costs a fifth of matching it. What is
    absent is among them.
    """
    for column in columns:
        values = map(attrgetter(column.name), objects)
        if column.pattern and not column.is_list:
            strings.setdefault(column.pattern, set()).update(values)
            continue
        found = list(values) if column.required else [value for value in values if value is not UNSET and value is not None]
        if column.unique and sum(map(len, found)) != sum(map(len, map(set, found))):
            return False
        if column.is_list:
            found = list(chain.from_iterable(found))
        if column.fractional and any(map(float.is_integer, found)):
            found = _respelled(objects, column.name)
        if column.loose:
            loose.append(found)
        if column.open is not None:
            found = msgspec.convert(found, column.open)
        if column.pattern:
            strings.setdefault(column.pattern, set()).update(found)
        elif column.inner and found and not _gather(found, column.inner, strings, loose):
            return False
    return True


def _respelled(objects: list[Any], name: str) -> list[int | float]:
    """The numbers of this name, those that are integral as integers, in the objects too: RFC 8785 writes no 1.0 (3.2.2.3)."""
    found = [(each, value) for each in objects if type(value := getattr(each, name)) is float]
    for each, value in found:
        if value.is_integer():
            setattr(each, name, int(value))
    return [getattr(each, name) for each, _ in found]


_MATCHERS: dict[str, re.Pattern[str]] = {}


def _all_match(pattern: str, strings: set[str]) -> bool:
    """Whether each string as a whole matches a pattern of ``models`` (none of which lets a line end pass)."""
    matcher = _MATCHERS.get(pattern)
    if matcher is None:
        matcher = _MATCHERS[pattern] = re.compile(rf"(?:{pattern.removeprefix('^').removesuffix(chr(92) + 'Z')}\n)*+")
    lines = "\n".join(strings) + "\n" if strings else ""
    return lines.count("\n") == len(strings) and matcher.fullmatch(lines) is not None


def _columns(info: inspect.StructType) -> tuple[_Column, ...]:
    # No required member may be null.
    made = (_column(field)._replace(required=field.required) for field in info.fields)
    return tuple(column for column in made if column.pattern or column.unique or column.inner or column.loose)


def _column(field: inspect.Field) -> _Column:
    column = _Column(field.name)
    info = field.type
    while True:
        match info:
            case inspect.Metadata():
                if (info.extra_json_schema or {}).get("uniqueItems"):
                    column = column._replace(unique=True)
                info = info.type
            case inspect.UnionType():
                # The one union of three is the input of a tool, whose first is the open object.
                info = info.types[0]
            case inspect.ListType():
                column = column._replace(is_list=True)
                info = info.item_type
            case inspect.StrType():
                return column._replace(pattern=info.pattern or "")
            case inspect.StructType():
                inner = column._replace(inner=_columns(info))
                return inner if info.forbid_unknown_fields else inner._replace(loose=True, open=list[_bare(info.cls)])  # type: ignore[misc]
            case inspect.FloatType():
                return column._replace(loose=True, fractional=not column.is_list)
            case _:
                return column._replace(loose=isinstance(info, inspect.IntType | inspect.DictType))


def _loosened(hint: Any) -> Any:
    """The type without its patterns, which cost more than all else of parsing, and with dicts for objects that take any
    member."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *notes = get_args(hint)
        kept = [note for note in notes if isinstance(note, msgspec.Meta) and note.pattern is None]
        bare = _loosened(inner)
        for note in kept:
            bare = Annotated[bare, note]
        return bare
    if origin is Union or origin is UnionType:
        return Union[tuple(_loosened(each) for each in get_args(hint))]  # noqa: UP007
    if origin is list:
        return list[_loosened(get_args(hint)[0])]  # type: ignore[misc]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _bare(hint) if hint.__struct_config__.forbid_unknown_fields else dict[str, Any]
    return hint


def _bare(model: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The model without its patterns, its members in the order of their names, as RFC 8785 writes them."""
    hints = get_type_hints(model, include_extras=True)
    fields = [
        (
            field.name,
            _loosened(hints[field.name]),
            msgspec.field(name=field.encode_name) if field.required else msgspec.field(name=field.encode_name, default=UNSET),
        )
        for field in sorted(msgspec.structs.fields(model), key=lambda field: field.encode_name)
    ]
    closed = model.__struct_config__.forbid_unknown_fields
    return msgspec.defstruct(model.__name__, fields, kw_only=True, forbid_unknown_fields=closed, gc=False)


@functools.cache
def quick_of(name: str) -> Quick:
    """What passes runs of the store's array of this name."""
    match name:
        case "memories":
            # Their hash is compared with the right one, or not looked at.
            return Quick(models.Memory, but="content_hash")
        case "relations":
            return Quick(models.Relation)
        case _:
            return Quick(models.IndexEntry)


def parser_of(name: str) -> Parser:
    """What parses runs of the store's array of this name."""
    return quick_of(name).parser
