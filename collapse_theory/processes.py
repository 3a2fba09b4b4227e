"""Synthetic classes: stationary fields of a given spectrum and sparsity, templates moved or deformed at random.

Every process returns images (count, C, H, W), or one array beside them, as NumPy float64 on the host. `seed` is an
integer, and each process draws from a stream of its own: several processes may be given the same seed and stay
independent, two classes made by one process need two seeds. The first images of a larger sample are the smaller sample.
"""

import zlib

import numpy as np

from . import torus
from .arguments import check_count, check_number, host_array
from .fourier import fft2

__all__ = [
    "deformed",
    "gaussian_fields",
    "labelled",
    "moved",
    "phase_randomised",
    "power_law",
    "smooth_displacements",
    "sparse_pulses",
]


def power_law(shape: tuple, exponent: float) -> np.ndarray:
    """Isotropic power spectrum that decays as a power of the frequency.

        S(ω) = 1 / |ω|^exponent,  S(0) = 0,  ω in [−π, π)² in rad/sample

    shape : (H, W)
    exponent : finite real number; 1 has as much energy per frequency ring everywhere, natural images are near 2

    Returns (H, W) float64, zero frequency first.
    Raises ValueError if `shape` is not two positive integers or `exponent` is not finite, or so large that S is not.
    """
    exponent, radius = check_number("exponent", exponent), np.linalg.norm(torus.frequencies(shape), axis=-1)
    with np.errstate(over="ignore", under="ignore"):
        power = np.where(radius > 0, np.where(radius > 0, radius, 1.0) ** -exponent, 0.0)
    if not np.all(np.isfinite(power)):
        raise ValueError(f"exponent: expected one whose spectrum stays within double precision, got {exponent:g}")
    return power


def gaussian_fields(count: int, shape: tuple, *, spectrum: np.ndarray, seed: int) -> np.ndarray:
    """Real stationary Gaussian fields: white noise through the filter √S.

        x̂ = √S n̂,  n white, Gaussian, variance 1        E|x̂(ω)|² = H W S(ω)

    count : number of images
    shape : (H, W)
    spectrum : (H, W) real, at least 0, even in ω; the variance of a sample is its mean
    seed : integer, at least 0

    Returns (count, 1, H, W).
    Raises ValueError if `count`, `shape` or `seed` is no such integer, or if `spectrum` is not finite, of the wrong
    shape, negative or not even; TypeError if it is not real.

        >>> spectrum = processes.power_law((32, 32), exponent=1)
        >>> x = processes.gaussian_fields(400, (32, 32), spectrum=spectrum, seed=0)
        >>> x.shape, bool(abs(x.var() / spectrum.mean() - 1) < 0.02)
        ((400, 1, 32, 32), True)
    """
    size, random = _sample_size(count, shape), _generator(seed, "gaussian_fields")
    filter_hat = _filter_hat(spectrum, size[-2:])
    return np.real(torus.convolve(random.standard_normal(size), filter_hat))


def sparse_pulses(count: int, shape: tuple, *, spectrum: np.ndarray, density: float, seed: int) -> np.ndarray:
    """Sparse Gaussian pulses at independent places, through the same filter as `gaussian_fields`: the same spectrum.

        x̂ = √S p̂,  p(u) = b(u) g(u) / √density,  b Bernoulli(density), g Gaussian        E|x̂(ω)|² = H W S(ω)

    count, shape, spectrum, seed : as in `gaussian_fields`
    density : mean number of pulses per sample, in (0, 1]; at 1 the fields are Gaussian

    The pulses have variance 1 and fourth moment 3 / density.
    Returns (count, 1, H, W).
    Raises as `gaussian_fields`, and ValueError if `density` is not in (0, 1].
    """
    size, random = _sample_size(count, shape), _generator(seed, "sparse_pulses")
    filter_hat = _filter_hat(spectrum, size[-2:])
    if not 0 < check_number("density", density) <= 1:
        raise ValueError(f"density: expected a number in (0, 1], got {density!r}")
    where, how_much = random.spawn(2)
    pulses = (where.random(size) < density) * how_much.standard_normal(size) / np.sqrt(density)
    return np.real(torus.convolve(pulses, filter_hat))


