"""Operations on files, counted, so that one after the other can fail or find its process killed."""

import os

from collapse_theory import files


def count_operations(monkeypatch, at_the_nth):
    """Count the operations on files of a run folder, and call `at_the_nth(n)` before each."""
    count = 0

    def counted(function):
        def call(*arguments, **options):
            nonlocal count
            count += 1
            at_the_nth(count)
            return function(*arguments, **options)

        return call

    for name in ("fsync", "replace", "mkdir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(files, "open", counted(open), raising=False)
    return lambda: count
