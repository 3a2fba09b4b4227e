"""What must be refused of comparisons, fitted layers and pictures: more rows for the table of tests/bad_input.py."""

import numpy as np

from collapse_theory import comparison, plot, scattering
from collapse_theory.wavelets import morlet_bank
from tests.bad_input import TIGHT, T, V, batches

X = np.random.default_rng(0).normal(size=(40, 1, 8, 8))
Y = np.arange(40) % 2
HALF = morlet_bank(8, 1, 4).tight("real")
ROWS = [{"operation": "tanh", "depth": 0, "fisher_trace": None}]


def compared(x=X, y=Y, *, others=("tanh",), depth=1, **options):
    operations = options.pop("operations", ("phase collapse", *others))
    return comparison.across_layers(x, y, operations, depth=depth, **options)


def fit(x=X, bank=TIGHT, rho="tanh", **options):
    return scattering.fitted(x, bank, rho, depth=options.pop("depth", 1), **options)


# fmt: off
REFUSED = [
    ("compared, one class", lambda: compared(y=np.zeros(40, int)), V, "labels", "got one", "at least two"),
    ("compared, class left", lambda: compared(y=np.arange(40) // 38), V, "labels", "class 1: left", "expected 1 and 3"),
    ("compared, no labels", lambda: compared(y=None), T, "labels", "None", "one for each"),
    ("compared, few labels", lambda: compared(y=Y[:3]), V, "labels", "(3,)", "(40,)"),
    ("compared, labels and batches", lambda: compared(batches()), T, "labels", "others", "None with Batches"),
    ("compared, three axes", lambda: compared(X[:, 0]), V, "images", "(40, 8, 8)", "(N, C, H, W)"),
    ("compared, channels last", lambda: compared(np.zeros((40, 8, 8, 3))), V, "images", "(40, 8, 8, 3)", "moveaxis"),
    ("compared, list", lambda: compared([1, 2]), T, "images", "list", "array"),
    ("compared, NaN", lambda: compared(np.full((40, 1, 8, 8), np.nan)), V, "images", "NaN", "finite"),
    ("compared, a name alone", lambda: compared(operations="tanh"), T, "operations", "'tanh'", "sequence"),
    ("compared, unknown", lambda: compared(others=("relu",)), V, "operations", "'relu'", "'soft threshold'"),
    ("compared, rectifier", lambda: compared(others=("rectifier",)), V, "operations", "'rectifier'", "known"),
    ("compared, number", lambda: compared(others=(3,)), T, "operations", "3", "(name, function)"),
    ("compared, twice", lambda: compared(others=("tanh", "tanh")), V, "operations", "tanh, tanh", "differ"),
    ("compared, nothing", lambda: compared(others=("identity",)), V, "operations", "identity", "a reduction"),
    ("compared, no collapse", lambda: compared(operations=("tanh",)), V, "collapse", "'phase collapse'", "'tanh'"),
    ("compared, reductions", lambda: compared(reductions=["sigmoid"]), V, "reductions", "'sigmoid'", "compared with"),
    ("compared, bank", lambda: compared(bank="morlet"), T, "bank", "str", "FilterBank"),
    ("compared, half a bank", lambda: compared(bank=HALF), V, "bank", "half circle", "tight('complex')"),
    ("compared, depth", lambda: compared(depth=0), V, "depth", "0", "at least 1"),
    ("compared, odd sides", lambda: compared(X[..., :7, :7], subsample=True), V, "subsample", "(7, 7)", "even sides"),
    ("compared, seed", lambda: compared(seed=-1), V, "seed", "-1", "at least 0"),
    ("compared, held_out", lambda: compared(held_out=1), V, "held_out", "1", "between 0 and 1"),
    ("compared, other images", lambda: compared(held_out=(X[..., :4], Y)), V, "held_out", "(1, 8, 4)", "(1, 8, 8)"),
    ("compared, one of two", lambda: compared(held_out=(X,)), V, "held_out", "1 values", "(images, labels)"),
    ("compared, groups", lambda: compared(groups=1), V, "groups", "1", "at least 2"),
    ("compared, templates", lambda: compared(groups=np.zeros(3)), V, "groups", "(3,)", "(40,)"),
    ("compared, templates and others", lambda: compared(groups=Y, held_out=(X, Y)), V, "groups", "labels", "a number"),
    ("compared, lowpass", lambda: compared(lowpass="no"), V, "lowpass", "'no'", "'kept'"),
    ("compared, mixing", lambda: compared(mixing=np.eye(5)), V, "mixing", "array", "scattering.Mixing"),
    ("compared, fewer outputs", lambda: compared(mixing=scattering.Mixing(3)), V, "mixing", "outputs=3", "as many"),
    ("compared, margin", lambda: compared(margin=-1), V, "margin", "-1", "at least 0"),
    ("compared, memory", lambda: compared(memory=100), V, "memory", "MiB", "more"),
    ("compared, progress", lambda: compared(progress=3), T, "progress", "3", "function"),
    ("compared, quantile", lambda: compared(quantile=2), V, "quantile", "2", "0 to 1"),
    ("holm, none", lambda: comparison.holm([]), V, "comparisons", "none", "at least one"),
    ("holm, confidence", lambda: comparison.holm([1], confidence=1), V, "confidence", "1", "between 0 and 1"),
    ("fitted, unknown", lambda: fit(rho="relu"), V, "nonlinearity", "'relu'", "'tanh'"),
    ("fitted, depth", lambda: fit(depth=0), V, "depth", "0", "at least 1"),
    ("fitted, count", lambda: fit(count=0), V, "count", "0", "at least 1"),
    ("fitted, three axes", lambda: fit(X[0]), V, "images", "(1, 8, 8)", "(N, C, H, W)"),
    ("fitted, bank", lambda: fit(bank="x"), T, "bank", "str", "FilterBank"),
    ("plot, result", lambda: plot.comparison(ROWS), T, "result", "list", "across_layers"),
    ("plot, measure", lambda: plot.layers(ROWS, measure="accuracy"), V, "measure", "'accuracy'", "'fisher_trace'"),
    ("plot, nothing", lambda: plot.layers(ROWS, measure="fisher_trace"), V, "rows", "none", "'fisher_trace'"),
    ("plot, no run", lambda: plot.learning_curve("."), V, "folder", "'.'", "metrics.jsonl"),
    ("plot, no folder", lambda: plot.learning_curve(3), T, "folder", "3", "path"),
    ("plot, no audit", lambda: plot.audit(ROWS), T, "report", "list", "learned.audit"),
    ("plot, colour", lambda: plot.colour_of("relu"), V, "operation", "'relu'", "'tanh'"),
    ("plot, look", lambda: plot.look_of("relu"), V, "operation", "'relu'", "'tanh'"),
]
# fmt: on
