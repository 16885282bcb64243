"""What becomes of memory: Python's cyclic collector paused, since decoding makes millions of objects and no cycles
(engineering.md, the stack), and memory that was freed handed back."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Without the collector inside; on again behind it if it was before."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def hand_back() -> None:
    """Hand freed memory back to the system, where the C library keeps it for later and can be asked (malloc_trim(3), glibc):
    between two phases of long work, of which the second needs other things than the first."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
