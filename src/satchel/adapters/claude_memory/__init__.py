"""Claude's memory as files: Claude Code's notes and the API's memory tool (providers.md 5.1, portable-memory.md 9.3).

adapter   which files are such, and their originals
files     one file: where it is, its front matter, its text
records   the memory that it is
episode   what a Portable Memory episode holds of it that no field of ours does

The ``memory_files`` of an account's export are another dialect, which the adapter ``claude`` reads.
"""

from __future__ import annotations

from satchel.adapters.claude_memory.adapter import ADAPTER, ClaudeMemoryAdapter

__all__ = ["ADAPTER", "ClaudeMemoryAdapter"]
