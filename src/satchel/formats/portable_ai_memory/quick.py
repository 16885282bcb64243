"""Runs of elements in which nothing is to be told, found out in a few passes over all of them at once.

Most elements of most stores are like that, and looking at each of their members from Python is what takes time. Types, closed
lists are left to msgspec, patterns to one match over all strings that share one, names that stand twice to a count of colons.
Whatever is not passed here is looked at element by element, and only that look reports: passing too little costs time alone.
"""

from __future__ import annotations

import functools
import re
from itertools import chain
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from satchel.codec import jcs
from satchel.codec.arrays import Run
from satchel.codec.json_values import check_depth, check_digits
from satchel.errors import CanonicalError, InputError, Place
from satchel.formats.portable_ai_memory import models
from satchel.limits import Limits

#: Objects of the format nest no deeper than this outside their open parts.
_CLOSED_DEPTH = 8


class _Column(NamedTuple):
    """What is asked of a member beyond its type: of its strings a pattern, of its items that none comes twice."""

    name: str
    pattern: str = ""
    is_list: bool = False
    unique: bool = False
    inner: tuple[_Column, ...] = ()
    #: Numbers may be fractional, or any member may stand here: canonical bytes are to be looked at.
    loose: bool = False
    required: bool = False


class Quick:
    """Passes runs of objects of one model."""

    def __init__(self, model: type[msgspec.Struct], *, but: str = "") -> None:
        """``but`` names a member whose pattern is left out, because the caller compares it with what matches."""
        info = inspect.type_info(model)
        assert isinstance(info, inspect.StructType)
        self._type = list[_loosened(model)]  # type: ignore[misc]
        self._columns = tuple(column for column in _columns(info) if column.name != but)
        self._condition = models.CONDITIONS.get(model)

    def passes(self, run: Run, limits: Limits) -> bytes | None:
        """The canonical bytes of a run without fault, as an array; None when it is to be looked at closely."""
        values = run.values
        if limits.json_depth < _CLOSED_DEPTH or b"\\u003" in run.data:
            return None
        try:
            msgspec.convert(values, self._type)
            # Not earlier: what is not of this type may have any name, and nest as it likes.
            if not self._holds(values):
                return None
            strings: dict[str, list[str]] = {}
            loose: list[Any] = []
            if not _gather(values, self._columns, strings, loose):
                return None
            if not all(_all_match(pattern, found) for pattern, found in strings.items()):
                return None
            check_digits(run.data, Place(), limits)
            canonical = jcs.write_parsed(values, loose)
            check_depth(jcs.write_parsed(loose), Place(), limits)
        except (msgspec.ValidationError, InputError, CanonicalError):
            return None
        # Each member has one colon, those in strings are in both: a name that stood twice has lost one.
        return canonical if canonical.count(b":") == run.data.count(b":") else None

    def _holds(self, values: list[dict[str, Any]]) -> bool:
        condition = self._condition
        if condition is None or condition.const is None:
            return condition is None
        member, const = condition.member, condition.const
        chosen = [value for value in values if value[member] == const]
        others = [value for value in values if value[member] != const] if chosen else values
        return all(type(value.get(name)) is str for name in condition.texts for value in chosen) and not any(
            value.get(name) is not None for name in condition.nulls for value in others
        )


def _gather(
    objects: list[dict[str, Any]], columns: tuple[_Column, ...], strings: dict[str, list[str]], loose: list[Any]
) -> bool:
    """Collect what the columns name; False when an item comes twice."""
    for name, pattern, is_list, unique, inner, is_loose, required in columns:
        found: list[Any]
        if required:
            found = [each[name] for each in objects]
        else:
            found = [value for each in objects if (value := each.get(name)) is not None]
        if unique and any(len(set(items)) != len(items) for items in found if len(items) > 1):
            return False
        if is_list:
            found = list(chain.from_iterable(found))
        if is_loose:
            loose.append(found)
        if pattern:
            strings.setdefault(pattern, []).extend(found)
        elif inner and found and not _gather(found, inner, strings, loose):
            return False
    return True


_MATCHERS: dict[str, re.Pattern[str]] = {}


def _all_match(pattern: str, strings: list[str]) -> bool:
    """Whether each string as a whole matches a pattern of ``models`` (none of which lets a line end pass)."""
    matcher = _MATCHERS.get(pattern)
    if matcher is None:
        matcher = _MATCHERS[pattern] = re.compile(rf"(?:{pattern.removeprefix('^').removesuffix(chr(92) + 'Z')}\n)*+")
    lines = "\n".join(strings) + "\n" if strings else ""
    return lines.count("\n") == len(strings) and matcher.fullmatch(lines) is not None


def _columns(info: inspect.StructType) -> tuple[_Column, ...]:
    # No required member may be null.
    made = (_column(field.encode_name, field.type)._replace(required=field.required) for field in info.fields)
    return tuple(column for column in made if column.pattern or column.unique or column.inner or column.loose)


def _column(name: str, info: inspect.Type) -> _Column:
    unique = is_list = False
    while True:
        match info:
            case inspect.Metadata():
                unique = unique or bool((info.extra_json_schema or {}).get("uniqueItems"))
                info = info.type
            case inspect.UnionType():
                # The one union of three is the input of a tool, whose first is the open object.
                info = info.types[0]
            case inspect.ListType():
                is_list = True
                info = info.item_type
            case inspect.StrType():
                return _Column(name, info.pattern or "", is_list, unique)
            case inspect.StructType():
                return _Column(name, "", is_list, unique, _columns(info), loose=not info.forbid_unknown_fields)
            case _:
                return _Column(name, "", is_list, unique, loose=isinstance(info, inspect.FloatType | inspect.DictType))


def _loosened(hint: Any) -> Any:
    """The type without its patterns, which cost more than all else of a conversion."""
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
        hints = get_type_hints(hint, include_extras=True)
        fields = [
            (
                field.name,
                _loosened(hints[field.name]),
                msgspec.field(name=field.encode_name)
                if field.required
                else msgspec.field(name=field.encode_name, default=msgspec.UNSET),
            )
            for field in msgspec.structs.fields(hint)
        ]
        closed = hint.__struct_config__.forbid_unknown_fields
        return msgspec.defstruct(hint.__name__, fields, kw_only=True, forbid_unknown_fields=closed, gc=False)
    return hint


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
