"""Whole journeys: import into the vault, export out of it."""
