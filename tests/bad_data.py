"""What must be refused of data: more rows for the table of tests/bad_input.py."""

import numpy as np

from collapse_theory import datasets
from tests.bad_input import T, V, X, batches, split

# fmt: off
REFUSED = [
    ("identity, no reader", lambda: datasets.identity("cifar"), V, "read", "'cifar'", "datasets.cifar10"),
    ("emnist, kind", lambda: datasets.emnist(kind="letter"), V, "kind", "'letter'", "'letters'"),
    ("cifar10, NUL", lambda: datasets.cifar10("a\0b"), V, "folder", "'a\\x00b'", "no NUL"),
    ("mnist, bytes", lambda: datasets.mnist(b"digits"), T, "folder", "b'digits'", "path"),
    ("kth_tips, nothing", lambda: datasets.kth_tips(""), V, "folder", "''", "not empty"),
    ("image_folder, bytes", lambda: datasets.image_folder(b"photos"), T, "folder", "b'photos'", "path"),
    ("image_folder, nothing", lambda: datasets.image_folder(""), V, "folder", "''", "not empty"),
    ("image_folder, nobody", lambda: datasets.image_folder("~nobody!/x"), V, "folder", "'~nobody!/x'", "home"),
    ("image_batches, on_error", lambda: datasets.image_batches(".", on_error="x"), V, "on_error", "'x'", "'skip'"),
    ("array_batches, names", lambda: batches(names="cat"), T, "names", "'cat'", "one per class"),
    ("array_batches, names of numbers", lambda: batches(names=[0, 1]), T, "names", "(0, 1)", "one per class"),
    ("array_batches, no names", lambda: batches(names=None), T, "names", "None", "one per class"),
    ("array_batches, too few names", lambda: batches(names=["a"]), V, "names", "got 1", "labels 0 to 1"),
    ("array_batches, sizes", lambda: batches([X, X[:, 1:]]), V, "images", "several shapes", "one array"),
    ("array_batches, ragged labels", lambda: batches(y=[[0], [1, 2]]), V, "labels", "several shapes", "one array"),
    ("split_by_class, ragged", lambda: split([[0], [1, 2]], 0.5), V, "labels", "several lengths", "one label"),
    ("array_batches, large", lambda: batches(y=np.array([2**64 - 1, 0], "Q")), V, "labels", str(2**64 - 1), "int64"),
    ("array_batches, no colour", lambda: batches(X), V, "images, labels", "(2, 8, 8)", "(N, C, H, W)"),
    ("array_batches, channels last", lambda: batches(np.zeros((2, 8, 8, 3))), V, "images", "(2, 8, 8, 3)", "moveaxis"),
    ("array_batches, texts", lambda: batches(np.full((2, 1, 2, 2), "a")), T, "images", "<U1", "numbers"),
    ("split_by_class, None", lambda: split([None, 1, 1], 0.5), V, "labels", "None", "none missing"),
    ("split_by_class, mixed", lambda: split([True, 1, "1"], 0.5), T, "labels", "bool, int, str", "sort together"),
    ("split_by_class, NaN", lambda: split([np.nan, 1, 1], 0.5), V, "labels", "NaN", "equal to themselves"),
]
# fmt: on
