"""Portable AI Memory 1.0: a memory-store.json with its conversation files and attachments, written and validated.

``FORMAT`` is the whole of it. Section numbers in this package are those of the project's dossier on the format.
"""

from __future__ import annotations

from satchel.formats.portable_ai_memory.package import FORMAT

__all__ = ["FORMAT"]
