"""mem0: the JSON of its SDK and platform (portable-memory.md 9.1), the Markdown of its plugin (providers.md 4.1).

detect     which role a file plays, by structure alone
reader     the adapter itself: memories as a stream
items      one memory of the JSON as a record
episode    what a Portable Memory episode holds of it that no field of ours does
relations  the graph beside the memories
markdown   the plugin's blocks
wire       names, uids, times, decoding
"""

from __future__ import annotations

from satchel.adapters.mem0.reader import ADAPTER, Mem0Adapter

__all__ = ["ADAPTER", "Mem0Adapter"]
