"""Whether envelope and entries have the members that their profile asks for, each of the right type (dossier 1).

msgspec looks at a run of entries at once; only where it refuses one is each member of each entry looked at, so that every fault
is told. A fault never quotes what stands in the file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.codec.packed import is_array
from satchel.errors import Place
from satchel.formats.portable_agent_memory import models
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.faults import Fault
from satchel.formats.portable_agent_memory.hashing import SCORES
from satchel.formats.portable_agent_memory.moments import instant, is_strict
from satchel.formats.portable_agent_memory.profiles import BROWSER, COMPONENTS, SDK, SPEC, Component, Profile

_RUN = 500
_STEP = re.compile(r"\[(\d+)\]|\.([A-Za-z_]+)")
_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
#: Members of an entry that are times.
_TIMES: dict[Component, tuple[str, ...]] = {
    "episodic": ("created_at", "timestamp"),
    "procedural": ("created_at", "last_used"),
    "semantic": ("created_at",),
    "working": ("created_at",),
    "identity": ("created_at",),
}
_DEFAULT_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def envelope_faults(artifact: Artifact, *, partial: bool = False) -> Iterator[Fault]:
    """What is wrong with the envelope beside its entries. ``partial``: it is of a later minor version."""
    envelope = artifact.envelope
    if artifact.profile.nested:
        # Of the arrays only that they are there: their entries are looked at one by one.
        bare = {name: [] if is_array(value) else value for name, value in envelope["components"].items()}
        envelope = {**envelope, "components": bare}
    for fault in _members(models.ENVELOPES[artifact.profile], envelope, "", partial=partial):
        # The versions have a stage of their own, the signature too.
        if fault.place.pointer not in ("/pam_version", "/schema_version", "/signature"):
            yield fault
    yield from _times(envelope, ("created_at",), artifact.profile, "")
    if artifact.profile is SDK:
        known = models.ENVELOPES[SDK].__struct_fields__
        others = sum(name not in known and name not in COMPONENTS for name in envelope)
        if others:
            text = "the envelope has members that the SDK drops when it saves"
            yield Fault("schema", "PAM_INVALID_SCHEMA", text, severity="warning", count=others)


def entry_faults(artifact: Artifact, *, partial: bool = False) -> Iterator[Fault]:
    """What is wrong with each entry by itself, but for its hash."""
    profile = artifact.profile
    for component in COMPONENTS:
        entries = artifact.entries(component)
        model = models.ENTRIES[profile][component]
        for start in range(0, len(entries), _RUN):
            run = list(entries[start : start + _RUN])
            try:
                msgspec.convert(run, list[model])  # type: ignore[valid-type]
                sound = True
            except (msgspec.ValidationError, UnicodeEncodeError):
                sound = False
            for index, entry in enumerate(run, start):
                pointer = artifact.pointer(component, index)
                if not sound:
                    yield from _members(model, entry, pointer, partial=partial)
                    if profile is SDK:
                        yield from _strange(entry, component, pointer)
                if profile is not BROWSER:
                    yield from _times(entry, _TIMES[component], profile, pointer)
                    yield from _version(entry, profile, pointer)
                if profile is SPEC and component in ("semantic", "procedural"):
                    yield from _spec_only(entry, component, pointer)


def _members(model: type[msgspec.Struct], value: dict[str, Any], pointer: str, *, partial: bool) -> Iterator[Fault]:
    """Every member that is missing or wrong."""
    for name, type_, required in _fields(model):
        if name not in value:
            if required:
                yield _wrong(pointer, f"lacks {name}")
            continue
        member = value[name]
        try:
            msgspec.convert(member, type_)
        except (msgspec.ValidationError, UnicodeEncodeError) as error:
            text, where = _told(str(error))
            at = f"{pointer}/{name}{where}"
            if name in SCORES.values() and issubclass(model, models.SdkEntry) and _is_numeric_text(member):
                yield _wrong(at, "a number is written as text, which the SDK reads", severity="warning")
            elif partial and text == _UNKNOWN_WORD:
                yield _wrong(at, text, severity="warning")
            else:
                yield _wrong(at, text)
    if model.__struct_config__.forbid_unknown_fields and not issubclass(model, models.SdkEntry):
        others = len(value.keys() - {name for name, _, _ in _fields(model)})
        if others:
            text = "has members that the profile does not have"
            yield _wrong(pointer, text, severity="warning" if partial else "error", count=others)


@functools.cache
def _fields(model: type[msgspec.Struct]) -> tuple[tuple[str, Any, bool], ...]:
    return tuple((field.encode_name, field.type, field.required) for field in msgspec.structs.fields(model))


def _strange(entry: dict[str, Any], component: Component, pointer: str) -> Iterator[Fault]:
    """Members that the SDK's entry has not. Those of another component would let it pass for one of it (dossier 12.2)."""
    strange = entry.keys() - set(models.members(SDK, component))
    if not strange:
        return
    foreign = {name for other in COMPONENTS if other != component for name in models.OWN_MEMBERS[SDK][other]}
    if strange & foreign:
        yield _wrong(pointer, "has members of another component: it could be moved there", detail="SHAPE")
    text = "has members that the SDK does not know: it refuses the artifact"
    yield _wrong(pointer, text, severity="warning", count=len(strange))


