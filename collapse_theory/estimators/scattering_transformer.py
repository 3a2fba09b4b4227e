"""Scattering as a transformer of scikit-learn."""

import itertools
import math
import warnings

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .. import scattering
from ..arguments import check_choice, check_count
from ..arrays import array_namespace, device, shape
from ..wavelets import directions, morlet_bank
from .rows import parameters_of, rows_of

__all__ = ["ScatteringTransformer"]

_KINDS = ("scattering", "cascade")


class ScatteringTransformer(TransformerMixin, BaseEstimator):
    """Flattened images in, moduli of their wavelet coefficients out, averaged over the image or not.

    image_shape : (C, H, W) or (H, W) of the image in a row; None for the smallest square grey image that holds a row
        and the widest wavelet: where it is larger than the row, the rest is filled with zeros, with a warning
    scales, angles : of the wavelets, J and L, the angles over half the circle
    order : 1 or 2 of a scattering; of a cascade the number of layers
    kind : "scattering" for the classical windowed transform, `scattering.scatter`, of each channel; "cascade" for the
        last layer of `scattering.cascade`, phase collapses by a periodic bank tight for real images
    averaged : give the average of each channel over the image; False gives every sample of every channel
    batch : images transformed at a time, which bounds the memory. It changes no result, and may be set after `fit`

    A row of the result is (C, P) or (C, P, H', W') of one image, flattened: paths in the order of `scattering.paths` or
    `scattering.cascade_paths`. Nothing is learnt from images but their number of features. Result and rows have the
    same library, device and precision; integers become double precision.

    Memory: a cascade takes 32 C (1 + J L)^order H W bytes per image of a batch, in double precision.
    """

    def __init__(self, image_shape=None, *, scales=2, angles=8, order=2, kind="scattering", averaged=True, batch=64):
        self.image_shape = image_shape
        self.scales = scales
        self.angles = angles
        self.order = order
        self.kind = kind
        self.averaged = averaged
        self.batch = batch

    def fit(self, X, y=None):
        """Check the parameters and the number of features of X (N, D); y is ignored.

        Returns the transformer.
        Raises TypeError or ValueError, which names the parameter, if X or a parameter does not fit.
        """
        check_choice("kind", self.kind, _KINDS)
        for name in ("scales", "angles", "batch"):
            check_count(name, getattr(self, name))
        check_count("order", self.order, most=2 if self.kind == "scattering" else math.inf)
        rows = rows_of(self, X, reset=True)
        self.image_shape_ = self._read_image_shape()
        self._fitted = parameters_of(self)
        self._sides_out = shape(self._moduli(rows[:1, ...]))[-2:]
        return self

    def transform(self, X):
        """X (N, D) of any array library -> (N, features).

        Raises NotFittedError before `fit`; TypeError or ValueError if X or `batch` does not fit.
        """
        check_is_fitted(self)
        check_count("batch", self.batch)
        rows = rows_of(self, X, reset=False)
        count = int(rows.shape[0])
        parts = (slice(start, min(start + self.batch, count)) for start in range(0, count, self.batch))
        return array_namespace(rows).concat([self._features(rows[part, ...]) for part in parts], axis=0)

    def get_feature_names_out(self, input_features=None):
        """(features,) names of the columns of a result, as objects, for data frames and reports.

        order1_scale0_angle3            of a scattering, and order2_scale0_angle3_scale1_angle5
        layer1_scale0_angle3            of a cascade, and layer1_lowpass_layer2_scale1_angle5
        channel2_order0_row0_column7    of several channels, not averaged

        Scales are octaves from 0, angles their places in the order of `wavelets.directions`.

        input_features : as scikit-learn passes them; nothing depends on them

        Raises NotFittedError before `fit`.
        """
        check_is_fitted(self)
        fitted, (channels, *_) = self._fitted, self.image_shape_
        paths = list((_scattering_names if fitted.kind == "scattering" else _cascade_names)(fitted))
        names = [f"channel{c}_{path}" for c in range(channels) for path in paths] if channels > 1 else paths
        if not fitted.averaged:
            height, width = self._sides_out
            names = [f"{name}_row{r}_column{c}" for name in names for r in range(height) for c in range(width)]
        return np.array(names, object)

    def _read_image_shape(self):
        """(C, H, W) of the images in rows of `n_features_in_`."""
        features = self.n_features_in_
        if self.image_shape is None:
            side = max(math.isqrt(features - 1) + 1, 2**self.scales)
            if side**2 != features:
                warnings.warn(
                    f"image_shape: a row of {features} features is no square image of at least {2**self.scales} x "
                    f"{2**self.scales}; it is filled with zeros to {side} x {side}: name image_shape=(C, H, W)",
                    stacklevel=3,
                )
            return (1, side, side)
        sides = tuple(self.image_shape) if np.iterable(self.image_shape) else ()
        whole = all(isinstance(side, int | np.integer) and not isinstance(side, bool) and side > 0 for side in sides)
        if len(sides) not in (2, 3) or not whole or math.prod(map(int, sides)) != features:
            raise ValueError(
                f"image_shape: expected (C, H, W) or (H, W), positive integers, of n_features={features} samples, "
                f"got {self.image_shape!r}"
            )
        sides = tuple(map(int, sides))
        return sides if len(sides) == 3 else (1, *sides)

    def _features(self, rows):
        """Moduli of a few rows, averaged or not, as rows."""
        xp, moduli = array_namespace(rows), self._moduli(rows)
        moduli = xp.mean(moduli, axis=(-2, -1)) if self._fitted.averaged else moduli
        return xp.reshape(moduli, (rows.shape[0], -1))

    def _moduli(self, rows):
        """Moduli of a few rows: (n, C, P, H', W') of a scattering, (n, C P, H', W') of a cascade."""
        xp = array_namespace(rows)
        count, size = rows.shape[0], math.prod(self.image_shape_)
        filling = xp.zeros((count, size - rows.shape[1]), dtype=rows.dtype, device=device(rows))
        images = xp.reshape(xp.concat([rows, filling], axis=1), (count, *self.image_shape_))
        return (_scattered if self._fitted.kind == "scattering" else _cascaded)(images, self._fitted)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.array_api_support = True
        return tags


def _scattered(images, parameters):
    return scattering.scatter(images, parameters.scales, angles=parameters.angles, order=parameters.order)


def _cascaded(images, parameters):
    bank = morlet_bank(shape(images)[-2:], parameters.scales, parameters.angles).tight("real")
    *_, last = scattering.cascade(images, bank, "phase collapse", depth=parameters.order)
    return last


def _scattering_names(parameters):
    place = {angle: number for number, angle in enumerate(directions(parameters.angles))}
    for path in scattering.paths(parameters.scales, parameters.angles, parameters.order):
        wavelets = [(path[f"scale{n}"], path[f"angle{n}"]) for n in range(1, path["order"] + 1)]
        yield "_".join([f"order{path['order']}", *(f"scale{scale}_angle{place[angle]}" for scale, angle in wavelets)])


def _cascade_names(parameters):
    filters = ["lowpass", *(f"scale{s}_angle{a}" for s in range(parameters.scales) for a in range(parameters.angles))]
    for path in itertools.product(filters, repeat=parameters.order):
        yield "_".join(f"layer{number}_{name}" for number, name in enumerate(path, 1))
