"""The platforms, one adapter each: detect, read and, where the platform takes memory, write."""
