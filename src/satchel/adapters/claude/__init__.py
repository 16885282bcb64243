"""Claude.ai: its account export in every layout and era that is known (providers.md 3.2).

detect          which role a file plays, by structure alone
reader          the adapter itself: side files first, then conversations as a stream
wire            the export's structs, tolerant decoding, counted notes
content         a message's blocks, text, attachments and files as parts
tools           tool calls and results as parts
conversations   one conversation: the tree, its messages, the artifacts written in it
artifacts       artifacts and files that were written by tool calls, replayed to their final text
frames          published artifacts with their versions and comments
design          Claude Design chats
projects        projects, their instructions and documents
memories        memory in its two generations; memory_files reads the files of the newer one
account         what is never kept: account data, the manifest of one-shot links
loose           attachments that came as files
leftover        what no field of ours carries
"""

from __future__ import annotations

from satchel.adapters.claude.reader import ADAPTER, ClaudeAdapter

__all__ = ["ADAPTER", "ClaudeAdapter"]
