"""Engram files and PLUR episodes: agents' memories as YAML that people edit (dossier Portable Memory, 9.5).

detect    which files are such files, by structure alone
reader    the adapter itself: a file as one original, its memories as records
collect   a file's bytes as a value, JSON or YAML, and the engrams and episodes in it
yaml      the YAML subset: blocks; flow reads ``[…]`` and ``{…}``, scalars the smallest pieces
episode   what a Portable Memory episode says of an engram
records   the same as our records, and what they carry for that format
render    the way back: episodes as engram or PLUR YAML, byte for byte the same for the same episodes
values    canonical JSON in Portable Memory's dialect, dates, whole numbers
wire      the adapter's name, its id space, findings of one file
"""

from __future__ import annotations

from satchel.adapters.engram.reader import ADAPTER, EngramAdapter
from satchel.adapters.engram.render import render

__all__ = ["ADAPTER", "EngramAdapter", "render"]
