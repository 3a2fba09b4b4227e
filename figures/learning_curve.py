"""The learning curve of a run of your own: images that are right after each epoch, of those to fit on and of the test.

It is read from the metrics in the folder of the run, also while the training goes on. The curve of the images to fit on
is of the network as it was during the epoch, the one of the test images of the network after it. The last epoch is the
result; the best one, chosen by the test images, would be too good.
"""

import hashlib
from pathlib import Path

from collapse_theory import plot

RESULTS = ()


def data(run):
    """The folder of a training by `learned.train`, its name, and the sha256 of its metrics, None if there are none."""
    path = Path(run) / "metrics.jsonl"
    sum_ = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    return {"run": str(run), "name": Path(run).resolve().name, "sha256": sum_}


def draw(data, width=17.8):
    """The picture, `width` cm wide.  Raises as `plot.learning_curve` for a folder that holds no metrics."""
    from . import style

    ax = plot.learning_curve(data["run"], width=width)
    ax.set_title(style.plain(data["name"]))
    return ax.figure