def phase_randomised(images: np.ndarray, *, seed: int) -> np.ndarray:
    """Twins of real images: the amplitude of every Fourier coefficient is kept, its phase is drawn anew.

        ŷ(ω) = x̂(ω) n̂(ω) / |n̂(ω)|,  n white Gaussian noise,  ŷ(0) = x̂(0)        |ŷ| = |x̂|

    images : (N, C, H, W) real or integer

    The phase of n̂ is uniform, independent but for n̂(−ω) = n̂(ω)*, and a random sign where ω = −ω. All channels of an
    image turn by the same phases, so that the cross-spectra between channels are kept too.
    Returns (N, C, H, W), real.
    Raises TypeError if `images` is not real, ValueError if it is not four axes of finite numbers.
    Source: Theiler et al. (1992), surrogate data; Prichard & Theiler (1994) for channels.
    """
    x = _real(images, "images", axes=(4,))
    noise_hat = fft2(_generator(seed, "phase_randomised").standard_normal((len(x), 1, *x.shape[-2:])))
    turn = noise_hat / np.abs(noise_hat)
    turn[..., 0, 0] = 1.0
    return np.real(torus.convolve(x, turn))


def moved(template: np.ndarray, count: int, *, seed: int, fractional: bool = False) -> np.ndarray:
    """A template, or one of several at random, moved by a uniformly random shift of the torus.

        y(u) = x(u − τ),  τ uniform on {0 .. H − 1} × {0 .. W − 1},  or on [0, H) × [0, W) if `fractional`

    template : (C, H, W), or (M, C, H, W) several templates drawn uniformly; real or integer
    count : number of images
    fractional : between samples by the trigonometric interpolant, of which the real part is kept: with even sides this
        multiplies the Nyquist row and column of the spectrum by cosines of the shift, and leaves all else exact

    Returns (count, C, H, W); whole shifts are exact copies of samples.
    Raises TypeError if `template` is not real; ValueError if it does not have three or four axes of finite numbers, or
    if `count` or `seed` is no such integer.
    """
    templates, (which, where) = _templates(template, count, seed, "moved")
    shape = templates.shape[-2:]
    if fractional:
        shifts = where.uniform(size=(count, 1, 2)) * shape
        return np.real(torus.translate(templates[which], shifts))
    shifts = where.integers(shape, size=(count, 2))
    rows, columns = ((np.arange(side) - shifts[:, [axis]]) % side for axis, side in enumerate(shape))
    channels = np.arange(templates.shape[1])[:, None, None]
    return templates[which[:, None, None, None], channels, rows[:, None, :, None], columns[:, None, None, :]]


def smooth_displacements(count: int, shape: tuple, *, amplitude: float, correlation: float, seed: int) -> np.ndarray:
    """Smooth periodic random displacement fields, Gaussian, of mean zero over each image: deformations, not shifts.

        E|τ(u)|² = amplitude²        E|τ̂(ω)|² ∝ e^{−correlation² |ω|² / 2} for ω ≠ 0,  τ̂(0) = 0

    count : number of fields
    shape : (H, W), of more than one sample
    amplitude : root mean square length of a displacement, in samples, at least 0
    correlation : length ℓ in samples, above 0: before the mean is taken off, and where ℓ is well above one sample and
        well under the sides, the covariance at distance r is amplitude² e^{−r² / 2ℓ²} / 2 for each of the two
        components, which are independent, so that E|∂₁τ₁|² = (amplitude / ℓ)² / 2: no folds while amplitude ≪ ℓ
    seed : integer, at least 0

    Returns (count, H, W, 2), (row, column), in samples.
    Raises ValueError if an argument is out of its range.
    """
    size, random = _sample_size(count, shape, channels=2), _generator(seed, "smooth_displacements")
    check_number("amplitude", amplitude, least=0)
    if check_number("correlation", correlation, least=0) == 0:
        raise ValueError("correlation: expected a length above 0 samples, got 0")
    spectrum = amplitude**2 / 2 * _unit_gaussian_spectrum(size[-2:], correlation)
    fields = np.real(torus.convolve(random.standard_normal(size), np.sqrt(spectrum)))
    return np.moveaxis(fields, 1, -1)


