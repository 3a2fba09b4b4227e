"""With which learning rate, and from which start of its thresholds or gains, is each network trained best?

Each network that the tables of `accuracy_of_learned_networks` compare has as many trials as every other: eight, of
three epochs of 12,500 training images of CIFAR-10, scored on 5,000 other training images. A threshold is tuned as hard
as a collapse, and no test image is seen. The tables train each network as its best trial was.
"""

from dataclasses import asdict

from collapse_theory import learned
from collapse_theory.machine import reproducible
from collapse_theory.machine.cores import cores

from . import record
from .instruments.cells import searched, trials
from .instruments.learning import about_training, trained
from .instruments.options import whole
from .instruments.probes import share_with_interval
from .instruments.progress import training_bar
from .instruments.queue import TRIALS, best_of, folder_of, record_beside, rows_known, untried
from .instruments.trainings import completed

NAME = TRIALS
TIME = "half an hour for each network on one core, with CIFAR-10 (torch)"
SAYS = (
    "Trains what is not recorded yet, a trial after the other. Started twice, it does two at a time. "
    "A trial that was stopped is resumed.",
)
EXAMPLES = ("python -m analysis tuning_of_learned_networks", "python -m analysis tuning_of_learned_networks --first 1")
ON = ("torch",)


def measure(trial, *, folder, device="cpu", progress=None):
    """Train one trial, or resume it, and score it; one that diverges is right nowhere.  Returns one row."""
    try:
        network, data, outcome, _ = trained(trial, folder=folder, device=device, progress=progress)
    except learned.not_finite.NotFinite as error:
        return _diverged(trial, error, device)
    right = round(outcome.epochs[-1]["test_accuracy"] * len(data[1]))
    return {
        "setting": asdict(trial),
        **about_training(trial, network, data, outcome),
        "accuracy": share_with_interval(right, len(data[1])),
    }


def _diverged(trial, error, device):
    nothing = {"train_accuracy": 0.0, "test_accuracy_of_epochs": [0.0], "accuracy": [0.0, 0.0, 0.0]}
    place = {"device": device, "threads": cores(), "machine": record.machine(), "data_identity": record.NOT_RECORDED}
    count = {"parameters": 0, "seconds": 0.0, "images_per_second": 0.0}
    return {"setting": asdict(trial), "network": trial.label, "diverged": str(error), **nothing, **count, **place}


def conclusions(rows):
    """Lines of each network: its best trial, and whether that is at an end of what was tried."""
    for base in searched():
        best = best_of(rows, base)
        if best is None:
            yield f"{base.label}: trials are missing"
            continue
        rates = [trial.recipe.rate for trial in trials(base)]
        edge = ", at an end of what was tried" if best.recipe.rate in (min(rates), max(rates)) else ""
        value, low, high = (100 * share for share in _accuracy(rows, best))
        yield f"{base.label}: learning rate {best.recipe.rate:g}{edge}{_start_of(best)}"
        yield f"    accuracy on 5,000 other training images, %  {value:.1f} [{low:.1f}, {high:.1f}]"


def _accuracy(rows, trial):
    return next(row["accuracy"] for row in rows if completed(row["setting"]) == asdict(trial))


def _start_of(trial):
    if trial.start is not None:
        return f", start {trial.start:g}"
    return f", start at quantile {trial.quantile:g}" if trial.terms == "equal" else ""


def answer(options, start):
    """Train the trials of the first so many networks that are not recorded, and record each as it ends."""
    record.check_kept(NAME, options.out)
    for base in searched()[: options.first]:
        for trial in untried(base, options.out):
            bar = training_bar(f"{trial.label}, learning rate {trial.recipe.rate:g}{_start_of(trial)}")
            try:
                with reproducible():
                    row = measure(trial, folder=folder_of("trial", trial), device=options.device, progress=bar)
            except learned.runs.RunFolderInUse:
                continue
            row = {"command": options.command()} | row
            record_beside(NAME, row, {trial.label: trial}, options.out)
    return rows_known(NAME, options.out)


def options(parser):
    """The options of this question."""
    parser.add_argument("--first", type=whole(1, 100), metavar="N", help="number of networks, the first (default: all)")
    parser.add_argument("--device", default="cpu", help="device to train on: cpu, cuda, cuda:1")
