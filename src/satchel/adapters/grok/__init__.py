"""Grok: the export of grok.com in its known forms, and Grok's chats in an X archive (providers.md 3.4).

detect        which role a file plays, by structure alone
reader        the adapter itself: conversations as a stream
conversation  one conversation: the tree of responses
parts         a response's thoughts, text, cards, pictures and files
sides         projects, tasks, media posts
assets        the asset server's files
x_archive     Grok inside X
wire          names, times, roles
leftover      what no field of ours carries
"""

from __future__ import annotations

from satchel.adapters.grok.reader import ADAPTER, GrokAdapter

__all__ = ["ADAPTER", "GrokAdapter"]
