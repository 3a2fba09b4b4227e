"""How much to work on at a time: every number that was tuned, with its unit, and how it was measured."""

# separation/: class statistics. "Flat" says that half and twice the number took within 10 % of the time, interleaved,
# on one core of an AMD EPYC, without compiled loops; sizes are samples x features.
CACHE_NUMBERS = 2**18  # numbers, 2 MiB in double precision: what a core works on at a time; flat, 4,000 x 4,096
CHUNK_ROWS = 256  # rows; short sums, merged, lose fewer digits than long ones; flat, 4,000 x 512
LONG_ROWS = 16  # rows per chunk, on average: the moments of all chunks then take less than half of the features
CHUNKS_AT_ONCE = 16  # short chunks that the cores share before their moments are merged: bounds the memory; not tuned
HELD_BYTES = 2**28  # bytes of moments that wait until all features are known to be finite: bounds the memory; not tuned
SHARED_NUMBERS = 2**15  # numbers of a chunk, below which one core is done before two have begun
FEW_CLASSES = 16  # classes; the one-hot products of so many take less time than to sort the rows
LEAST_ROWS, MOST_ROWS = 256, 2**12  # rows of a one-hot product: longer sums lose digits
JACKKNIFE_FEATURES = 2**11  # features of the inner products at a time; flat, 20 groups, 10 classes
MIRRORED_ROWS = 64  # rows of a matrix that is mirrored at a time; flat, 2,048 x 2,048
