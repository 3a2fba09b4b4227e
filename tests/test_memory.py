"""Doubts about memory that is kept: does a second piece cost no page faults, and does the environment come first?"""

import os
import subprocess
import sys

import pytest

from analysis.instruments.memory import keep_freed_memory

CODE = """
import resource
import numpy as np
from analysis.instruments.memory import keep_freed_memory
done = {call}
np.ones(2**23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(2**23)
print(done, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def said(call, **variables):
    """What was answered, and the page faults of 64 MiB that were had and freed before."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", CODE.format(call=call)]
    done = subprocess.run(command, env=environment | variables, capture_output=True, text=True, check=True)
    answer, faults = done.stdout.split()
    return answer, int(faults)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone may have glibc")
def test_what_is_freed_is_had_again_without_page_faults():
    answer, faults = said("keep_freed_memory()")
    if answer == "False":
        pytest.skip("another C library")
    assert faults < said("None")[1] / 10


def test_thresholds_of_the_environment_come_first(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    assert not keep_freed_memory()


def test_where_there_is_no_glibc_nothing_is_done(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("MALLOC_", "GLIBC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("analysis.instruments.memory.ctypes.CDLL", lambda _: object())
    assert not keep_freed_memory()
