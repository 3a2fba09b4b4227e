"""How much to work on at a time: every number that was tuned, with its unit, and how it was measured."""

__all__ = []
