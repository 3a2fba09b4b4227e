"""How much to work on at a time, and what is worth starting: every number that was tuned for speed or memory.

Each has its unit, and what it was compared with: the same call with other values of it, A B A B, on 26 November 2026 on
two cores of an AMD EPYC (1 MiB of second-level cache each, 32 MiB of third-level cache for all), beside other work, so
that a tenth is noise. None changes a result by more than its last bits.
"""

from ..arrays import is_cupy_array, is_torch_array

__all__ = [
    "CACHE_NUMBERS",
    "CHUNKS_AT_ONCE",
    "CHUNK_ROWS",
    "DEFORMATION_BYTES",
    "DIFFERENCES",
    "FEW_CLASSES",
    "GPU_AT_ONCE",
    "HELD_BYTES",
    "JACKKNIFE_FEATURES",
    "LARGEST_MATRIX",
    "LEAST_ROWS",
    "LONG_ROWS",
    "MIRRORED_ROWS",
    "MOST_ROWS",
    "NUMBERS_PER_SAMPLE",
    "PLANNED_SAMPLES",
    "SAVED_BY_A_PLAN",
    "SECONDS_TO_COMPILE",
    "SECONDS_TO_PLAN",
    "SHARED_CACHE_NUMBERS",
    "SHARED_NUMBERS",
    "SMALL_TRANSFORM",
    "WORTH_SHARING",
    "numbers_at_once",
]

# What a processor's cache holds, in numbers. A core has a cache of its own beside the one that all cores share.
# `scatter` of 4 x 224 x 224 takes 1.04 times as long with 2^23 of the shared one, and 1.11 with 2^21.
SHARED_CACHE_NUMBERS = 2**22
CACHE_NUMBERS = 2**18  # of a core, 1 MiB in single precision; class statistics of 4,000 x 4,096: flat, see below
GPU_AT_ONCE = 2**28  # numbers, 1 GiB in single precision: enough to fill a GPU, little of its memory; not tuned


def numbers_at_once(x):
    """How many numbers of an array like `x` to work on at a time: what a processor's cache holds, or 1 GiB of a GPU."""
    return GPU_AT_ONCE if is_cupy_array(x) or (is_torch_array(x) and x.device.type != "cpu") else SHARED_CACHE_NUMBERS


# machine/cores.py. Numbers worth asking another core for: to ask takes 0.04 ms, as long as two passes over them.
WORTH_SHARING = 2**18

# machine/loops.py. Seconds to compile a loop: 0.2 to 0.3, and once in a process 1.1 more to import Numba.
SECONDS_TO_COMPILE = 0.5

# fourier.py. Samples from which SciPy is quicker with two workers, sides of 32: with 2^15 it takes 1.25 times as long.
SMALL_TRANSFORM = 2**16

# machine/fftw.py, on complex numbers in single precision, planes of 20 x 20 to 80 x 80.
PLANNED_SAMPLES = 2**14  # that a plan transforms at a time; `scatter` takes 1.0 to 1.13 times as long with 2^12 to 2^16
SECONDS_TO_PLAN = 0.05  # 0.03 to 0.1
SAVED_BY_A_PLAN = 1.2e-9  # seconds per sample: 0.7 to 1.6
NUMBERS_PER_SAMPLE = 4  # of WORTH_SHARING that a sample counts for; not compared again

# torus.py. Bytes of temporaries of `deform`, 64 x 64: 1.3 times as long with a quarter, 1.4 with four times as many.
DEFORMATION_BYTES = 2**26

# learned/wavelet_layer.py. Entries of a matrix, 16 MiB, up to which it stands for a layer; not compared again.
LARGEST_MATRIX = 2**22

# testing/ascent.py. Numbers of finite differences, 256 MiB: it bounds the memory.
DIFFERENCES = 2**25

# separation/: class statistics. "Flat" says that half and twice the number took within 10 % of the time, interleaved,
# on one core of an AMD EPYC, without compiled loops; sizes are samples x features.
CHUNK_ROWS = 256  # rows; short sums, merged, lose fewer digits than long ones; flat, 4,000 x 512
LONG_ROWS = 16  # rows per chunk, on average: the moments of all chunks then take less than half of the features
CHUNKS_AT_ONCE = 16  # short chunks that the cores share before their moments are merged: bounds the memory; not tuned
HELD_BYTES = 2**28  # bytes of moments that wait until all features are known to be finite: bounds the memory; not tuned
SHARED_NUMBERS = 2**15  # numbers of a chunk: one core is done with fewer before two have begun
FEW_CLASSES = 16  # classes; the one-hot products of so many take less time than to sort the rows
LEAST_ROWS, MOST_ROWS = 256, 2**12  # rows of a one-hot product: longer sums lose digits
JACKKNIFE_FEATURES = 2**11  # features of the inner products at a time; flat, 20 groups, 10 classes
MIRRORED_ROWS = 64  # rows of a matrix that is mirrored at a time; flat, 2,048 x 2,048
