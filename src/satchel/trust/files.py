"""Small private files, written whole or not at all: 0600, beside the target and renamed, synced."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from satchel.errors import KeyStoreError, OutputError


def write_private(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``, mode 0600.

    Raises:
        OutputError: the folder cannot be written.
    """
    if not path.name:
        raise OutputError(f"cannot write {path}: it has no name", hint="name a file")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
            sync_folder(path.parent)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` last through a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def read_private(path: Path, *, limit_bytes: int = 64 << 10) -> bytes:
    """The bytes of a private file.

    Raises:
        KeyStoreError: it is missing, a link, a folder or a device, too large, or others can read it.
    """
    try:
        # A pipe that nobody writes to would be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise KeyStoreError(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise KeyStoreError(f"cannot read {path}: it is no regular file")
    with os.fdopen(descriptor, "rb") as stream:
        if os.name == "posix" and stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
            raise KeyStoreError(f"{path} can be read by others", hint=f"chmod 600 {path}")
        data = stream.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise KeyStoreError(f"{path} is larger than any key file")
    return data
