"""File ids: the name under which the export speaks of uploaded and generated files, and what its members are called.

An id is compared and hashed, never opened, joined to a path or matched as a pattern (providers.md 3.1, asset URIs).
"""

from __future__ import annotations

import re

from satchel.model.ids import provider_uid

_SCHEME = re.compile(r"(?:file-service|sediment|file)://")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
#: ``file-<id>-<name>``, ``file_<hex>-<name>``, ``file-<id>.dat``: the id ends at the next dash or dot.
_MEMBER_ID = re.compile(r"(file[-_][A-Za-z0-9]+)(?=[-.]|$)")
_OPAQUE = re.compile(r"(?:[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\.dat$")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
#: Real ids have 22 or more characters; ``file-upload.txt`` is somebody's file.
_ID_CHARS = 20


def file_id(pointer: str) -> str:
    """The canonical id in an asset pointer, an attachment's id or a name of the asset-names map."""
    return _EXTENSION.sub("", _SCHEME.sub("", pointer, count=1))


def file_uid(account: str, id: str) -> str:
    """The uid of the document record for a file id, whether or not its bytes came with the export."""
    return provider_uid("chatgpt", account, "file", id)


def base_name(path: str) -> str:
    """The last part of a member's path or of a display path."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def id_prefixes(base: str) -> list[str]:
    """Every id that a member name could begin with, longest first: cut before its dots and dashes."""
    cuts = [at for at, char in enumerate(base) if char in ".-" and at]
    return [base, *(base[:cut] for cut in reversed(cuts))]


def id_by_pattern(path: str) -> str:
    """The file id that a member's path itself tells, "" when the path is not one of the export's own patterns."""
    folders = path.replace("\\", "/").split("/")
    base = folders.pop()
    found = _MEMBER_ID.match(base)
    at_home = any(folder == "dalle-generations" or folder.startswith("user-") or _UUID.match(folder) for folder in folders)
    if found and (at_home or len(found[1]) >= _ID_CHARS):
        return found[1]
    if at_home or _OPAQUE.match(base):
        return file_id(base)
    return ""


def display_name(base: str, id: str) -> str:
    """The name that a person gave the file: what follows the id in a member's name, or all of it."""
    rest = base[len(id) :] if base.startswith(id) else ""
    return rest[1:] if rest.startswith("-") and len(rest) > 1 else base