def deformed(template: np.ndarray, count: int, *, amplitude: float, correlation: float, seed: int) -> np.ndarray:
    """A template, or one of several at random, deformed by a smooth random displacement field.

        y(u) = Re x(u − τ(u)),  x the trigonometric interpolant,  τ of `smooth_displacements`

    template : (C, H, W), or (M, C, H, W) several templates drawn uniformly; real or integer
    count : number of images
    amplitude, correlation : of the fields, in samples: those of `smooth_displacements` with the same `seed`

    Returns (count, C, H, W). Costs C (H W)² operations per image.
    Raises as `moved` and `smooth_displacements`.
    """
    templates, (which, _) = _templates(template, count, seed, "deformed")
    fields = smooth_displacements(count, templates.shape[-2:], amplitude=amplitude, correlation=correlation, seed=seed)
    return np.stack([np.real(torus.deform(templates[k], field)) for k, field in zip(which, fields, strict=True)])


def labelled(*classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stack one array per class into images and labels.

    classes : arrays (n_y, ...), one per class, of the same image shape

    Returns (images (N, ...), labels (N,) int64 in 0 .. K − 1), class after class.
    Raises ValueError if there is no class, a class is empty, or shapes differ.
    """
    if not classes:
        raise ValueError("labelled: expected one array per class, got none")
    samples = [host_array("labelled", sample) for sample in classes]
    shapes = [sample.shape for sample in samples]
    if any(len(shape) < 2 or 0 in shape or shape[1:] != shapes[0][1:] for shape in shapes):
        raise ValueError(f"labelled: expected non-empty samples of images of one shape, got shapes {shapes}")
    return np.concatenate(samples), np.repeat(np.arange(len(samples), dtype=np.int64), [len(s) for s in samples])


def _generator(seed, process):
    """The stream of one process under one seed: the name is part of the seed, so that equal seeds do not correlate."""
    check_count("seed", seed, least=0)
    return np.random.default_rng([int(seed), zlib.crc32(process.encode())])


def _sample_size(count, shape, channels=1):
    check_count("count", count)
    return (int(count), channels, *torus.image_shape(shape))


def _real(value, name, axes):
    """`value` as finite float64 with one of the allowed numbers of axes, none of them empty."""
    x = host_array(name, value)
    if x.dtype.kind not in "iuf":
        raise TypeError(f"{name}: expected real numbers, got {x.dtype}")
    if x.ndim not in axes or 0 in x.shape:
        known = {2: "(H, W)", 3: "(C, H, W)", 4: "(N, C, H, W)"}
        expected = " or ".join(known[n] for n in axes)
        raise ValueError(f"{name}: expected a non-empty array {expected}, got shape {x.shape}")
    if not np.all(np.isfinite(x)):
        raise ValueError(f"{name}: expected finite values, got {np.sum(~np.isfinite(x))} NaN or infinite")
    return x.astype(np.float64)


def _filter_hat(spectrum, shape):
    """√S, after the checks that make it the filter of real fields."""
    power = _real(spectrum, "spectrum", axes=(2,))
    if power.shape != shape:
        raise ValueError(f"spectrum: expected shape {shape}, got {power.shape}")
    if power.min() < 0:
        raise ValueError(f"spectrum: expected values of at least 0, got {power.min()}")
    odd = np.max(np.abs(power - torus.at_opposite_frequencies(power)))
    if odd > 1e-12 * power.max():
        raise ValueError(f"spectrum: expected an even function, S(−ω) = S(ω), got a difference of {odd:.3g}")
    return np.sqrt(power)


def _unit_gaussian_spectrum(shape, correlation):
    """e^{−ℓ²|ω|²/2} but 0 at ω = 0, scaled to mean 1, without underflow however large ℓ is."""
    energy = np.sum(torus.frequencies(shape) ** 2, axis=-1)
    if energy.size < 2:
        raise ValueError("shape: expected more than one sample, got (1, 1)")
    above_least = np.maximum(energy - np.min(energy[energy > 0]), 0.0)
    correlation = min(float(correlation), 1e100)  # beyond which nothing changes, but its square has no end
    with np.errstate(under="ignore"):
        weight = np.exp(-(correlation**2) * above_least / 2)
    weight = np.where((weight > 1e-200) & (energy > 0), weight, 0.0)  # what is smaller is lost beside the rest
    return weight / np.mean(weight)


def _templates(template, count, seed, process):
    """Templates (M, C, H, W), and of `count` images: which template each one is, and a stream to draw the rest from."""
    templates = _real(template, "template", axes=(3, 4))
    templates = templates.reshape(-1, *templates.shape[-3:])
    _sample_size(count, templates.shape[-2:])
    choice, rest = _generator(seed, process).spawn(2)
    return templates, (choice.integers(len(templates), size=count), rest)
