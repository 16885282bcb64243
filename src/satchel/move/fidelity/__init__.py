"""How much of what a format or an export says survives on its way into each format, and back: measured, not declared."""
