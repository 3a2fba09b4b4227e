"""The numeric range of class moments: squares of features, summed over any number of samples, must be numbers too.

    max |x| ≤ MOST over the real and imaginary parts,    max |x| ≥ LEAST or all are 0

Differences between samples are of at least 1e-16 of the maximum, or 0: their squares lie between 1e-232 and 1e201, and
products with weights too, if those keep to a range of their own. What is smaller than LEAST counts as 0 beside what is
not, and is refused where there is nothing else. Single precision never leaves the range.
"""

import math

import numpy as np

from ..arrays import array_namespace, check_finite, is_complex, shape, to_host

__all__ = ["LEAST", "LEAST_WEIGHT", "MOST", "MOST_WEIGHT", "check_values", "host_weights", "may_leave_the_range"]

LEAST, MOST = 1e-100, 1e100
LEAST_WEIGHT, MOST_WEIGHT = 1e-30, 1e30
_CHECKED_NUMBERS = 2**18  # at a time


def check_values(features, cells, origin):
    """Raise ValueError if (N, D) features are not finite, or leave the range, to be added to cells at an origin."""
    rows = max(1, _CHECKED_NUMBERS * features.shape[0] // math.prod(features.shape))
    parts = (features[start : min(start + rows, features.shape[0]), ...] for start in range(0, features.shape[0], rows))
    largest = max(map(_largest, parts))
    if largest < LEAST:  # which may stand beside larger ones that came before
        largest = max(largest, np.max(np.abs(origin)), np.max(np.abs(cells.means)))
    _check_range("features", largest, LEAST, MOST)


def _check_range(name, largest, least, most):
    if largest and not least <= largest <= most:
        raise ValueError(
            f"{name}: expected numbers of at most {most:g}, the largest at least {least:g} or 0, "
            f"got {largest:.2g} as the largest; scale them"
        )


def _largest(features):
    """The largest |x| of real and imaginary parts.  Raises ValueError if one is not finite."""
    xp = array_namespace(features)
    parts = (xp.real(features), xp.imag(features)) if is_complex(features) else (features,)
    ends = [float(to_host(end)) for part in parts for end in (xp.max(part), -xp.min(part))]
    if not all(map(math.isfinite, ends)):
        check_finite(features, "features")
    return max(ends)


def may_leave_the_range(moments, origin, in_double):
    """Whether the moments of chunks hint at features that are not finite, or leave the range: then all must be read.

    moments : (mean, squares, deviations) of each chunk
    origin : (D,) taken off the means
    in_double : whether the features are in double precision; those in single are only not finite
    """
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.max([np.max(np.abs(mean)) for mean, _, _ in moments])  # NaN if one is
        if not in_double or not np.isfinite(largest):
            return not np.isfinite(largest)
        spread = np.sqrt(np.max([np.max(squares) for _, squares, _ in moments]))
        largest = np.max([largest, np.max(np.abs(origin)), spread])
    return not (largest == 0 or 100 * LEAST <= largest <= MOST)  # 256 squares have a root 16 times as large


def host_weights(weights, count, name="weights"):
    """Weights of samples as (count,) host numbers in double precision, from a list or an array of any library.

    Raises TypeError if they are not real numbers; ValueError for another shape, a weight that is negative or not
    finite, or weights that leave the range.
    """
    try:
        host = np.asarray(weights) if isinstance(weights, list | tuple | np.ndarray) else to_host(weights)
    except (TypeError, ValueError, RuntimeError) as error:  # of rows of several lengths, or a dtype that NumPy lacks
        raise TypeError(f"{name}: expected real numbers, one a sample ({error})") from None
    if host.dtype.kind not in "biuf" or np.ma.is_masked(weights):
        raise TypeError(f"{name}: expected real numbers, one a sample, got {type(weights).__name__} of {host.dtype}")
    if host.shape != (count,):
        raise ValueError(f"{name}: expected shape ({count},), one a sample, got {shape(host)}")
    host = host.astype(np.float64)
    wrong = host[~((host >= 0) & np.isfinite(host))]
    if len(wrong):
        raise ValueError(f"{name}: expected finite numbers of at least 0, got {wrong[0]}")
    _check_range(name, host.max(initial=0), LEAST_WEIGHT, MOST_WEIGHT)
    return host
