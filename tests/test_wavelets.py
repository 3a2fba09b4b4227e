"""Doubts about the wavelets: are they the published ones, and does the transform keep and give back what it says?"""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest

from collapse_theory import torus
from collapse_theory.arrays import to_host
from collapse_theory.torus import crop, padded_shape
from collapse_theory.wavelets import (
    FilterBank,
    amplitude_and_phase,
    inverse_transform,
    morlet_bank,
    paper_bank,
    wavelet_transform,
)
from collapse_theory.wavelets.filterbank import designed_bank
from collapse_theory.wavelets.morlet import Morlet, gaussian_hat, morlet_hat
from tests.places import NUMPY, assert_close

# Of the published code, in float32: 8 x 8 input; step, angles, subsampled, then φ[0,0], φ[1,2], Σφ, ψ_0 and ψ_1 at
# [0,0] and [1,2], and Σ|ψ_l| for each l.
GOLDEN = [
    ("half octave", 4, False, (0.319388, 0.941336, 31.270821),
     (-0.147613 + 0.000099j, 0.065921 - 0.080001j, -0.347892 - 0.000233j, 0.088871 - 0.135021j),
     (6.820765, 9.443919, 4.052907, 3.787047)),
    ("next half octave", 4, True, (0.319388, 0.576262, 7.993929),
     (-0.126212 + 0.000516j, 0.050384 + 0.108111j, -0.317438 - 0.001074j, 0.052605 + 0.078317j),
     (1.511935, 2.226589, 0.851221, 0.861194)),
    ("octave", 8, True, (0.547260, 0.528649, 8.224859),
     (-0.037427 - 0.003385j, 0.014299 + 0.091568j, -0.056044 - 0.007739j, 0.036795 + 0.114971j),
     (0.997215, 1.236433, 1.796250, 2.059874, 1.251365, 0.724397, 0.701361, 0.802038)),
    ("half octave", 8, False, (0.319388, 0.941336, 31.270821),
     (-0.037427 - 0.003385j, 0.026319 + 0.012672j, -0.056044 - 0.007739j, 0.040963 - 0.039039j),
     (3.926395, 5.081578, 7.334558, 8.828966, 5.161191, 3.027068, 2.794951, 3.197826)),
    ("next half octave", 8, True, (0.319388, 0.576262, 7.993929),
     (-0.023639 - 0.001579j, 0.008691 + 0.065764j, -0.042032 - 0.016139j, 0.029681 + 0.087934j),
     (0.808347, 1.031151, 1.580366, 1.967012, 1.075238, 0.647146, 0.584128, 0.669162)),
]  # fmt: skip


