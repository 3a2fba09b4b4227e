"""Hypothesis strategies: images, shifts, phases, deformations, coefficients, filter banks, labelled samples."""

import math

import numpy as np
from hypothesis import strategies as st

from ..arguments import check_choice, check_count, check_number
from ..torus import frequencies, image_shape
from ..wavelets import morlet_bank

__all__ = [
    "QUARTERS",
    "coefficients",
    "displacements",
    "filter_banks",
    "images",
    "images_of_all_sizes",
    "labelled_samples",
    "phases",
    "shifts",
]

_EXTREMES = (0.0, -0.0, 1e-308, 1e308)
QUARTERS = (math.pi / 2, math.pi, 3 * math.pi / 2)
_STEPS = 64
_TURN = 2**32
_GOLDEN = (math.sqrt(5) - 1) / 2
_LARGEST_SEED = 2**16 - 1


def images(shape=(1, 1, 16, 16), kind="real", decades=0):
    """Images that say something: a point, a wave of one frequency, an edge, white noise.

    shape : (..., H, W), at least two axes; on the leading ones the pattern is multiplied by weights of its own
    kind : "real" or "complex"
    decades : from 0; the image is multiplied by ± 10^e with |e| up to `decades`; if complex, also by ± i

    Draws float64 or complex128 NumPy arrays of that shape, none of them zero. Shrinks to a point of 1 at the origin.
    Raises ValueError if `shape` has fewer than two axes or an axis is empty, or `decades` is negative.
    """
    check_choice("kind", kind, ("real", "complex"))
    *leading, height, width = _axes(shape)
    place = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1))
    pattern = st.one_of(
        place.map(lambda at: _point((height, width), at)),
        place.map(lambda at: _wave((height, width), at, kind)),
        place.map(lambda at: _edge((height, width), at)),
        _seeds().map(lambda seed: _gaussian((*leading, height, width), seed, kind)),
    )
    weights = _seeds().map(lambda seed: _weights(leading, seed, kind))
    return st.builds(lambda pattern, weights, size: size * pattern * weights, pattern, weights, _sizes(decades, kind))


def images_of_all_sizes(shape, kind, count, decades):
    """White noise, every third one a wave, times 10^e; |e| is at most `decades`, and for half of them a quarter of it.

    What Hypothesis draws is varied, but it repeats itself; this does not.

    Returns a list of `count` NumPy arrays of this `shape`.
    Raises ValueError if `shape` is no shape of images.
    """
    *leading, height, width = _axes(shape)
    found = []
    for seed in range(count):
        u = 2 * ((seed + 1) * _GOLDEN % 1) - 1
        image = _gaussian(shape, seed, kind)
        if seed % 3 == 2:
            at = np.random.default_rng(seed).integers((height, width))
            image = _wave((height, width), tuple(at), kind) * _weights(leading, seed, kind)
        found.append(10 ** (decades * u * abs(u)) * image)
    return found


