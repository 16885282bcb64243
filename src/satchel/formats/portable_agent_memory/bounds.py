"""How much of what an artifact may hold: entries by component (dossier 1.8), and the bounds of 12.4 that ``limits`` names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from satchel.codec.packed import parts
from satchel.errors import LimitExceeded, Place
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.faults import Fault
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, MOST_ENTRIES
from satchel.limits import Limits

#: The texts of an entry that have their own bound.
_LONG_TEXTS = frozenset({"observation", "body", "scratch"})
#: An entry of no more bytes can cross none of the bounds but those on how many tags, parents, parameters and policies it has.
_SMALL_BYTES = 4096
_LARGEST = 2**53 - 1
#: Members of the envelope that are bounded by themselves; the others say who vouches for it.
_NOT_TRUST = frozenset({"components", "metadata", *COMPONENTS})


def size_faults(artifact: Artifact, limits: Limits) -> Iterator[Fault]:
    """What is too many or too much of the whole."""
    for component, count in artifact.counts.items():
        if count > MOST_ENTRIES[component]:
            text = f"{count:,} {component} entries; at most {MOST_ENTRIES[component]:,} are allowed"
            pointer = artifact.pointer(component, 0).removesuffix("/0")
            yield Fault("sizes", "PAM_ARTIFACT_OVERSIZED", text, Place(pointer=pointer))
    if len(artifact.tokens) > limits.artifact_tokens:
        text = f"{len(artifact.tokens):,} capability tokens; --limit artifact_tokens=N raises {limits.artifact_tokens:,}"
        yield Fault("sizes", "PAM_INVALID_SCHEMA", text, Place(pointer="/capability_tokens"))
    for name, value in artifact.envelope.items():
        if name not in _NOT_TRUST:
            yield from _within(value, f"/{name}", limits, name)
    if sum(len(_written(part)) for part in parts(artifact.metadata)) > limits.artifact_metadata_bytes:
        text = f"larger than {limits.artifact_metadata_bytes:,} bytes; --limit artifact_metadata_bytes=N raises it"
        yield Fault("sizes", "PAM_TOO_LARGE", text, Place(pointer="/metadata"))


def require(artifact: Artifact, limits: Limits) -> None:
    """Raises LimitExceeded, with the protocol's code, for what is too many or too much of the whole."""
    for fault in size_faults(artifact, limits):
        raise LimitExceeded(f"{fault.code}: {fault.text}", place=fault.place)


def entry_faults(artifact: Artifact, limits: Limits) -> Iterator[Fault]:
    """What is too much of single entries."""
    small = min(_SMALL_BYTES, limits.artifact_text_bytes, limits.artifact_string_bytes, 4 * limits.artifact_names)
    counted = {
        "tags": limits.artifact_tags,
        "parent_ids": limits.artifact_parents,
        "params": limits.artifact_parameters,
        "parameters": limits.artifact_parameters,
        "policies": limits.artifact_policies,
    }
    for component in COMPONENTS:
        for index, entry in enumerate(artifact.entries(component)):
            for name, most in counted.items():
                members = entry.get(name)
                if type(members) is list and len(members) > most:
                    yield _over(f"{artifact.pointer(component, index)}/{name}", f"{len(members):,} of them", most, name)
            tags = entry.get("tags")
            if type(tags) is list and any(type(tag) is str and len(tag) > limits.artifact_tag_characters for tag in tags):
                most = limits.artifact_tag_characters
                yield _over(f"{artifact.pointer(component, index)}/tags", "characters in a tag", most, "tag_characters")
            try:
                if len(orjson.dumps(entry, option=orjson.OPT_STRICT_INTEGER)) <= small:
                    continue
            except TypeError:
                pass
            yield from _within(entry, artifact.pointer(component, index), limits, "")


def _within(value: Any, pointer: str, limits: Limits, name: str) -> Iterator[Fault]:
    """The bounds inside an entry; what nests more deeply than recursion takes was refused when it was parsed."""
    kind = type(value)
    if kind is str:
        long = name in _LONG_TEXTS
        most = limits.artifact_text_bytes if long else limits.artifact_string_bytes
        if len(value) * 4 > most and len(value.encode()) > most:
            yield _over(pointer, "bytes in one text", most, "text_bytes" if long else "string_bytes")
    elif kind is dict:
        if len(value) > limits.artifact_names:
            yield _over(pointer, f"{len(value):,} members", limits.artifact_names, "names")
        for inner, item in value.items():
            # A name is told by its place alone where it is the person's own.
            yield from _within(item, f"{pointer}/{inner}" if not name else pointer, limits, inner)
            if len(inner) * 4 > limits.artifact_string_bytes and len(inner.encode()) > limits.artifact_string_bytes:
                yield _over(pointer, "bytes in a member's name", limits.artifact_string_bytes, "string_bytes")
    elif kind is list:
        for item in value:
            yield from _within(item, pointer, limits, name)
    elif kind is int and abs(value) > _LARGEST:
        text = "an integer past 2^53-1, which not every reader keeps exact"
        yield Fault("schema", "PAM_INVALID_SCHEMA", text, Place(pointer=pointer))


def _over(pointer: str, what: str, most: int, limit: str) -> Fault:
    names = {"parent_ids": "parents", "params": "parameters"}
    text = f"{what}; at most {most:,}, --limit artifact_{names.get(limit, limit)}=N raises it"
    return Fault("schema", "PAM_INVALID_SCHEMA", text, Place(pointer=pointer))


def _written(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        from satchel.codec import pam_json

        return pam_json.write_utf8(value)
