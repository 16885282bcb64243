"""Perplexity: threads as its service and exporters write them in JSON, and as it writes them in Markdown, and the JSON and the
workbook of its answer to a data request, with its memories (providers.md 3.7).

detect    which role a file plays, by structure alone
adapter   the adapter itself
threads   threads of the JSON forms
entries   one exchange: question, answer, sources, files
markdown  a thread as Markdown
workbook  the workbook: its threads, what of its rows is kept
sheets    which sheet and column is which
outputs   the cell that holds an answer
memories  a memory's row
wire      names, a thread's exchanges as records
"""

from __future__ import annotations

from satchel.adapters.perplexity.adapter import ADAPTER, PerplexityAdapter

__all__ = ["ADAPTER", "PerplexityAdapter"]
