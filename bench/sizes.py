"""Sizes as people write them; units are decimal."""

from __future__ import annotations

import argparse
import re

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def size_bytes(text: str) -> int:
    """``"200MB"`` as a number of bytes.

    Raises:
        argparse.ArgumentTypeError: not a size.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?)B?", text.strip().upper())
    value = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    if value == 0:
        raise argparse.ArgumentTypeError(f"not a size: {text!r} (write 10MB, 1GB)")
    return value


def size_text(value: int) -> str:
    """``200_000_000`` as ``"200MB"``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if value >= factor:
            return f"{value / factor:g}{unit}"
    return f"{value}B"
