"""How much to work on at a time, and what is worth starting: every number that was tuned for speed or memory.

Each has its unit, and how it was measured: by `python -m tests.benchmarks --only ROW` with half and with twice the
number, on cores of an EPYC server at about 3 GHz with 1 MiB of cache each and 16 MiB for all, unless it says otherwise.
None changes a result by more than its last bits.
"""

from ..arrays import is_cupy_array, is_torch_array

__all__ = ["numbers_at_once"]

# What a processor's cache holds, in numbers; two, since a core has a cache of its own beside the one that all share.
SHARED_CACHE = 2**22  # rows scatter-32 and scatter-224: 2^21 to 2^23 are as fast
CORE_CACHE = 2**18  # row moments: 2^17 to 2^19 are as fast
GPU_AT_ONCE = 2**28  # numbers, 1 GiB in single precision: enough to fill a GPU, little of its memory; not tuned


def numbers_at_once(x):
    """How many numbers of an array like `x` to work on at a time: what a processor's cache holds, or 1 GiB of a GPU."""
    return GPU_AT_ONCE if is_cupy_array(x) or (is_torch_array(x) and x.device.type != "cpu") else SHARED_CACHE


# machine/cores.py. A core is done with so many numbers in half a millisecond; to ask another takes a third of that.
WORTH_SHARING = 2**18

# machine/loops.py. Seconds to import Numba and to compile a loop: 0.4 to 0.7, timed at the first call of each.
SECONDS_TO_COMPILE = 0.5

# fourier.py. Samples that one core transforms as soon as two: SciPy with 1 and 2 workers, sides of 8 to 64.
SMALL_TRANSFORM = 2**15

# machine/fftw.py, timed on complex numbers in single precision, sides of 20 to 80.
PLANNED_SAMPLES = 2**14  # that a plan transforms at a time: they and their plan stay in a core's cache
SECONDS_TO_PLAN = 0.05  # 0.03 to 0.1
SAVED_BY_A_PLAN = 1.2e-9  # seconds per sample: 0.7 to 1.6
NUMBERS_PER_SAMPLE = 4  # that a core passes over in the time it transforms a sample, in the unit of WORTH_SHARING

# torus.py. Bytes of the temporaries of `deform`: its products are long enough to run at full speed from 2^24 on.
DEFORMATION_BYTES = 2**26

# learned/wavelet_layer.py. Entries of a layer's matrix (16 MiB) up to which it is sooner than going through Fourier.
LARGEST_MATRIX = 2**22
