"""The numeric range of class statistics: squares of features, summed over any number of samples, must be numbers too.

The statistics of arrays are taken of features divided by a power of two, where need be. Class moments, which do not
know what will come, keep to

    max |x| ≤ 1e100 over the real and imaginary parts,    max |x| ≥ 1e-100 or all are 0

Differences between samples are 0 or at least 1e-16 of the maximum: their squares lie between 1e-232 and 1e201, and
products with weights too, if those keep to a range of their own. What is smaller than 1e-100 counts as 0 beside
what is not, and is refused where there is nothing else. Single precision never leaves the range.
"""

import math
from dataclasses import replace

import numpy as np

from ..arguments import check_finite
from ..arrays import array_namespace, is_complex, shape, to_host
from ..contexts import holds
from ..machine.sizes import CACHE_NUMBERS

__all__ = ["check_values", "host_weights", "in_range", "may_leave_the_range"]

_LEAST, _MOST = 1e-100, 1e100
_LEAST_WEIGHT, _MOST_WEIGHT = 1e-30, 1e30


def check_values(features, cells, origin):
    """Raise ValueError if (N, D) features are not finite, or leave the range, to be added to cells at an origin."""
    rows = max(1, CACHE_NUMBERS * features.shape[0] // math.prod(features.shape))
    parts = (features[start : min(start + rows, features.shape[0]), ...] for start in range(0, features.shape[0], rows))
    largest = max(map(_largest, parts))
    if largest < _LEAST:  # which may stand beside larger ones that came before
        largest = max(largest, np.max(np.abs(origin)), np.max(np.abs(cells.means)))
    _check_range("features", largest, _LEAST, _MOST)


def _check_range(name, largest, least, most):
    if largest and not least <= largest <= most:
        raise ValueError(
            f"{name}: expected numbers of at most {most:g}, the largest at least {least:g} or 0, "
            f"got {largest:.2g} as the largest; scale them"
        )


def _largest(features):
    """The largest |x| of real and imaginary parts, as a float.  Raises ValueError if one is not finite."""
    x = features.detach() if hasattr(features, "detach") else features
    xp = array_namespace(x)
    parts = (xp.real(x), xp.imag(x)) if is_complex(x) else (x,)
    ends = [float(end) for part in parts for end in (xp.max(part), -xp.min(part))]
    if not all(map(math.isfinite, ends)):
        check_finite(features, "features")
    return max(ends)


def may_leave_the_range(moments, origin, features):
    """Whether the moments of chunks hint at features that are not finite, or leave the range: then all must be read.

    moments : (mean, squares, deviations) of each chunk
    origin : (D,) taken off the means
    features : what they are of; those in single precision can only be not finite
    """
    xp = array_namespace(features)
    in_double = features.dtype not in (xp.float32, xp.complex64)
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.max([np.max(np.abs(mean)) for mean, _, _ in moments])  # NaN if one is
        if not in_double or not np.isfinite(largest):
            return not np.isfinite(largest)
        spread = np.sqrt(np.max([np.max(squares) for _, squares, _ in moments]))
        largest = np.max([largest, np.max(np.abs(origin)), spread])
    return not (largest == 0 or 100 * _LEAST <= largest <= _MOST)  # 256 squares have a root 16 times as large


def host_weights(weights, count, name="weights"):
    """Weights of samples as (count,) host numbers in double precision, from a list or an array of any library.

    Raises TypeError if they are not real numbers; ValueError for another shape, a weight that is negative or not
    finite, or weights that leave the range.
    """
    try:
        host = np.asarray(weights) if isinstance(weights, list | tuple | np.ndarray) else to_host(weights)
    except (TypeError, ValueError, RuntimeError) as error:  # of rows of several lengths, or a dtype that NumPy lacks
        raise TypeError(f"{name}: expected real numbers, one per sample ({error})") from None
    if host.dtype.kind not in "biuf" or np.ma.is_masked(weights):
        raise TypeError(f"{name}: expected real numbers, one per sample, got {type(weights).__name__} of {host.dtype}")
    if host.shape != (count,):
        raise ValueError(f"{name}: expected shape ({count},), one per sample, got {shape(host)}")
    host = host.astype(np.float64)
    wrong = host[~((host >= 0) & np.isfinite(host))]
    if len(wrong):
        raise ValueError(f"{name}: expected finite numbers of at least 0, got {wrong[0]}")
    _check_range(name, host.max(initial=0), _LEAST_WEIGHT, _MOST_WEIGHT)
    return host


def in_range(rows, statistic, *, size=0.0):
    """Compute a statistic of rows; features are divided by a power of two where squares would leave the range.

    statistic : function of `RowsByClass` that returns a number or array, and numbers that show if it left the range
    size : a number whose square must stay in the range too

    Returns the first output of the function, and the scale that the features were divided by.
    Raises ValueError if a feature is not finite.
    """
    power = 30 if array_namespace(rows.features).finfo(rows.features.dtype).bits == 32 else 300
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        value, seen = statistic(rows)
    if size < 2.0**power and all(holds(2.0 ** (-2 * power) < x) and holds(x < 2.0 ** (2 * power)) for x in seen):
        return value, 1.0
    largest = max(_largest(rows.features), size)  # only now: it takes as long as a statistic
    if not largest or 2.0**-power <= largest <= 2.0**power:
        return value, 1.0
    scale = 2.0 ** (math.frexp(largest)[1] - 1)
    with np.errstate(under="ignore"):  # of features that are nothing beside the largest
        return statistic(replace(rows, scale=scale))[0], scale
