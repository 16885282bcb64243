"""Artifacts as files: recognised by their head, read whole within a bound, written beside and renamed (dossier 8.1)."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from satchel.codec import cbor
from satchel.codec.probe import HEAD_BYTES, probe_bytes
from satchel.errors import InputError, LimitExceeded, Place
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.profiles import COMPONENTS
from satchel.formats.portable_agent_memory.wire import MAGIC, parse, serialise
from satchel.limits import DEFAULT, Limits
from satchel.trust.files import write_private

SUFFIXES = (".pam", ".pam.cbor", ".pam.json")
#: A member's name in CBOR, of those that one of the first members has in every shape.
_CBOR_NAME = re.compile(rb"\x6bpam_version|\x6acomponents|\x68(?:episodic|semantic|identity)|\x6aprocedural|\x67working")


def files_in(path: Path) -> list[Path]:
    """The artifacts at ``path``: itself, or those in the folder, by name. Raises InputError."""
    try:
        return [path] if not path.is_dir() else sorted(file for file in path.iterdir() if is_named(file) and file.is_file())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def is_named(path: Path) -> bool:
    """Whether a file is called as artifacts are."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def recognises(path: Path) -> bool:
    """Whether a file looks like an artifact, or a folder holds such files, called so, and nothing else that can be seen."""
    try:
        if not path.is_dir():
            return _recognises_file(path)
        found = files_in(path)
        seen = sum(not each.name.startswith(".") for each in path.iterdir())
    except (OSError, ValueError, InputError):
        return False
    return 0 < len(found) == seen and all(map(_recognises_file, found))


def _recognises_file(path: Path) -> bool:
    """Whether the file looks like an artifact, in whatever shape; never for its name."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            whole = not stream.read(1)
    except (OSError, ValueError):
        return False
    if head.startswith(MAGIC) and len(head) > 4 and head[3] < 0x20:
        return 0xA0 <= head[4] <= 0xBF or head.startswith(cbor.SELF_DESCRIBED, 4)
    bare = head.removeprefix(cbor.SELF_DESCRIBED)
    if 0xA0 <= bare[:1].ljust(1, b"\0")[0] <= 0xBF:
        return _CBOR_NAME.search(bare) is not None
    if bare.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return False
    names = probe_bytes(bare, whole).value
    if type(names) is not dict:
        return False
    inner = names.get("components")
    arrays = sum(component in names for component in COMPONENTS)
    nested = type(inner) is dict and (not inner or any(component in inner for component in COMPONENTS))
    return "pam_version" in names or arrays > 2 or ("root_hash" in names and arrays > 0) or nested


def load(path: Path, limits: Limits = DEFAULT) -> Artifact:
    """The artifact in a file.

    Raises:
        InputError: it is no regular file, or cannot be read; what ``wire.parse`` raises.
    """
    return parse(read(path, limits), limits, file=path.name)


def read(path: Path, limits: Limits = DEFAULT) -> bytes:
    """The bytes of a file, never more than an artifact may have.

    Raises:
        LimitExceeded: PAM_TOO_LARGE.
        InputError: it is no regular file, or cannot be read.
    """
    if path.is_dir():
        raise InputError(f"{path.name} is a folder", hint="name one of the artifacts in it")
    try:
        with path.open("rb") as stream:
            # Of the file that is open: the path may name another by now.
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise InputError(f"{path.name} is no regular file")
            data = stream.read(limits.artifact_bytes + 1)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or 'the system refuses'}") from error
    if len(data) > limits.artifact_bytes:
        raise LimitExceeded(
            f"PAM_TOO_LARGE: the artifact has more than {limits.artifact_bytes:,} bytes",
            place=Place(file=path.name),
            hint="--limit artifact_bytes=N raises it",
        )
    return data


def save(path: Path, artifact: Artifact) -> int:
    """Write an artifact whole or not at all, in its own encoding, mode 0600; returns its bytes.

    Raises:
        OutputError: it cannot be written.
        CanonicalError: the envelope is no JSON value.
    """
    data = serialise(artifact)
    write_private(path, data)
    return len(data)