def noise(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


@pytest.mark.parametrize(("step", "angles", "subsampled", "low", "waves", "sums"), GOLDEN)
def test_golden_values_of_the_published_filters(step, angles, subsampled, low, waves, sums):
    rows, columns = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    x = (np.sin(0.7 * rows + 0.3 * columns) + 0.25 * rows - 0.1 * columns).astype(np.float32)
    padded = torus.reflect(x, padded_shape(x.shape))
    z = wavelet_transform(padded, paper_bank(padded.shape, angles, step, pi=3.1415))
    z = crop(torus.subsample(z), 1) if subsampled else crop(z, 2)
    assert z.dtype == np.complex64
    np.testing.assert_allclose([z[0, 0, 0], z[0, 1, 2], z[0].sum() / 32], [*low[:2], low[2] / 32], atol=2e-5)
    np.testing.assert_allclose([z[1, 0, 0], z[1, 1, 2], z[2, 0, 0], z[2, 1, 2]], waves, atol=2e-5)
    np.testing.assert_allclose(np.abs(z[1:]).sum((1, 2)), sums, rtol=2e-5)


@pytest.mark.parametrize(
    ("shape", "angles", "step", "norms", "real_sum", "complex_sum"),
    [
        (36, 4, "half octave", [0.3311, 0.3276, 0.3311, 0.3276], (0.161, 1.015), (0.080, 1.42)),
        (36, 4, "next half octave", [0.2808, 0.2803, 0.2808, 0.2803], (0.047, 1.015), (0.037, 1.41)),
        (228, 8, "octave", [0.2350, 0.2351, 0.2350, 0.2312], (0.123, 1.0001), (0.0017, 1.26)),
        (116, 8, "half octave", [], (0.152, 1.015), None),
        (116, 8, "next half octave", [0.1878, 0.1878, 0.1878, 0.18746], (0.046, 1.015), None),
    ],
)
def test_norms_and_littlewood_paley_ranges_of_the_published_filters(shape, angles, step, norms, real_sum, complex_sum):
    bank = paper_bank(shape, angles, step, pi=3.1415)
    measured = np.sqrt(np.mean(bank.psi_hat**2, axis=(1, 2)))
    np.testing.assert_allclose(measured[: len(norms)], norms, rtol=3e-4)
    for signals, extremes in (("real", real_sum), ("complex", complex_sum)):
        energy = bank.littlewood_paley(signals)
        if extremes:
            np.testing.assert_allclose([energy.min(), energy.max()], extremes, rtol=0.04)


def spatial_morlet(wavelet, shape, periods=8):
    """The slow obvious Morlet wavelet: sampled in space, periodised, made zero-mean, transformed."""
    rows, columns = (np.arange(-periods * side, (periods + 1) * side) for side in shape)
    along = np.add.outer(rows * np.cos(wavelet.angle), columns * np.sin(wavelet.angle))
    across = np.add.outer(-rows * np.sin(wavelet.angle), columns * np.cos(wavelet.angle))
    envelope = np.exp(-(along**2 + (wavelet.slant * across) ** 2) / (2 * wavelet.sigma**2))
    envelope *= wavelet.slant / (2 * np.pi * wavelet.sigma**2)
    wave = envelope * np.exp(1j * wavelet.frequency * along)
    spatial = wave - wave.sum() / envelope.sum() * envelope
    blocks = spatial.reshape(2 * periods + 1, shape[0], 2 * periods + 1, shape[1])
    return np.fft.fft2(blocks.sum(axis=(0, 2)))


@pytest.mark.parametrize("shape", [(16, 16), (11, 20)])
@pytest.mark.parametrize("slant", [0.5, 1.0, 2.0])
def test_closed_form_is_the_transform_of_the_sampled_wavelet(shape, slant):
    for scale, angle in ((0, 0.3), (1, -1.2), (2, np.pi / 2)):
        wavelet = Morlet(0.8 * 2**scale, 3 * np.pi / 4 / 2**scale, angle, slant)
        assert_close(morlet_hat(wavelet, shape), spatial_morlet(wavelet, shape), NUMPY, rounding=2e-9)
        assert morlet_hat(wavelet, shape)[0, 0] == 0


def test_tails_are_zero_and_nothing_is_subnormal():
    kept = morlet_bank((64, 48), 3, 8, "full").filters_hat
    peaks = np.abs(kept).max(axis=(1, 2), keepdims=True)
    assert np.all((kept == 0) | (np.abs(kept) >= 1e-9 * peaks))
    assert np.mean(kept == 0) > 0.2


def test_pi_changes_the_norm_and_nothing_else():
    published, exact = morlet_bank(16, 2, 4, pi=3.1415), morlet_bank(16, 2, 4)
    assert_close(published.filters_hat * 3.1415 / np.pi, exact.filters_hat, NUMPY)
    assert gaussian_hat(Morlet(2.0, 0.0, 0.0, 1.0), (64, 64))[0, 0] == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(("circle", "angles"), [("half", 4), ("half", 8), ("full", 8), ("half", 5)])
def test_centers_point_where_the_angles_say(circle, angles):
    bank = morlet_bank(64, 3, angles, circle)
    turn = np.pi if circle == "half" else 2 * np.pi
    np.testing.assert_allclose(bank.angle[:angles], [(angles // 2 - 1 - i) * turn / angles for i in range(angles)])
    center = bank.center()[bank.scale == 1]
    np.testing.assert_allclose(np.arctan2(center[:, 1], center[:, 0]), bank.angle[bank.scale == 1], atol=1e-3)
    assert [*bank.scale[::angles]] == [0, 1, 2]


def test_center_and_spread_are_the_recorded_ones_and_halve_each_octave():
    bank = morlet_bank(64, 3, 8)
    center, spread = (values.reshape(3, 8, -1) for values in (bank.center(), bank.spread()))
    sizes = np.linalg.norm(center, axis=-1)
    assert sizes[0].min() > 2.45
    assert sizes[0].max() < 2.4811
    assert spread[0].min() > 0.897
    assert spread[0].max() < 0.959
    np.testing.assert_allclose((sizes[1], spread[1, :, 0]), (1.232 + 0 * sizes[1], 0.481 + 0 * sizes[1]), atol=1e-3)
    np.testing.assert_allclose((sizes[2], spread[2, :, 0]), (sizes[1] / 2, spread[1, :, 0] / 2), rtol=5e-3)
    np.testing.assert_allclose(bank.spread(False)[8:], bank.spread()[8:], rtol=2e-3)
    assert bank.spread(False)[:8].min() > 1.2


def test_covariance_is_the_second_moment_written_out():
    bank = morlet_bank((8, 6), 1, 3)
    w, density = torus.frequencies((8, 6)), np.abs(bank.psi_hat[1]) ** 2
    density = density / density.sum()
    center = sum(density[i, j] * w[i, j] for i in range(8) for j in range(6))
    second = sum(density[i, j] * np.outer(w[i, j] - center, w[i, j] - center) for i in range(8) for j in range(6))
    np.testing.assert_allclose(bank.center(False)[1], center, atol=1e-14)
    np.testing.assert_allclose(bank.covariance(False)[1], second, atol=1e-14)
    assert bank.spread(False)[1] == pytest.approx(np.sqrt(np.trace(second)))


def test_transform_is_convolution_with_each_filter(place):
    x, bank = noise((2, 3, 8, 6)), morlet_bank((8, 6), 1, 4, "full")
    expected = np.stack([torus.convolve(x, f) for f in (bank.lowpass_hat, *bank.psi_hat)], axis=-3)
    lifted = place.lift(x)
    assert_close(wavelet_transform(lifted, bank), expected, place, like=lifted)
    assert_close(wavelet_transform(place.lift(x.real), bank), wavelet_transform(x.real, bank), place)


@pytest.mark.parametrize(
    ("signals", "circle", "angles"), [("real", "half", 4), ("complex", "full", 8), ("real", "full", 5)]
)
@pytest.mark.parametrize("shape", [(16, 16), (9, 14)])
def test_tight_transform_keeps_energy_and_is_inverted(place, signals, circle, angles, shape):
    bank = morlet_bank(shape, 2, angles, circle).tight(signals)
    np.testing.assert_allclose(bank.littlewood_paley(signals), 1, rtol=1e-14)
    x = noise((2, *shape)) if signals == "complex" else noise((2, *shape)).real
    z = wavelet_transform(place.lift(x), bank)
    energy = np.sum(np.abs(to_host(z)) ** 2, dtype=np.float64)
    assert energy == pytest.approx(np.sum(np.abs(x) ** 2), rel=place.rounding)
    assert_close(inverse_transform(z, bank), x, place, like=place.lift(x))


def test_a_bank_that_is_not_tight_neither_keeps_energy_nor_is_inverted():
    bank, x = morlet_bank(16, 2, 4), noise((16, 16)).real
    energy = np.sum(np.abs(wavelet_transform(x, bank)) ** 2)
    assert abs(energy / np.sum(x**2) - 1) > 0.01
    with pytest.raises(ValueError, match="bank: expected a tight bank"):
        inverse_transform(wavelet_transform(x, bank), bank)


def test_tight_bank_for_real_signals_loses_energy_of_complex_ones():
    bank, x = morlet_bank(16, 2, 4).tight("real"), noise((16, 16))
    assert abs(np.sum(np.abs(wavelet_transform(x, bank)) ** 2) / np.sum(np.abs(x) ** 2) - 1) > 0.01


def test_tight_refuses_and_names_the_frequency():
    with pytest.raises(
        ValueError, match=r"cannot be made tight for complex signals: at frequency \(-?\d.*expected at le"
    ):
        paper_bank(36, 8).tight("complex")


def test_polar_form(place):
    z = noise((3, 4))
    z[0, 0] = 0
    amplitude, phase = amplitude_and_phase(place.lift(z))
    assert_close(amplitude, np.abs(z), place)
    assert_close(phase, np.angle(z), place)
    assert_close(amplitude_and_phase(place.lift(z.real))[1], np.where(z.real < 0, np.pi, 0), place)


@pytest.mark.parametrize(
    "make", [lambda n: morlet_bank(n, 1, 4), lambda n: paper_bank(n, 8, "next half octave", "full")]
)
def test_a_bank_can_be_moved_to_another_grid_copied_and_pickled(make):
    bank = make(16)
    np.testing.assert_array_equal(bank.at((8, 12)).filters_hat, make((8, 12)).filters_hat)
    assert bank.tight().at((8, 8)).tight_for == "real"
    for twin in (copy.deepcopy(bank), pickle.loads(pickle.dumps(bank))):
        np.testing.assert_array_equal(twin.at((8, 8)).filters_hat, bank.at((8, 8)).filters_hat)


def test_banks_are_shared_and_cannot_be_changed():
    assert morlet_bank(16, 2, 4) is morlet_bank((16, 16), 2, 4)
    with pytest.raises(ValueError, match="read-only"):
        morlet_bank(16, 2, 4).psi_hat[0] = 0
    bank = morlet_bank(16, 2, 4)
    assert bank.tight() is bank.tight()


@pytest.mark.parametrize("given", ["owned", "view", "read-only view"])
def test_a_bank_of_given_values_cannot_be_changed_and_leaves_them_alone(given):
    values = np.ones((2, 2, 8, 8))
    mine = {"owned": values[0].copy(), "view": values[0], "read-only view": np.broadcast_to(values[0], (2, 8, 8))}[
        given
    ]
    bank = FilterBank(mine, np.zeros(1), np.zeros(1))
    for twin in (bank, copy.copy(bank), copy.deepcopy(bank), pickle.loads(pickle.dumps(bank)), bank.tight("complex")):
        for name in ("filters_hat", "scale", "angle"):
            assert not getattr(twin, name).flags.writeable
    if given == "owned":
        mine[...] = 5
    values[...] = 5
    assert np.all(bank.filters_hat == 1)


def test_transform_has_the_right_gradient():
    torch = pytest.importorskip("torch")
    bank = morlet_bank((4, 6), 1, 2).tight()
    x = torch.asarray(noise((2, 4, 6)).real).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: wavelet_transform(x, bank), (x,))
    assert torch.autograd.gradcheck(lambda x: inverse_transform(wavelet_transform(x, bank), bank), (x,))


BANK = morlet_bank(8, 1, 4)
LOOSE = FilterBank(np.ones((2, 8, 8)), np.zeros(1), np.zeros(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: morlet_bank(8, 4, 4), r"scales: too many .* at least 16 samples, got \(8, 8\)"),
        (lambda: morlet_bank(8, 0, 4), "scales: expected an integer of at least 1, got 0"),
        (lambda: morlet_bank(8, 1, 2.5), "angles: expected an integer of at least 1, got 2.5"),
        (lambda: morlet_bank(8, 1, 4, "whole"), "circle: unknown 'whole'; known: 'half', 'full'"),
        (lambda: morlet_bank((8,), 1, 4), r"shape: expected \(H, W\)"),
        (lambda: paper_bank(8, 4, "third octave"), "step: unknown 'third octave'; known: 'octave', 'half octave'"),
        (lambda: paper_bank(8, 2, "next half octave"), "angles: expected more than 2 per π"),
        (lambda: BANK.littlewood_paley("any"), "signals: unknown 'any'; known: 'real', 'complex'"),
        (lambda: LOOSE.at((4, 4)), r"cannot be redesigned on \(4, 4\), .* one per layer"),
        (lambda: FilterBank(np.ones((8, 8)), np.zeros(1), np.zeros(1)), r"filters_hat: .* got \(8, 8\)"),
        (lambda: FilterBank(np.ones((2, 8, 8)), np.zeros(2), np.zeros(1)), r"scale: expected shape \(1,\)"),
        (lambda: FilterBank(np.full((2, 8, 8), np.nan), *2 * [np.zeros(1)]), "filters_hat: expected finite"),
        (
            lambda: wavelet_transform(np.ones((4, 8)), BANK),
            r"x: expected the grid \(8, 8\) of the bank, got shape \(4, 8\)",
        ),
        (lambda: inverse_transform(np.ones((3, 8, 8)), BANK.tight()), r"z: expected shape \(..., 5, H, W\)"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("shape", [(16, 24), (15, 17)])
@pytest.mark.parametrize(("angles", "circle"), [(8, "half"), (5, "half"), (8, "full")])
def test_each_wavelet_of_a_bank_is_its_closed_form_mirrored_or_not(shape, angles, circle):
    bank = morlet_bank(shape, 2, angles, circle)
    for filter_hat, wavelet in zip(bank.psi_hat, bank.design.wavelets, strict=True):
        assert_close(filter_hat, morlet_hat(wavelet, shape), NUMPY, rounding=1e-15)


@pytest.mark.parametrize(("side", "scales", "angles"), [(64, 2, 8), (128, 3, 8), (128, 3, 4)])
def test_peak_memory_of_a_bank_is_that_of_the_formula(side, scales, angles):
    designed_bank.cache_clear()
    tracemalloc.start()
    bank = morlet_bank(side, scales, angles)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak == pytest.approx(8 * (7 + len(bank)) * side**2, rel=0.1)
