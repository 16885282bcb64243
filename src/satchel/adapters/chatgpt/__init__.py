"""ChatGPT: its data export in every layout since 2023, and single conversations from its backend (providers.md 3.1).

``ADAPTER`` recognises and reads; everything else in this package is private to it.
"""

from satchel.adapters.chatgpt.adapter import ADAPTER

__all__ = ["ADAPTER"]