def _times(value: dict[str, Any], names: tuple[str, ...], profile: Profile, pointer: str) -> Iterator[Fault]:
    """Times that are not ISO 8601 in UTC with a Z. The SDK takes any text, and leaves an event's time empty."""
    for name in names:
        said = value.get(name)
        if type(said) is not str or is_strict(said) or (profile is SDK and not said):
            continue
        at = f"{pointer}/{name}"
        if profile is SPEC:
            if instant(said) is None:
                yield _wrong(at, "is no date and time in ISO 8601")
            else:
                yield _wrong(at, "is not in UTC with a Z behind it", severity="warning", strict=True)
        elif instant(said) is None:
            yield _wrong(at, "is no date and time in ISO 8601", severity="warning")


def _version(entry: dict[str, Any], profile: Profile, pointer: str) -> Iterator[Fault]:
    said = entry.get(profile.version_member)
    if type(said) is str and said != "1.0" and said.partition(".")[0] != "1":
        at = Place(pointer=f"{pointer}/{profile.version_member}")
        yield Fault("schema", "PAM_UNSUPPORTED_SCHEMA", "the entry is of another major version", at)


def _spec_only(entry: dict[str, Any], component: Component, pointer: str) -> Iterator[Fault]:
    if component == "semantic":
        predicate = entry.get("predicate")
        if type(predicate) is str and not _SNAKE.fullmatch(predicate):
            yield _wrong(f"{pointer}/predicate", "is not in snake_case", severity="warning")
        return
    parameters = entry.get("params")
    for index, parameter in enumerate(parameters if type(parameters) is list else ()):
        if type(parameter) is not dict or "default" not in parameter:
            continue
        wanted = _DEFAULT_TYPES.get(str(parameter.get("type")), ())
        if wanted and type(parameter["default"]) not in wanted:
            yield _wrong(f"{pointer}/params/{index}/default", "is not of the parameter's type")


_UNKNOWN_WORD = "is none of the words that are known"


def _told(message: str) -> tuple[str, str]:
    """What msgspec said, without what stands in the file, and the rest of the pointer."""
    said, _, path = message.partition(" - at ")
    if said.startswith(("Invalid enum value", "Invalid value")):
        said = _UNKNOWN_WORD
    elif said.startswith("Object contains unknown field"):
        said = "has a member that the profile does not have"
    else:
        said = said.replace("`", "").replace("Object missing required field", "lacks")
        said = said[:1].lower() + said[1:]
    where = "".join(f"/{index or name}" for index, name in _STEP.findall(path.partition("$")[2].partition("`")[0]))
    return said, where


def _is_numeric_text(value: Any) -> bool:
    try:
        return type(value) is str and 0 <= float(value) <= 1
    except ValueError:
        return False


def _wrong(pointer: str, text: str, **told: Any) -> Fault:
    return Fault("schema", "PAM_INVALID_SCHEMA", text, Place(pointer=pointer), **told)
