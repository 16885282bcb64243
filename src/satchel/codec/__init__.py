"""Bytes: strict and streaming JSON, canonical JSON by dialect, safe archives and compressed streams."""
