"""What is kept of one layer while images pass, within bounds, and the row that it comes to."""

from functools import partial
from typing import NamedTuple

import numpy as np

from ...separation import ClassMoments, jackknife_interval
from ...separation.summary import Summary
from .folds import FOLDS, Folds, fold_bytes
from .layouts import numbers_of
from .probes import held_out
from .rectifiers import Parts, Zeros, parts_bytes
from .sketch import collisions, sketch, sketch_error
from .statistics import effective_rank, fisher_full, nc1, nc1_svd, nearest_simplex, pairwise_variability

__all__ = ["TRIED", "Keeping", "Layer", "layer_bytes"]

TRIED = 1024  # images that the probes are tried on, where not all numbers of all images are kept
_PLANNED = 2**60  # bytes: what is there was planned by `budget`
_ROUNDED = ("within_class_variance", "between_class_variance", "mean_energy")


class Keeping(NamedTuple):
    """What is kept of a layer.

    rows : whether all numbers of all images are
    numbers : that folds are of, all or a sketch
    means : whether class means are of all numbers, and not of the sketch
    """

    rows: bool
    numbers: int
    means: bool = True


def layer_bytes(numbers, classes, keeping, *, images=None, width=4):
    """What a layer of so many numbers per image takes at most, of which a number has so many bytes."""
    moments = ClassMoments.bytes_for(classes, numbers if keeping.means else min(numbers, keeping.numbers))
    parts = parts_bytes(numbers, classes)
    if keeping.rows:
        return moments + width * images * numbers + parts
    size, tried = min(numbers, keeping.numbers), TRIED if images is None else min(TRIED, images // FOLDS + classes)
    return moments + fold_bytes(size, classes) + 4 * tried * size + parts


class Layer:
    """One call of a network over a stream of batches.

    layout : Layout
    keeping : Keeping; None for a layer that cannot be measured by class
    images : for which there is room, of a layer that keeps rows
    """

    def __init__(self, layout, keeping=None, images=0):
        self.layout, self.keeping, self.reason = layout, keeping, layout.reason
        self.images = 0
        self.zeros, self.parts = Zeros(), Parts()
        self._moments = None if layout.reason else ClassMoments(memory=_PLANNED)
        self._folds = None if layout.reason or keeping.rows else Folds(min(keeping.numbers, layout.numbers))
        self._rows, self._labels, self._of, self._room = [], [], [], None
        if keeping is not None and keeping.rows:  # at once: memory that is taken bit by bit lies in pieces
            self._room = np.empty((images, layout.numbers), f"f{layout.width}")

    def add(self, call, labels, folds):
        """One batch, with (n,) host integers. A layer whose output does not fit is not measured from then on."""
        layout, output = self.layout, call.output.detach()
        units = layout.units + (layout.units >= layout.axis)
        self.zeros.add(output, units) if output.ndim > 1 else self.zeros.add(output[:, None], 1)
        self.images += len(labels)
        if self.reason:
            return
        if output.shape[layout.axis] != len(labels) or output.numel() != len(labels) * _real(layout, output):
            self._stop(f"its output for {len(labels)} images is {tuple(output.shape)}, unlike that for the first ones")
            return
        rows = numbers_of(output, layout.axis)
        try:
            self._moments.update(rows if self.keeping.means else sketch(rows, self.keeping.numbers), labels)
        except ValueError as error:
            self._stop(str(error))
            return
        self._keep(rows, labels, folds)
        if layout.is_activation:
            self.parts.add(call, layout.axis, labels)

    def _keep(self, rows, labels, folds):
        if self.keeping.rows:
            self._rows.append(self._placed(rows.cpu().numpy()))
            self._labels.append(labels)
            self._of.append(folds)
            return
        rows = sketch(rows, self.keeping.numbers).cpu().numpy()
        self._folds.update(rows, labels, folds)
        room = TRIED - sum(map(len, self._labels))
        tried = np.flatnonzero(folds == 0)[:room]
        if len(tried):
            self._rows.append(rows[tried].astype(np.float32))
            self._labels.append(labels[tried])

    def _placed(self, rows):
        """A copy of rows, since a later layer may work in place: in the room that there is, or of its own."""
        start = sum(map(len, self._rows))
        place = self._room[start : start + len(rows)]
        if len(place) < len(rows):
            return rows.copy()
        place[...] = rows
        return place

    def _stop(self, reason):
        self.reason = reason
        self.forget()

    def forget(self):
        """Give back the memory; what is known of zeros stays."""
        self._moments = self._folds = self._room = None
        self._rows, self._labels, self._of = [], [], []

    def shares(self):
        """{"zeros", "dead_channels"} of an activation that was seen, else nothing."""
        return self.zeros.shares() if self.images and self.layout.is_activation else {}

    def merge(self, other):
        """Add what the same layer of another rank has seen.  Returns itself."""
        self.zeros.merge(other.zeros)
        self.images += other.images
        if self.reason or other.reason:
            self._stop(self.reason or other.reason)
            return self
        self._moments.merge(other._moments)
        self.parts.merge(other.parts)
        if self._folds is not None:
            self._folds.merge(other._folds)
        for own, its in ((self._rows, other._rows), (self._labels, other._labels), (self._of, other._of)):
            own.extend(its)
        return self

    def row(self):
        """Plain numbers; see `audit`.  Raises ValueError if there are fewer than two classes."""
        layout, keeping = self.layout, self.keeping
        folds = self._folds_of_rows() if keeping.rows else self._folds
        used = layout.numbers if keeping.rows else min(keeping.numbers, layout.numbers)
        row = {
            "layer": layout.name,
            "type": layout.kind,
            "shape": list(layout.shape),
            "numbers": layout.numbers,
            "images": self.images,
            **_of_means(self._moments),
            **_of_folds(folds, self._moments, collisions(layout.numbers, used)),
            **_triples(held_out(folds, self._tried())),
            "numbers_of_means": layout.numbers if keeping.means else used,
            "numbers_of_folds": used,
            "sketch_error": sketch_error(layout.numbers, used),
            **self.zeros.shares(),
            **self.parts.numbers(),
        }
        return _without_nan(row)

    def _folds_of_rows(self):
        """Folds of the rows in coordinates that keep all inner products: no more numbers than there are images."""
        rows = np.concatenate(self._rows).astype(np.float64)
        rows -= rows.mean(axis=0)
        if rows.shape[1] > len(rows):
            rows = np.linalg.qr(rows.T, mode="r").T
        self._rows, folds = [rows], Folds(rows.shape[1])
        folds.update(rows, np.concatenate(self._labels), np.concatenate(self._of))
        return folds

    def _tried(self):
        if not self._labels:
            return {}
        rows, labels = np.concatenate(self._rows), np.concatenate(self._labels)
        of = np.concatenate(self._of) if self.keeping.rows else np.zeros(len(labels), np.int64)
        return {fold: (rows[of == fold], labels[of == fold]) for fold in range(FOLDS)}


def _real(layout, output):
    """Numbers of an output per image, complex ones counted once."""
    return layout.numbers // (1 + output.is_complex())


def _of_means(moments):
    """What needs class means and variances alone: of all numbers, always."""
    summary = moments.per_feature()
    means = moments.class_means.reshape(len(moments.counts), -1)
    means = means - means.mean(axis=0)
    inner, variances = means @ means.T, summary.variances.reshape(len(means), -1).sum(axis=1)
    within, between = moments.within_class_variance, moments.between_class_variance
    found = {name: getattr(moments, name) for name in _ROUNDED}
    found["energy"] = moments.mean_energy + within
    found["fisher_trace"] = moments.fisher_trace
    found["nc1_quotient"] = within / between if between > 0 else None
    found["cdnv"] = pairwise_variability(variances, inner)
    return found | nearest_simplex(moments.counts, inner)


def _summary(moments):
    """`Summary` of the moments, its energies from the mean of all samples."""
    root = moments.centred
    shares = moments.counts / moments.counts.sum()
    return Summary(moments.counts, moments.squares / moments.counts, np.sum(root**2, axis=1) / shares, np.sum(root**2))


def _fisher_trace(moments):
    return float(_summary(moments).unbiased().fisher_trace)


def _between(moments):
    return float(_summary(moments).unbiased().between_class_variance)


_OF_FOLDS = {
    "between_over_energy": _between,
    "fisher_trace_unbiased": _fisher_trace,
    "fisher_full": fisher_full,
    "nc1": nc1,
    "nc1_svd": nc1_svd,
    "effective_rank": effective_rank,
}


_BIASED = ("nc1", "nc1_svd", "effective_rank")  # of them a class of one image has some


def _of_folds(folds, moments, chance):
    """What needs covariances or intervals; exact class means take the error of a sketch out, of traces all of it."""
    statistics = dict(_OF_FOLDS) if min(moments.counts) > 1 else {name: _OF_FOLDS[name] for name in _BIASED}
    if chance:
        statistics["effective_rank"] = partial(effective_rank, chance=chance)
    pooled = folds.pooled()
    values = {name: function(pooled) for name, function in statistics.items()}
    others = [{name: function(each) for name, function in statistics.items()} for each in _without_each(folds)]
    shifts = _shifts(values, pooled, moments, chance) if chance else {}
    energy = moments.mean_energy + moments.within_class_variance
    units = {"between_over_energy": energy if energy > 0 else np.nan}
    found = {}
    for name in _OF_FOLDS:
        value, each = values.get(name), [other[name] for other in others if name in other]
        ends = jackknife_interval(value, each, 0.95) if each and None not in (value, *each) else (None, None)
        shift, unit = shifts.get(name, 0.0), units.get(name, 1.0)
        found[name] = [None if end is None else (end + shift) / unit for end in (value, *ends)]
    return _triples(_told_apart(found, (2 * chance) ** 0.5, values["nc1"]))


def _told_apart(found, error, sketched):
    """Beside the statistics "nc1_sketch_error"; of nc1, None where a sketch leaves nothing but error."""
    error = None if sketched is None else error * sketched
    for name in ("nc1", "nc1_svd"):
        value = found[name][0]
        found[name] = None if value is None or (error and value < error) else found[name]
    return found | {"nc1_sketch_error": 0.0 if error is None else error}


def _shifts(values, pooled, moments, chance):
    """What is added to statistics of a sketch, to be those of all numbers: exactly for traces, on average for nc1."""
    means = moments.class_means.reshape(len(moments.counts), -1)
    shares = moments.counts / moments.counts.sum()
    root = np.sqrt(shares)[:, None] * (means - shares @ means)
    exact = root @ root.T, chance * moments.within_class_variance
    known = {"nc1": nc1(pooled, exact=exact), "nc1_svd": nc1_svd(pooled, exact=exact)}
    if min(moments.counts) > 1:
        unbiased = moments.unbiased()
        known["between_over_energy"] = unbiased.between_class_variance
        known["fisher_trace_unbiased"] = unbiased.fisher_trace
    pairs = {name: (value, values[name]) for name, value in known.items()}
    return {name: exact - value for name, (exact, value) in pairs.items() if None not in (exact, value)}


def _without_each(folds):
    """Moments without each fold, one at a time, of 10 folds or 5, if each class has two samples for each; else none."""
    counts = folds.counts().sum(axis=0)
    least, every = counts[counts > 0].min(), np.arange(FOLDS)
    groups = next((groups for groups in (FOLDS, FOLDS // 2) if least >= 2 * groups), 0)
    return (folds.pooled(every[every % groups != group]) for group in range(groups))


def _triples(found):
    """{name: [value, low, high], None, or a number} as columns of a table."""
    columns = {}
    for name, triple in found.items():
        if isinstance(triple, float):
            columns[name] = triple
            continue
        value, low, high = triple or (None, None, None)
        columns |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return columns


def _without_nan(row):
    return {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
