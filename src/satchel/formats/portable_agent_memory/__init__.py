"""Portable Agent Memory: artifacts (``.pam``, ``.pam.cbor``) in every shape that there is of them.

``FORMAT`` is the whole of it. Section numbers in this package are those of the project's dossier on the format.
"""

from __future__ import annotations

from satchel.formats.portable_agent_memory.package import PortableAgentMemory

__all__ = ["FORMAT"]

FORMAT = PortableAgentMemory()
