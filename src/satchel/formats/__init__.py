"""The open interchange standards, a folder each: read, write, validate."""
