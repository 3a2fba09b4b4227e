"""Processes that `torchrun` has started beside each other: which one this is, and the group that they make."""

import os
from contextlib import contextmanager

__all__ = ["is_first", "started"]


def is_first():
    """Whether this process is the first of those that `torchrun` has started, or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def started(device):
    """A process group while this lasts, if `torchrun` has started this process beside others.

    device : name of what each computes on; "cuda" stands for the GPU that has the number of the process here

    Yields the name of the device of this process.
    """
    from torch import distributed  # only here: a command that says what it will do must not wait for torch

    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield device
        return
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield device
    finally:
        distributed.destroy_process_group()
