"""All checks of an artifact in the order in which they decide (dossier 3.2, 12.5), and the report that they make.

Every check runs; the first stage with an error gives the verdict. With keys the signature is verified, without any only the
seal's own word is looked at: whether envelope, signature and seal fit one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from satchel.codec.collector import paused
from satchel.errors import CanonicalError, Place
from satchel.formats.portable_agent_memory import bounds, provenance, shapes
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.conflicts import conflicts
from satchel.formats.portable_agent_memory.faults import Fault, verdict
from satchel.formats.portable_agent_memory.hashing import Numbers, entry_id, entry_ids, roots
from satchel.formats.portable_agent_memory.moments import sort_key
from satchel.formats.portable_agent_memory.profiles import BROWSER, COMPONENTS, SPEC, Component
from satchel.formats.portable_agent_memory.signatures import KEY_ID
from satchel.formats.portable_agent_memory.signed import SignatureState, Signed, signed
from satchel.limits import DEFAULT, Limits
from satchel.trust.public_keys import PublicKey

_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks found.

    ``root_rule`` and ``numbers`` are the rules that the root hash and the ids followed, "" where none did.
    """

    profile: str
    encoding: str
    has_magic: bool
    pam_version: str
    schema_version: str
    #: It is of a later minor version: what that may have added was not looked at.
    partial: bool
    counts: dict[Component, int]
    root_hash: str
    root_rule: str
    numbers: str
    signature: SignatureState
    #: The key that the signature is by.
    key: PublicKey | None
    #: The artifact's hint which key signed it; unsigned itself.
    key_id: str
    #: Members of the envelope that nothing signed covers, and that were taken as they stand.
    unsigned: tuple[str, ...]
    sealed: bool
    #: How many entries the whole had, where this is a disclosed part of it with a witness that holds; else 0.
    disclosed_of: int
    generations: int
    faults: tuple[Fault, ...]

    def verdict(self, *, strict: bool = False, require_signature: bool = False) -> str:
        """The error code that decides; "" when the artifact is sound.

        Args:
            strict: by the letter of the specification, not as artifacts in use go.
            require_signature: without a signature by a key that was given, it is not sound.
        """
        found = self.faults
        if require_signature and self.signature != "valid":
            found = (*found, Fault("signature", "PAM_INVALID_SIGNATURE", "no trusted key signed it"))
        return verdict(found, strict=strict)

    def faults_in(self, file: str) -> Iterator[Fault]:
        """The faults with the file's name in their places."""
        for fault in self.faults:
            yield msgspec.structs.replace(fault, place=msgspec.structs.replace(fault.place, file=file))


class _Root(msgspec.Struct, frozen=True):
    rule: str = ""
    numbers: Numbers | Literal[""] = ""


def check(artifact: Artifact, limits: Limits = DEFAULT, *, keys: Sequence[PublicKey] | None = None) -> Report:
    """Everything that is wrong or doubtful with an artifact.

    Args:
        keys: whose signatures count; None where nobody's is asked for.
    """
    found: list[Fault] = []
    with paused():
        partial = _versions(artifact, found)
        found += bounds.size_faults(artifact, limits)
        found += shapes.envelope_faults(artifact, partial=partial)
        found += shapes.entry_faults(artifact, partial=partial)
        found += bounds.entry_faults(artifact, limits)
        if artifact.has_magic and not artifact.deterministic:
            text = "the CBOR is not deterministic"
            found.append(Fault("schema", "PAM_INVALID_SCHEMA", text, severity="warning", strict=True))
        root = _root(artifact, found)
        by = signed(artifact, keys, found)
        numbers = _ids(artifact, found)
        graph = provenance.graph_of(artifact)
        depths = provenance.depths_of(graph)
        found += provenance.faults(artifact, graph, limits, known=by.whole, depths=depths)
        found += _order(artifact)
        close = sum(conflict.is_close for conflict in conflicts(artifact))
        if close:
            text = "facts that contradict one another with nearly the same confidence; the later one prevails"
            found.append(Fault("order", "PAM_INVALID_SCHEMA", text, severity="warning", detail="CONFLICT", count=close))
    policies = {policy for policy in (root.numbers, *numbers) if policy}
    return Report(
        profile=artifact.profile.name,
        encoding=artifact.encoding,
        has_magic=artifact.has_magic,
        pam_version=artifact.pam_version,
        schema_version=artifact.schema_version,
        partial=partial,
        counts=artifact.counts,
        root_hash=artifact.root_hash,
        root_rule=root.rule,
        numbers="mixed" if len(policies) > 1 else next(iter(policies), ""),
        signature=by.state,
        key=by.key,
        key_id=hint if type(hint := artifact.metadata.get(KEY_ID)) is str else "",
        unsigned=_unsigned(artifact, by),
        sealed=by.sealed,
        disclosed_of=len(by.whole),
        generations=max(depths.values(), default=-1) + 1,
        faults=tuple(found),
    )


