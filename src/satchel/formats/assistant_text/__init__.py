"""Texts to paste into an assistant: ChatGPT, Claude, Gemini, or the system prompt of any model (providers.md 3.1 to 3.3).

targets      the table: which files each assistant takes, where they are pasted, what they may hold
statements   records as statements, and why others are none
neutral      statements that cannot pass for the text's own structure
choosing     which statements go in, in what order
sheets       statements as the text of a file
heading      its first line, by which a folder of ours is known again
readme       the page that says what to paste where
writer       one export
validation   whether a folder still is what it says
"""

from __future__ import annotations

from satchel.formats.assistant_text.package import CHATGPT, CLAUDE, GEMINI, SYSTEM_PROMPT

__all__ = ["CHATGPT", "CLAUDE", "GEMINI", "SYSTEM_PROMPT"]
