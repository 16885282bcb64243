"""The text that an assistant writes when it is asked to say all that it remembers (portable-memory.md 9.4).

adapter      which texts are such, and their records
statements   the text as statements, with the ids that other tools give them
dates        the dates in front of them
"""

from __future__ import annotations

from satchel.adapters.transfer_text.adapter import ADAPTER, TransferTextAdapter

__all__ = ["ADAPTER", "TransferTextAdapter"]
