"""Deleting at the places that records came from or went to, by their own APIs, and looking again afterwards."""
