"""Kept originals are compressed with zstd, at the level that costs least for what it saves."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1


def compress(data: bytes) -> bytes:
    """``data`` as one zstd frame that states its size."""
    return zstd.compress(data, level=LEVEL)


def decompress(data: bytes) -> bytes:
    """The inverse."""
    return zstd.decompress(data)
