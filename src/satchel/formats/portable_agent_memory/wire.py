"""Artifacts to and from bytes: what a file is goes by its first bytes, its profile by its structure (dossier 2.4, 8.1, 8.2).

Whatever cannot be told apart for sure is refused: an artifact that one reader takes for empty and another for full is an
attack. Every refusal's message begins with the protocol's error code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from satchel.codec import cbor, json_values, packed_cbor, packed_json, pam_json
from satchel.codec.collector import paused
from satchel.codec.packed import is_array, parts
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.formats.portable_agent_memory.artifact import Artifact, Encoding
from satchel.formats.portable_agent_memory.profiles import BROWSER, COMPONENTS, SCHEMA, SDK, SPEC, Profile
from satchel.limits import DEFAULT, Limits

MAGIC = b"PAM"
#: The version byte behind the magic: protocol 1.0.
VERSION_BYTE = 1
_BOM = b"\xef\xbb\xbf"
_ARRAYS = frozenset(COMPONENTS)
_HEXADECIMAL = frozenset("0123456789abcdef")


def parse(data: bytes, limits: Limits = DEFAULT, *, file: str = "", packed: bool = False) -> Artifact:
    """The artifact in ``data``: JSON, CBOR, or CBOR behind the magic.

    Args:
        file: its name, for messages.
        packed: entries are held as the bytes that they are: for work that looks at one after the other, in a third of
            the memory and with each look a parsing.

    Raises:
        MalformedInput: PAM_INVALID_SCHEMA: neither, damaged, or no shape that is known; PAM_UNSUPPORTED_VERSION: the version
            byte of a later protocol.
        LimitExceeded: PAM_TOO_LARGE: more bytes than ``limits.artifact_bytes``; PAM_INVALID_SCHEMA: nested too deeply.
    """
    place = Place(file=file)
    if len(data) > limits.artifact_bytes:
        raise LimitExceeded(
            f"PAM_TOO_LARGE: the artifact has more than {limits.artifact_bytes:,} bytes",
            place=place,
            hint="--limit artifact_bytes=N raises it",
        )
    bounds = msgspec.structs.replace(limits, json_depth=limits.artifact_depth)
    encoding, start = _sniff(data, place)
    has_magic = data.startswith(MAGIC)
    try:
        if encoding == "cbor" and packed:
            with paused():
                value = packed_cbor.decode_packed(data, _ARRAYS, "components", start=start, place=place, limits=bounds)
        elif encoding == "cbor":
            value = cbor.decode(data, start=start, place=place, limits=bounds)
        else:
            with paused():
                text = data[start:] if start else data
                if packed:
                    value = packed_json.decode_packed(text, _ARRAYS, "components", place=place, limits=bounds)
                else:
                    value = json_values.decode_whole(text, place=place, limits=bounds)
    except LimitExceeded as error:
        hint = error.hint.replace("json_depth", "artifact_depth")
        raise LimitExceeded(f"PAM_INVALID_SCHEMA: {error.message}", place=error.place, hint=hint) from None
    except InputError as error:
        raise MalformedInput(f"PAM_INVALID_SCHEMA: {error.message}", place=error.place, hint=error.hint) from None
    profile = detect(value, place)
    clean = encoding == "json" or cbor.is_deterministic(data, value, start=start) if has_magic else True
    return Artifact(profile, value, encoding, has_magic, clean)


def serialise(artifact: Artifact, encoding: Encoding | None = None, *, pretty: bool = True) -> bytes:
    """The bytes of an artifact: all ``pieces`` of it. Raises CanonicalError."""
    return b"".join(pieces(artifact, encoding, pretty=pretty))


def pieces(artifact: Artifact, encoding: Encoding | None = None, *, pretty: bool = True) -> Iterator[bytes]:
    """The bytes of an artifact in pieces of bounded size, its members in the order that they stand in.

    JSON is indented by two spaces without a line end, ASCII alone in the SDK's profile: what the SDK writes. CBOR is bare and
    with 64-bit floats there, which the SDK reads; in the other profiles deterministic and behind the magic.

    Args:
        encoding: ``json`` or ``cbor``; the artifact's own by default.
        pretty: with white space; JSON alone.

    Raises:
        CanonicalError: the envelope is no JSON value.
    """
    own = artifact.profile is SDK
    if (encoding or artifact.encoding) == "cbor":
        if not own:
            yield MAGIC + bytes([VERSION_BYTE])
        yield from cbor.pieces(artifact.envelope, deterministic=not own)
        return
    for part in parts(artifact.envelope):
        pam_json.require(part)
    yield from pam_json.pieces_in_order(artifact.envelope, ascii=own, pretty=pretty)


def detect(value: Any, place: Place = Place()) -> Profile:  # noqa: B008
    """The profile of a parsed envelope, by its structure alone.

    Raises:
        MalformedInput: PAM_INVALID_SCHEMA: no artifact, arrays that are none, both shapes at once, or ids of several styles.
    """
    if type(value) is not dict:
        raise _refused("an artifact is an object", place)
    nested = "components" in value
    if not nested and not any(name in value for name in ("pam_version", *COMPONENTS)):
        raise _refused("it has neither components nor any of the five arrays", place)
    if nested and any(value.get(component) for component in COMPONENTS):
        raise _refused(
            "it has both components and arrays at the top level",
            place,
            hint="two readers would read two different memories; take it from its source anew",
        )
    holder = value["components"] if nested else value
    if type(holder) is not dict:
        raise _refused("components is no object", place)
    styles = _styles(holder, "/components" if nested else "", place)
    if len(styles) > 1:
        raise _refused(f"PROFILE_MIXED: its ids are of several styles ({', '.join(sorted(styles))})", place)
    style = next(iter(styles), "")
    if nested and style == "sha256:":
        raise _refused("PROFILE_MIXED: sha256: ids and components belong to different profiles", place)
    if style == "sha256:" or (not style and "version" in value and "pam_version" not in value and not nested):
        return BROWSER
    if nested:
        return SCHEMA if style == "bare" else SPEC
    if style == "bare":
        raise _refused("PROFILE_MIXED: bare ids and arrays at the top level belong to different profiles", place)
    return SDK


def _styles(holder: dict[str, Any], prefix: str, place: Place) -> set[str]:
    """The styles that the entries' ids are spelled in; what is spelled in none is for the schema's check to tell."""
    styles: set[str] = set()
    for component in COMPONENTS:
        entries = holder.get(component)
        if entries is None and component not in holder:
            continue
        if not is_array(entries):
            raise _refused(f"{component} is no array", place, pointer=f"{prefix}/{component}")
        for index, entry in enumerate(entries):
            if type(entry) is not dict:
                raise _refused("an entry is no object", place, pointer=f"{prefix}/{component}/{index}")
            own = entry.get("id")
            if type(own) is not str:
                continue
            if own.startswith("blake3:"):
                styles.add("blake3:")
            elif own.startswith("sha256:"):
                styles.add("sha256:")
            elif len(own) == 64 and _HEXADECIMAL.issuperset(own):
                styles.add("bare")
    return styles


def _sniff(data: bytes, place: Place) -> tuple[Encoding, int]:
    """The encoding, and where it begins. The name of the file says nothing (dossier 8.1)."""
    if data.startswith(MAGIC):
        if len(data) > len(MAGIC) and data[len(MAGIC)] != VERSION_BYTE:
            raise MalformedInput(
                f"PAM_UNSUPPORTED_VERSION: the file is of protocol version {data[len(MAGIC)]}, only 1 is known", place=place
            )
        start = len(MAGIC) + 1
        return "cbor", start + (3 if data[start : start + 3] == cbor.SELF_DESCRIBED else 0)
    if data.startswith(cbor.SELF_DESCRIBED):
        return "cbor", 3
    if data and 0xA0 <= data[0] <= 0xBF:
        return "cbor", 0
    start = 3 if data.startswith(_BOM) else 0
    if data[start : start + 4096].lstrip(b" \t\r\n")[:1] == b"{":
        return "json", start
    raise _refused("it is neither JSON nor CBOR", place)


def _refused(text: str, place: Place, *, pointer: str = "", hint: str = "") -> MalformedInput:
    where = msgspec.structs.replace(place, pointer=pointer) if pointer else place
    return MalformedInput(f"PAM_INVALID_SCHEMA: {text}", place=where, hint=hint)