def shifts(most=8, multiple_of=1):
    """Shifts by whole samples, (row, column), not both zero, up to `most` either way.

    multiple_of : step of both, for operators that subsample and so move by whole samples only then

    Draws tuples of two integers. Shrinks to the smallest.
    Raises ValueError if either is no positive integer, or `most` is under `multiple_of`.
    """
    check_count("multiple_of", multiple_of)
    check_count("most", most, least=multiple_of)
    one = st.integers(-(most // multiple_of), most // multiple_of).map(lambda n: n * multiple_of)
    return st.tuples(one, one).filter(any)


def phases():
    """Angles in (0, 2π), in radians: whole degrees, quarter turns, and any real ones.  Shrinks to one degree."""
    real = st.integers(1, _TURN - 1).map(lambda n: 2 * math.pi * n / _TURN)
    return st.one_of(st.integers(1, 359).map(math.radians), st.sampled_from(QUARTERS), real)


def displacements(shape, steepest=0.5):
    """Smooth displacement fields: one or two slow waves along each axis, of mean zero.

        sup_u |∇τ(u)| ≤ steepest < 1,  so that u ↦ u − τ(u) is one-to-one;   Σ_u τ(u) = 0

    shape : (H, W) of the images, at least 4 per side; frequencies are up to two turns per image
    steepest : supremum over the torus of the norm of the gradient, in (0, 1)

    Draws (H, W, 2) NumPy arrays, (row, column) in samples, never zero. Shrinks to the least steep.
    Raises ValueError if `shape` is too small or `steepest` out of range.
    """
    height, width = image_shape(shape)
    if min(height, width) < 4:
        raise ValueError(f"shape: expected at least 4 samples per side, got {(height, width)}")
    if not 0 < check_number("steepest", steepest) < 1:
        raise ValueError(f"steepest: expected a number in (0, 1), got {steepest!r}")
    steepness = st.integers(1, _STEPS).map(lambda n: steepest * n / _STEPS)
    turns = st.sampled_from([(0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0)])
    waves = st.lists(
        st.tuples(turns, st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=2, unique_by=lambda w: w[0]
    )
    return st.builds(lambda steep, waves: _displacement((height, width), steep, waves), steepness, waves)


def coefficients(shape=(16,), kind="complex", extremes=True):
    """Coefficients of all sizes: Gaussian noise, with zeros of either sign at some places, and extremes at others.

    shape : of the array
    kind : "complex" or "real"
    extremes : whether some amplitudes are 1e-308 and 1e308, beyond what can be squared in double precision

    Draws complex128 or float64 NumPy arrays. Shrinks to noise of one seed, with a zero.
    Raises ValueError if an axis is empty.
    """
    check_choice("kind", kind, ("complex", "real"))
    size = math.prod(_axes(shape, least=0))
    special = st.lists(
        st.tuples(st.integers(0, size - 1), st.sampled_from(_EXTREMES if extremes else _EXTREMES[:2])),
        min_size=1,
        max_size=min(size, 8),
        unique_by=lambda at: at[0],
    )
    return st.builds(lambda seed, special: _with_special(shape, seed, special, kind), _seeds(), special)


def filter_banks(shape=None, largest=16, signals=None):
    """Morlet banks: one to three octaves, 4 to 8 angles, on the half circle or on the full one.

    shape : (H, W), or None to draw sides of 8 to `largest` samples
    signals : None; or "real" or "complex" for banks that are tight for them, the latter on the full circle

    Draws `FilterBank`. Shrinks to a small grid, one octave, the half circle.
    Raises ValueError if `signals` is unknown or `shape` is no shape of images.
    """
    if signals is not None:
        check_choice("signals", signals, ("real", "complex"))
    side = st.integers(8, largest)
    sides = st.tuples(side, side) if shape is None else st.just(image_shape(shape))
    circle = st.just("full") if signals == "complex" else st.sampled_from(["half", "full"])

    def make(sides, scales, angles, circle):
        scales = min(scales, int(math.log2(min(sides))))
        bank = morlet_bank(sides, scales, angles if circle == "half" else 2 * angles, circle)
        return bank.tight(signals) if signals else bank

    return st.builds(make, sides, st.integers(1, 3), st.integers(4, 8), circle)


def labelled_samples(shape=(1, 8, 8), classes=3, most=6):
    """Labelled samples with at least two images per class, in mixed order, of classes unequal in size, mean and scale.

    shape : of one feature array
    classes : number of classes, from 2
    most : largest number of samples of a class

    Draws (x, labels): (N, *shape) float64 and (N,) integers in 0 .. classes − 1. Shrinks to two samples per class.
    Raises ValueError if `shape`, `classes` or `most` is out of range.
    """
    check_count("classes", classes, least=2)
    check_count("most", most, least=2)
    _axes(shape, least=0)
    counts = st.lists(st.integers(2, most), min_size=classes, max_size=classes)
    return st.builds(lambda counts, seed: _labelled(shape, counts, seed), counts, _seeds())


def _seeds():
    return st.integers(0, _LARGEST_SEED)


def _sizes(decades, kind):
    """± 10^e for |e| up to `decades`, also times i if complex."""
    if not check_number("decades", decades, least=0):
        return st.just(1.0)
    exponents = st.integers(-_STEPS, _STEPS).map(lambda n: decades * n / _STEPS)
    return st.builds(
        lambda e, sign: sign * 10.0**e,
        exponents,
        st.sampled_from([1.0, -1.0, 1j, -1j] if kind == "complex" else [1.0, -1.0]),
    )


def _axes(shape, least=2):
    shape = tuple(shape)
    if len(shape) < least or not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
        wanted = "(..., H, W), at least two positive integers" if least else "positive integers"
        raise ValueError(f"shape: expected {wanted}, got {shape}")
    return shape


def _gaussian(shape, seed, kind):
    random = np.random.default_rng(seed)
    noise = random.normal(size=shape)
    return noise + 1j * random.normal(size=shape) if kind == "complex" else noise


def _point(shape, at):
    return (np.arange(math.prod(shape)) == at[0] * shape[1] + at[1]).reshape(shape).astype(np.float64)


def _wave(shape, at, kind):
    rows, columns = np.meshgrid(*(np.arange(side) for side in shape), indexing="ij")
    w = frequencies(shape)[at]
    phase = w[0] * rows + w[1] * columns
    return np.exp(1j * phase) if kind == "complex" else np.cos(phase)


def _edge(shape, at):
    rows, columns = np.meshgrid(*(np.arange(side) for side in shape), indexing="ij")
    return ((rows <= at[0]) & (columns <= at[1])).astype(np.float64)


def _weights(leading, seed, kind):
    """One weight per image, the first of them 1: (..., 1, 1)."""
    weights = _gaussian((math.prod(leading),), seed, kind)
    weights[0] = 1.0
    return weights.reshape(*leading, 1, 1)


def _displacement(shape, steep, waves):
    """τ(u) = Σ c cos(ω·u + φ), scaled so that Σ |ω| |c|, which bounds the gradient, is `steep`."""
    rows, columns = np.meshgrid(*(np.arange(side) for side in shape), indexing="ij")
    field, slope = np.zeros((*shape, 2)), 0.0
    for turns, direction, start in waves:
        w = 2 * np.pi * np.array(turns) / shape
        vector = np.array([math.cos(math.pi * direction / 4), math.sin(math.pi * direction / 4)])
        field += np.cos(w[0] * rows + w[1] * columns + math.pi * start / 4 + 0.1)[..., None] * vector
        slope += np.linalg.norm(w)
    return steep / slope * field


def _with_special(shape, seed, special, kind):
    values = _gaussian((math.prod(shape),), seed, kind)
    for index, amplitude in special:
        turn = values[index] / abs(values[index])
        values[index] = amplitude * turn if amplitude else amplitude
    return values.reshape(shape)


def _labelled(shape, counts, seed):
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    means, scales = random.normal(size=(len(counts), *shape)), random.exponential(size=len(counts))
    scales = scales.reshape(-1, *[1] * len(shape))
    return means[labels] + scales[labels] * random.normal(size=(len(labels), *shape)), labels
