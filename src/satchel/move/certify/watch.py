"""Swapping a file at the very moment at which a reader has closed it for the first time (Linux, by inotify)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_IN_CLOSE_NOWRITE = 0x10


def available() -> bool:
    """Whether this system can tell when a file is closed."""
    return sys.platform == "linux"


@contextlib.contextmanager
def swap_when_closed(target: Path, other: Path) -> Iterator[None]:
    """While the block runs: once some process closed ``target`` after reading it, ``other`` is moved into its place.

    A reader that opens the file once is not touched by it; one that hashes, closes and opens again reads ``other``.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    libc.inotify_add_watch(descriptor, os.fsencode(target), _IN_CLOSE_NOWRITE)
    stop_read, stop_write = os.pipe()

    def wait() -> None:
        ready, _, _ = select.select([descriptor, stop_read], [], [])
        if descriptor in ready:
            other.replace(target)

    watcher = threading.Thread(target=wait, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        os.write(stop_write, b".")
        watcher.join()
        for open_file in (descriptor, stop_read, stop_write):
            os.close(open_file)
