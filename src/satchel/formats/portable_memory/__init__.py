"""Portable Memory (``.mem``) 1.0 and 1.1: bundles written and validated.

``FORMAT`` is the whole of it. Section numbers in this package are those of the project's dossier on the format.
"""

from __future__ import annotations

from satchel.formats.portable_memory.package import FORMAT

__all__ = ["FORMAT"]
