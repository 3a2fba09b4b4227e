"""Doubts about the windowed scattering transform: is each channel its path, from the definition and nothing else?"""

import math
import tracemalloc

import numpy as np
import pytest

from collapse_theory.arrays import shape, to_host
from collapse_theory.machine import cores
from collapse_theory.scattering import paths, scatter, transform
from collapse_theory.wavelets import morlet_bank
from tests.places import NUMPY, assert_close


def images(*sizes, seed=0):
    return np.random.default_rng(seed).normal(size=sizes)


def padded(x, scales):
    """Reflection without repeated borders, to one multiple of 2^J more than hold the image and a sample."""
    sides = [((side + 2**scales) // 2**scales + 1) * 2**scales for side in x.shape]
    before = [(p - side) // 2 for p, side in zip(sides, x.shape, strict=True)]
    widths = [(b, p - side - b) for b, p, side in zip(before, sides, x.shape, strict=True)]
    return np.pad(x, widths, mode="reflect")


def coarse(filter_hat, step):
    """A filter on the grid 2^step times coarser: some samples of each axis set to zero, the rest folded by sum."""
    kept = filter_hat.copy()
    for axis, side in enumerate(filter_hat.shape):
        start = int(side * 2.0 ** (-step - 1))
        np.moveaxis(kept, axis, 0)[start : start + int(side * (1 - 2.0**-step))] = 0
    height, width = (side // 2**step for side in kept.shape)
    return kept.reshape(2**step, height, 2**step, width).sum(axis=(0, 2))


def filtered(x, filter_hat, factor):
    return np.fft.ifft2(np.fft.fft2(x) * filter_hat)[::factor, ::factor]


def one_channel(x, path, bank, scales):
    """The slow obvious value of one channel of one image: follow the wavelets of its path from grid to grid."""
    step, u = 0, padded(x, scales)
    for scale, angle in ((path["scale1"], path["angle1"]), (path["scale2"], path["angle2"])):
        if scale >= 0:
            (index,) = np.flatnonzero((bank.scale == scale) & (bank.angle == angle))
            u = np.abs(filtered(u, coarse(bank.psi_hat[index], step), 2 ** (scale - step)))
            step = scale
    return filtered(u, coarse(bank.lowpass_hat, step), 2 ** (scales - step)).real[1:-1, 1:-1]


def slow_scatter(x, scales, angles, order, pi=math.pi):
    sides = padded(x[0, 0], scales).shape
    bank = morlet_bank(sides, scales, angles, pi=pi)
    return np.array(
        [
            [[one_channel(plane, path, bank, scales) for path in paths(scales, angles, order)] for plane in image]
            for image in x
        ]
    )


@pytest.mark.parametrize(
    ("sides", "scales", "angles", "order"),
    [((8, 11), 1, 3, 2), ((9, 16), 3, 2, 2), ((13, 8), 2, 4, 2), ((8, 8), 2, 1, 1), ((7, 9), 1, 2, 0)],
)
def test_each_channel_is_its_path(place, sides, scales, angles, order):
    x = images(2, 2, *sides)
    lifted = place.lift(x)
    s = scatter(lifted, scales, angles, order)
    assert shape(s) == (2, 2, len(paths(scales, angles, order)), *(side // 2**scales for side in sides))
    # The tail of the low-pass is cut at 1e-9 of its maximum: in two dimensions here, an axis at a time there.
    assert_close(s, slow_scatter(x, scales, angles, order), place, like=lifted, rounding=max(place.rounding, 1e-9))


def test_another_pi_scales_each_order_by_its_number_of_filters():
    x, (orders,) = images(1, 1, 16, 16), paths(2, 4)["order"][None]
    assert_close(scatter(x, 2, 4, pi=3.1415), slow_scatter(x, 2, 4, 2, pi=3.1415), NUMPY, rounding=1e-9)
    ratio = (math.pi / 3.1415) ** (1 + orders[:, None, None])
    assert_close(scatter(x, 2, 4, pi=3.1415), scatter(x, 2, 4) * ratio, NUMPY)


@pytest.mark.parametrize(("scales", "angles"), [(1, 1), (2, 8), (3, 5), (4, 2)])
def test_table_has_every_pair_of_growing_scales_once_lower_orders_first(scales, angles):
    table = paths(scales, angles)
    assert len(table) == 1 + scales * angles + scales * (scales - 1) // 2 * angles**2
    assert len({tuple(map(str, row)) for row in table}) == len(table)
    assert np.all(np.diff(table["order"]) >= 0)
    assert np.all(table["scale2"] > table["scale1"], where=table["order"] == 2)
    for order in (0, 1):
        assert list(map(str, paths(scales, angles, order))) == list(map(str, table[table["order"] <= order]))


def test_lower_orders_come_first():
    x = images(2, 16, 16)
    for order in (0, 1):
        assert_close(scatter(x, 2, 4, order), scatter(x, 2, 4)[:, paths(2, 4)["order"] <= order], NUMPY)


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_chunks_change_nothing(place, chunk):
    x = images(2, 2, 8, 8)
    assert_close(scatter(place.lift(x), 2, 2, chunk=chunk), scatter(x, 2, 2), place)


def test_cores_share_the_images_of_one_cacheful(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 4)
    monkeypatch.setattr(cores.sizes, "WORTH_SHARING", 1)
    shared, on_cores = [], transform.on_cores
    monkeypatch.setattr(transform, "on_cores", lambda *a, like: (shared.append(len(a[1])), on_cores(*a, like=like))[1])
    scatter(images(9, 8, 8), 2, 2)
    scatter(images(9, 8, 8), 2, 2, chunk=9)
    assert shared == [3, 1]


@pytest.mark.parametrize(("scales", "angles", "chunk"), [(2, 4, 2), (3, 8, 1), (2, 10, 1)])
def test_peak_memory_is_that_of_the_formula(monkeypatch, scales, angles, chunk):
    monkeypatch.setattr(cores, "cores", lambda: 1)
    x = images(8, 64, 64)
    result = scatter(x, scales, angles, chunk=chunk).nbytes
    tracemalloc.start()
    scatter(x, scales, angles, chunk=chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    numbers = 3 + 3 * angles + angles**2 / 2 + max(2 * angles, angles**2 / 4)
    expected = 8 * chunk * numbers * math.prod(padded(x[0], scales).shape)
    assert peak - result == pytest.approx(expected, rel=0.1)


def test_images_are_taken_as_many_at_once_as_a_cache_holds(monkeypatch):
    monkeypatch.setattr(cores, "cores", lambda: 1)  # each core holds a cache's worth
    x = images(200, 16, 16)
    tracemalloc.start()
    scatter(x, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 2**23 < peak - 2 * scatter(x, 2).nbytes < 2**25


@pytest.mark.parametrize("numbers", [1, 10_000])
def test_moduli_are_taken_a_few_at_a_time_and_nothing_changes(monkeypatch, numbers):
    x = images(3, 16, 16)
    expected = scatter(x, 3, 4)
    monkeypatch.setattr(transform, "numbers_at_once", lambda x: numbers)
    assert_close(scatter(x, 3, 4), expected, NUMPY)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_tensors_out_of_a_graph_are_numpy_arrays_and_all_others_stay_tensors(monkeypatch):
    torch = pytest.importorskip("torch")
    x = torch.asarray(images(8, 8))
    expected = scatter(x.numpy(), 2, 2)
    leaf = x.clone().requires_grad_()
    assert scatter(leaf, 2, 2).grad_fn is not None
    with torch.no_grad():
        assert_close(scatter(leaf, 2, 2), expected, NUMPY, like=x)
    turned = torch.func.jvp(lambda x: scatter(x, 2, 2), (x,), (x,))[1]
    assert_close(turned, expected, NUMPY)  # of a homogeneous function


def test_constant_image_is_its_own_average_and_nothing_else(place):
    s = to_host(scatter(place.lift(np.full((12, 9), -3.0)), 2, 4))
    assert_close(s[0], np.full((3, 2), -3.0), place)
    assert np.abs(s[1:]).max() < 3 * place.rounding
    assert not np.any(to_host(scatter(place.lift(np.zeros((12, 9))), 2, 4)))


def test_moduli_forget_the_sign_and_keep_the_scale():
    x = images(16, 16)
    s, flipped = scatter(x, 2, 4), scatter(-4 * x, 2, 4)
    assert_close(flipped[0], -4 * s[0], NUMPY)
    assert_close(flipped[1:], 4 * s[1:], NUMPY)


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_pattern_far_from_the_borders_moved_by_a_window_moves_the_coefficients_by_a_sample(scales):
    x = np.zeros((64, 64))
    x[24:33, 22:31] = images(9, 9)
    s, moved = (scatter(image, scales, 4) for image in (x, np.roll(x, (2**scales, -(2**scales)), axis=(0, 1))))
    assert_close(moved[:, 1:, :-1], s[:, :-1, 1:], NUMPY)
    aside = scatter(np.roll(x, 2 ** (scales - 1), axis=0), scales, 4)
    assert np.abs(aside - s).max() > 1e-3 * np.abs(s).max()


def test_transposing_an_image_reflects_its_angles():
    x, angles = images(16, 24), 8
    s, transposed = (scatter(image, 2, angles) for image in (x, x.T))
    t = paths(1, angles, 1)["angle1"][1:]
    reflected = (angles // 2 - 2 - np.arange(angles)) % angles
    assert np.all(np.isclose((t[reflected] + t - np.pi / 2 + 1) % np.pi, 1))
    turn = lambda s: s.swapaxes(-1, -2)  # noqa: E731
    first, first_of_transposed = (values[1:17].reshape(2, angles, *values.shape[1:]) for values in (s, transposed))
    assert_close(first_of_transposed[:, reflected], turn(first), NUMPY)
    # At order 2 a wavelet and its opposite differ: π / 2^j is not on the band of the coarse grid, -π / 2^j is.
    second, second_of_transposed = (
        values[17:].reshape(angles, angles, *values.shape[1:]) for values in (s, transposed)
    )
    kept = np.abs(t[reflected] + t - np.pi / 2) < 1e-9
    assert_close(second_of_transposed[reflected][:, reflected][:, kept], turn(second)[:, kept], NUMPY)
    assert kept.sum() == 3


def aliased_gain(filters_hat, factor):
    """Largest factor by which filters and a subsampling multiply the energy, a sample counting as much as its area."""
    density = np.sum(np.atleast_3d(filters_hat.T) ** 2, axis=-1)
    height, width = (side // factor for side in density.shape)
    return density.reshape(factor, height, factor, width).sum(axis=(0, 2)).max()


@pytest.mark.parametrize("frequency", [0.0, 3 * np.pi / 8, 3 * np.pi / 4])
def test_distances_grow_no_more_than_the_filters_allow(frequency):
    scales, angles, x, y = 2, 4, *images(2, 32, 32)
    x = x + 20 * np.cos(frequency * np.arange(32))[:, None]
    bank = morlet_bank(padded(x, scales).shape, scales, angles)
    low = [aliased_gain(coarse(bank.lowpass_hat, j), 2 ** (scales - j)) for j in range(scales)]
    bound = low[0] + sum(aliased_gain(bank.psi_hat[bank.scale == j], 2**j) * low[j] for j in range(scales))
    distance = 4**scales * np.sum((scatter(x, scales, angles, 1) - scatter(y, scales, angles, 1)) ** 2)
    growth = distance / np.sum((padded(x, scales) - padded(y, scales)) ** 2)
    assert bound / 10 < growth <= bound


@pytest.mark.parametrize(("scales", "order"), [(1, 0), (1, 1), (2, 2)])
def test_scatter_has_the_right_gradient(scales, order):
    torch = pytest.importorskip("torch")
    x = torch.asarray(images(1, 4, 5)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: scatter(x, scales, 2, order), (x,))


def test_gradient_is_finite_where_every_modulus_is_zero():
    torch = pytest.importorskip("torch")
    x = torch.zeros((8, 8), dtype=torch.float64, requires_grad=True)
    scatter(x, 2, 2).sum().backward()
    assert torch.all(torch.isfinite(x.grad))
    assert torch.any(x.grad != 0)


@pytest.mark.parametrize(("dtype", "expected"), [(np.uint8, np.float64), (np.bool_, np.float64), (">f4", np.float32)])
def test_integers_are_converted_once_and_foreign_byte_order_read(dtype, expected):
    x = np.random.default_rng(0).integers(0, 2, (8, 8)).astype(dtype)
    assert scatter(x, 2, 2).dtype == expected
    assert_close(scatter(x, 2, 2), scatter(x.astype(np.float64), 2, 2), NUMPY, rounding=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": np.ones((31, 31)), "scales": 5}, ValueError, r"scales: too many for these images: 5 need sides of at"),
        ({"x": np.ones((64, 7)), "scales": 3}, ValueError, r"at least 8 samples, got \(64, 7\)"),
        ({"scales": 0}, ValueError, "scales: expected an integer of at least 1, got 0"),
        ({"scales": 1.0}, ValueError, "scales: expected an integer of at least 1, got 1.0"),
        ({"angles": 0}, ValueError, "angles: expected an integer of at least 1, got 0"),
        ({"order": 3}, ValueError, "order: expected an integer from 0 to 2, got 3"),
        ({"pi": 0}, ValueError, "pi: expected a finite number of at least 1, got 0"),
        ({"chunk": 0}, ValueError, "chunk: expected an integer of at least 1, got 0"),
        ({"x": np.ones((8, 8)) * 1j}, TypeError, "x: expected real images, got complex128"),
        ({"x": np.ones(8)}, ValueError, r"x: expected images \(..., H, W\) with at least 2 axes, got shape \(8,\)"),
        ({"x": np.ones((0, 8, 8))}, ValueError, "x: expected at least one sample on every axis"),
        ({"x": np.full((8, 8), np.inf)}, ValueError, "x: expected finite values"),
        ({"x": np.ones((8, 8), np.float16)}, TypeError, "x: expected single or double precision"),
        ({"x": [[1.0] * 8] * 8}, TypeError, "x: expected a NumPy, CuPy, torch or other array-API array, got list"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        scatter(**{"x": np.ones((8, 8)), "scales": 2} | arguments)
