"""What an audit has found: rows of layers, of interventions and of kernels, as dicts, as CSV and in words."""

import csv
import io
import os
from dataclasses import dataclass, field

from ...arguments import as_path
from ...files import write_atomically

__all__ = ["Audit"]


@dataclass(frozen=True)
class Audit:
    """What `audit` has found of one network on labelled images.

    rows : dicts, one per layer and call, in the order of the calls; `audit` says what they hold
    unmeasured : dicts {"layer", "reason"} of what could not be measured
    classifier : dict {"classifier", "images", "accuracy", "accuracy_low", "accuracy_high", "fisher_trace", "nc3",
        "nc4", "nc4_images"}: the name of the linear map that gives the logits, what its input and the decisions are;
        None for what the network does not have
    interventions : dicts, one per replacement of rectifiers; see the module `interventions`
    law : dict of the line through log F against depth, see the module `law`; None where there are too few layers
    kernels : dicts, one per kernel of the first convolution; see the module `stability`
    classes : how many there are
    notes : sentences on what was left out
    """

    rows: list = field(repr=False)
    unmeasured: list
    classifier: dict
    interventions: list = field(repr=False)
    law: dict | None = field(repr=False)
    kernels: list = field(repr=False)
    classes: int
    notes: tuple = ()

    def to_dicts(self) -> list[dict]:
        """The rows of the layers, as dicts of plain values."""
        return [dict(row) for row in self.rows]

    def to_csv(self, path: str | os.PathLike | None = None) -> str:
        """The rows of the layers as CSV, a column per key, an empty cell for None; written to a file if one is named.

        Raises TypeError if `path` is no path; OSError if it cannot be written.
        """
        text = io.StringIO()
        columns = list(dict.fromkeys(key for row in self.rows for key in row))
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"shape": " x ".join(map(str, row["shape"]))} for row in self.rows)
        if path is not None:
            write_atomically(as_path(path), text.getvalue())
        return text.getvalue()

    def __str__(self):
        return "\n".join([*self._head(), "", *self._table(), *self._tail()])

    def _head(self):
        found = self.classifier
        yield f"{found['images']} images of {self.classes} classes, {len(self.rows)} layers measured"
        if found["accuracy"] is not None:
            shown = [100 * found[name] for name in ("accuracy", "accuracy_low", "accuracy_high")]
            yield "accuracy of the network: {:.1f} % [{:.1f}, {:.1f}]".format(*shown)
        if None not in (found["nc3"], found["nc4"]):
            yield f"at the input of {found['classifier']}: NC3 {found['nc3']:.3g}, NC4 {found['nc4']:.3f}"

    def _table(self):
        yield f"{'layer':<30} {'B/E':>7} {'F':>9} {'NC1':>9} {'linear':>7} {'nearest':>7} {'rank':>6} {'0, %':>6}"
        for row in self.rows:
            shares = [row["accuracy_linear"], row["accuracy_nearest_mean"]]
            numbers = [
                (row["between_over_energy"], "7.4f"),
                (row["fisher_trace_unbiased"], "9.3g"),
                (row["nc1"], "9.3g"),
            ]
            numbers += [(None if share is None else 100 * share, "7.1f") for share in shares]
            numbers += [(row["effective_rank"], "6.1f"), (100 * row["zeros"], "6.1f")]
            cells = ("-".rjust(int(form.split(".")[0])) if n is None else format(n, form) for n, form in numbers)
            yield f"{_shortened(row['layer'], 30):<30} {' '.join(cells)}"
        yield "B/E and F without bias; linear, nearest: held-out images that are right, in %."

    def _tail(self):
        if self.law:
            ends = "{rate:+.3f} [{rate_low:+.3f}, {rate_high:+.3f}]".format(**self.law)
            over = f"{len(self.law['layers'])} {self.law['over']}"
            yield f"log F grows by {ends} from one of {over} to the next, residual {self.law['residual']:.2f}"
        for row in self.interventions:
            share = "-" if row["accuracy"] is None else f"{100 * row['accuracy']:.1f} %"
            separation = "-" if row["fisher_trace"] is None else f"{row['fisher_trace']:.3g}"
            said = f"accuracy {share}, F {separation} {row['reason']}".rstrip()
            yield f"replaced: {row['replaced']}, by: {row['by']}: {said}"
        for row in self.unmeasured:
            yield f"not measured: {row['layer']}: {row['reason']}"
        yield from self.notes


def _shortened(name, room):
    return name if len(name) <= room else f"{name[: room // 2 - 1]}…{name[-(room - room // 2) :]}"
