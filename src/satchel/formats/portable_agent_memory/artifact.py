"""An artifact as it was read or made: the raw envelope, unknown members kept, and the profile that its structure has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PAM_VERSION, SCHEMA_VERSION, Component, Profile

Encoding = Literal["json", "cbor"]


class Artifact(msgspec.Struct, frozen=True):
    """What ``wire.parse`` or ``sealing.seal`` gave: the arrays are there or absent, and each element is an object.

    Nothing else is known to be right: ``checking`` tells. ``envelope`` is never a normalised view; hashes are over it. Its
    arrays are lists, or packed (``codec.packed``): then an entry is made anew each time that it is asked for.
    ``has_magic``: the file began with ``PAM`` and a version byte. ``deterministic``: the CBOR it came in was.
    """

    profile: Profile
    envelope: dict[str, Any]
    encoding: Encoding = "json"
    has_magic: bool = False
    deterministic: bool = True

    def entries(self, component: Component) -> Sequence[dict[str, Any]]:
        """The entries of a component in their order; [] where the array is absent."""
        holder = self.envelope.get("components", {}) if self.profile.nested else self.envelope
        found: Sequence[dict[str, Any]] = holder.get(component) or []
        return found

    def all_entries(self) -> Iterator[tuple[Component, dict[str, Any]]]:
        """Every entry with its component, in the order of COMPONENTS."""
        for component in COMPONENTS:
            for entry in self.entries(component):
                yield component, entry

    def pointer(self, component: Component, index: int) -> str:
        """The JSON pointer of an entry."""
        return f"/components/{component}/{index}" if self.profile.nested else f"/{component}/{index}"

    @property
    def counts(self) -> dict[Component, int]:
        """How many entries each component has."""
        return {component: len(self.entries(component)) for component in COMPONENTS}

    @property
    def source_agent(self) -> dict[str, Any]:
        """Who it says that it comes from; {} where it does not say. Unsigned but for the seal."""
        return _object(self.envelope.get("source_agent"))

    @property
    def metadata(self) -> dict[str, Any]:
        """The free object beside the entries; {} where there is none. Unsigned but for the seal."""
        return _object(self.envelope.get("metadata"))

    @property
    def tokens(self) -> list[Any]:
        """The embedded capability tokens as they stand; [] where there are none. Unsigned but for the seal."""
        found = self.envelope.get("capability_tokens")
        return found if type(found) is list else []

    @property
    def root_hash(self) -> str:
        """The root hash that it declares; "" where it declares none."""
        return _text(self.envelope.get("root_hash"))

    @property
    def signature(self) -> str:
        """The signature as it is spelled; "" where there is none."""
        return _text(self.envelope.get("signature"))

    @property
    def pam_version(self) -> str:
        """The protocol version; where the SDK's shape leaves it out, the SDK's default."""
        default = "" if self.profile.nested else PAM_VERSION
        return _text(self.envelope.get("pam_version", self.envelope.get("version", default)))

    @property
    def schema_version(self) -> str:
        """The entries' schema version; where the SDK's shape leaves it out, the SDK's default."""
        return _text(self.envelope.get("schema_version", "" if self.profile.nested else SCHEMA_VERSION))


def _object(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _text(value: Any) -> str:
    return value if type(value) is str else ""