def _versions(artifact: Artifact, found: list[Fault]) -> bool:
    """Whether the artifact is of a later minor version (dossier 10.2)."""
    partial = False
    for name, said, code in (
        ("pam_version", artifact.pam_version, "PAM_UNSUPPORTED_VERSION"),
        ("schema_version", artifact.schema_version, "PAM_UNSUPPORTED_SCHEMA"),
    ):
        place = Place(pointer=f"/{name}")
        if artifact.profile is BROWSER:
            continue
        version = _VERSION.fullmatch(said)
        if name not in artifact.envelope and artifact.profile.nested:
            found.append(Fault("schema", "PAM_INVALID_SCHEMA", f"lacks {name}"))
        elif version is None or int(version[1]) != 1:
            found.append(Fault("version", code, "only version 1.0 is known, and what a later 1.x adds is passed over", place))
        elif int(version[2]):
            partial = True
            text = "a later minor version: what it adds is kept, and not understood"
            found.append(Fault("version", code, text, place, severity="warning"))
    return partial


def _root(artifact: Artifact, found: list[Fault]) -> _Root:
    try:
        for rule, numbers, root in roots(artifact):
            if root == artifact.root_hash:
                return _Root(rule, numbers)
    except CanonicalError as error:
        found.append(Fault("root", "PAM_HASH_MISMATCH", error.message, Place(pointer="/root_hash")))
        return _Root()
    if artifact.root_hash:
        text = "the root hash is not that of what the artifact holds"
        found.append(Fault("root", "PAM_HASH_MISMATCH", text, Place(pointer="/root_hash")))
    return _Root()


def _ids(artifact: Artifact, found: list[Fault]) -> set[Numbers]:
    """The number policies that the ids were made under."""
    policies: set[Numbers] = set()
    profile = artifact.profile
    for component in COMPONENTS:
        entries = artifact.entries(component)
        for index, (entry, own) in enumerate(zip(entries, _own_ids(artifact, component), strict=True)):
            said = entry.get("id")
            if said == own:
                continue
            if profile.nested and said == entry_id(entry, component, profile, "es6"):
                policies.add("es6")
                continue
            place = Place(pointer=artifact.pointer(component, index) + "/id")
            # Nothing of the browser's is ever proven: its rule is told, not relied on (dossier 2.4).
            severity: Any = "warning" if profile is BROWSER else "error"
            text = "the entry is not what its id says"
            found.append(Fault("entries", "PAM_HASH_MISMATCH", text, place, severity=severity))
    if any(artifact.counts.values()) and not policies:
        policies.add("py")
    return policies


def _own_ids(artifact: Artifact, component: Component) -> Iterator[str]:
    try:
        yield from entry_ids(artifact.entries(component), component, artifact.profile)
    except CanonicalError:
        # One has no canonical bytes: each by itself.
        for entry in artifact.entries(component):
            try:
                yield entry_id(entry, component, artifact.profile)
            except CanonicalError:
                yield ""


def _order(artifact: Artifact) -> Iterator[Fault]:
    """Episodic entries stand by time, then by id (dossier 1.3)."""
    keys = [sort_key(entry) for entry in artifact.entries("episodic")]
    for index in range(1, len(keys)):
        if keys[index] < keys[index - 1]:
            place = Place(pointer=artifact.pointer("episodic", index))
            own = artifact.profile is SPEC
            text = "the entry is of an earlier time than the one before it"
            severity: Any = "error" if own else "warning"
            yield Fault("order", "PAM_INVALID_SCHEMA", text, place, severity=severity, detail="ORDERING", strict=True)
            return


def _unsigned(artifact: Artifact, by: Signed) -> tuple[str, ...]:
    """The members of the envelope that were taken on nobody's word."""
    if by.sealed:
        return ()
    covered = {"signature"}
    if by.state in ("valid", "untrusted"):
        covered |= {"root_hash", "components", *COMPONENTS}
    return tuple(name for name in artifact.envelope if name not in covered)
