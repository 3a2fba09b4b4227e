"""How much to work on at a time: every number that was tuned, with its unit, and how it was measured."""

# Class statistics. Measured on one and two cores of an AMD EPYC (1 MiB of second-level cache per core) with
# `python -m tests.benchmarks --only moments covariance`, each number halved and doubled.
CACHE_NUMBERS = 2**18  # numbers, which are 2 MiB in double precision: what a core works on at a time
CHUNK_ROWS = 256  # rows; short sums, merged, lose fewer digits than long ones: a choice of precision, not of time
LONG_ROWS = 16  # rows per chunk, on average: the moments of all chunks then take less than half of the features
CHUNKS_AT_ONCE = 16  # short chunks that the cores share before their moments are merged
HELD_BYTES = 2**28  # bytes of moments that wait until all features are known to be finite: a choice of memory
SHARED_NUMBERS = 2**15  # numbers of a chunk, below which one core is done before two have begun
FEW_CLASSES = 16  # classes; the one-hot products of so many take less time than to sort the rows
LEAST_ROWS, MOST_ROWS = 256, 2**12  # rows of a one-hot product: longer sums lose digits
JACKKNIFE_FEATURES = 2**11  # features of the inner products at a time: (20 groups x 10 classes) rows in the cache
MIRRORED_ROWS = 64  # rows of a matrix that is mirrored, so that both triangles' parts stay in the first-level cache
