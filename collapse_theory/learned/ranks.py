"""Statistics of several processes as one: what each rank of `torch.distributed` has seen, merged on all of them."""

import torch.distributed as distributed

__all__ = ["among_ranks", "merge_across_ranks"]


def merge_across_ranks(moments, group=None):
    """The moments of all ranks, merged in the order of the ranks: the same numbers on each of them.

    moments : `separation.ClassMoments`, or anything else that has `merge`; one on each rank, of the same settings.
        Those of a rank that has seen nothing count as none
    group : of processes; None for all

    Returns merged moments; outside of `torch.distributed`, the moments themselves.
    Raises whatever `merge` raises, on every rank; what the backend raises if a rank does not take part.
    Memory: the moments of all ranks at once, on each rank.
    """
    first, *rest = among_ranks(moments, group)
    for other in rest:
        first.merge(other)
    return first


def among_ranks(value, group=None):
    """What each rank has, a list in the order of the ranks; of one process alone, [value]."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    found = [None] * distributed.get_world_size(group)
    distributed.all_gather_object(found, value, group)
    return found
