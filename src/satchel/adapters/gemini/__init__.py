"""Gemini: Google Takeout's activity in JSON and HTML, Gems, AI Studio, Workspace and import text (providers.md 3.3).

detect          which role a file plays, by structure alone
reader          the adapter itself
journal         a file of "My Activity": read twice, entry by entry
wire            names, uids and small readers of values
activity        one entry of "My Activity" as an exchange, from JSON
cells           the HTML of "My Activity" cut into its entries, without holding the file
markup          HTML to text, links and files
entry           one entry of the HTML as an exchange
dates           dates of any locale (table: locales.txt); never a guess
verbs           what Google puts in front of a prompt
groups          which entries are one talk
exchange        an exchange as records
files           attachments that came as files
studio          AI Studio's prompts
chunks          their messages
workspace       Gemini in Workspace: a file a conversation
gems            Gems and scheduled actions
import_text     the text that Gemini asks other assistants for
leftover        what no field of ours carries
"""

from __future__ import annotations

from satchel.adapters.gemini.reader import ADAPTER, GeminiAdapter

__all__ = ["ADAPTER", "GeminiAdapter"]
