"""Doubts about the learned scattering networks: sizes, counts, the cascade inside, equal terms, refusals."""

import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from collapse_theory import nonlinearities
from collapse_theory.scattering import cascade, cascade_paths
from collapse_theory.wavelets import paper_bank

torch = pytest.importorskip("torch")
learned = pytest.importorskip("collapse_theory.learned")
SMALL = learned.Architecture(side=8, colors=2, classes=4, channels=(6, 8))


def images(count, side=8, colors=2, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, colors, side, side)).astype(np.float32))


def spectrum_of_photographs(count, side=32, seed=0):
    """Fields whose amplitude falls like one over the frequency, with standard deviation 1."""
    noise = np.random.default_rng(seed).normal(size=(count, 3, side, side))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = np.inf
    x = np.fft.ifft2(np.fft.fft2(noise) / frequency).real
    return torch.from_numpy((x / x.std()).astype(np.float32))


@pytest.fixture
def unset_mixing(monkeypatch):
    """Networks whose matrices are zero: to count and to measure, in a fraction of the time."""
    kinds = {"complex": np.complex64, "real": np.float32}
    zeros = lambda outputs, inputs, kind, **_: np.zeros((outputs, inputs), kinds[kind])  # noqa: E731
    monkeypatch.setattr("collapse_theory.learned.layers.semi_unitary", zeros)


COUNTS = [
    ({}, 12_251_018),
    ({"nonlinearity": "unit amplitude"}, 12_251_018),
    ({"nonlinearity": "soft threshold"}, 12_261_014),
    ({"nonlinearity": "sigmoid"}, 12_271_010),
    ({"skip": True, "nonlinearity": "tanh"}, 24_459_018),
    ({"skip": True, "nonlinearity": "soft threshold"}, 24_471_513),
    ({"skip": True, "nonlinearity": "sigmoid"}, 24_484_008),
    ({"data": "imagenet"}, 29_052_584),
    ({"data": "imagenet", "skip": True}, 53_495_144),
    ({"angles": 8}, 22_017_418),
    ({"angles": 8, "skip": True}, 43_991_818),
    ({"angles": 16, "circle": "full"}, 41_550_218),
    ({"angles": 16, "circle": "full", "skip": True}, 83_057_418),
    ({"terms": "equal"}, 12_251_018),
    # Real maps stay real without skip: the classifier has half of the inputs.
    ({"mixing": "real"}, 6_104_000 + 1_024 + 20_490),
    ({"mixing": "real", "skip": True}, 12_208_000 + 2_048 + 40_970),
    ({"mixing": "real", "nonlinearity": "tanh"}, 6_104_000 + 2_048 + 40_970),
]


@pytest.mark.parametrize(("options", "expected"), COUNTS, ids=str)
@pytest.mark.usefixtures("unset_mixing")
def test_parameters_are_as_many_as_published(options, expected):
    network = learned.scattering_network(**options)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


SIZES = {
    "cifar10": ([32, 16, 16, 8, 8, 4, 4, 2], [15, 320, 640, 1280, 2560, 2560, 2560, 2560], 4096),
    "imagenet": (
        [112, 112, 56, 56, 28, 28, 14, 14, 7, 6, 3],
        [27, 288, 576, 576, 1152, 2304, 4608, 4608, 4608, 4608, 4608],
        4608,
    ),
}


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("data", SIZES)
@pytest.mark.usefixtures("unset_mixing")
def test_channels_and_sides_are_the_published_ones(data, skip):
    sides, inputs, features = SIZES[data]
    network = learned.scattering_network(data, skip=skip)
    assert [block.mixing.weight.shape[1] for block in network.blocks] == [(1 + skip) * count for count in inputs]
    assert list(network.architecture.sides()[1:]) == sides
    assert network.classifier.linear.in_features == features


@pytest.mark.parametrize("data", ["cifar10", "imagenet"])
def test_maps_have_the_sides_announced_and_norm_one_at_every_pixel(data):
    network, seen = learned.scattering_network(data, skip=True, width=0.03), []
    for block in network.blocks:
        block.register_forward_hook(lambda *call: seen.append(call[-1]))
    with torch.no_grad():
        network(images(2, network.architecture.side, 3))
    assert tuple(y.shape[-1] for y in seen) == network.architecture.sides()[1:]
    for y in seen:
        assert y.dtype == torch.complex64
        torch.testing.assert_close(y.abs().square().sum(1), torch.ones(2, *y.shape[-2:]), atol=1e-5, rtol=0)


def position(path, colors, angles):
    """Where the network keeps a path of the cascade: all low-passes first, then the wavelets, the angle fastest."""
    channel, channels = path[0], colors
    for choice in path[1:]:
        channel = channel if choice == 0 else channels + channel * angles + choice - 1
        channels *= 1 + angles
    return channel


@pytest.mark.parametrize(
    ("name", "parameters", "tolerance"),
    [
        ("phase collapse", {}, 1e-5),
        ("soft threshold", {"threshold": 0.1, "softening": 1e-6}, 1e-5),
        ("tanh", {"softening": 1e-6}, 1e-5),
        ("identity", {}, 1e-5),
        # It jumps at 0: filters in single precision lose the phase of the smallest coefficients.
        ("sigmoid", {"gain": 1.0, "bias": 0.0, "softening": 1e-6}, 1e-4),
    ],
)
def test_two_blocks_without_mixing_are_the_cascade(name, parameters, tolerance):
    architecture = replace(SMALL, side=16, channels=(10, 50))
    network = learned.scattering_network(architecture, name, pi=3.1415).eval()
    for block, channels in zip(network.blocks, architecture.channels, strict=True):
        block.mixing.weight.data = torch.view_as_real(torch.eye(channels, dtype=torch.complex64))
        block.normalization = torch.nn.Identity()
        for standardization in block.mixing.standardization:
            standardization.variance.fill_(1 - standardization.EPSILON)
    x = images(3, 16)
    steps = ("half octave", "next half octave")
    banks = [paper_bank((20, 20), 4, step, pi=3.1415) for step in steps]
    rho = partial(nonlinearities.NONLINEARITIES[name], **parameters)
    options = {"depth": 2, "subsample": [False, True], "boundary": "reflect", "allow_loss": True}
    *_, expected = cascade(x.double(), banks, rho, **options)
    with torch.no_grad():
        found = network.blocks[1](network.blocks[0](x))
    order = [position(path, 2, 4) for path in cascade_paths(banks, depth=2, channels=2)]
    assert sorted(order) == list(range(50))
    torch.testing.assert_close(found[:, order], expected.to(found.dtype), atol=tolerance, rtol=0)


def test_with_skip_both_parts_go_on_the_linear_one_first():
    network = learned.scattering_network(SMALL, "sigmoid", skip=True)
    seen = []
    network.blocks[1].mixing.register_forward_pre_hook(lambda _, arguments: seen.extend(arguments[0]))
    network(images(3))
    low, waves, low_answer, wave_answer = seen
    torch.testing.assert_close(low_answer, nonlinearities.squash(low, softening=1e-6))
    torch.testing.assert_close(wave_answer, nonlinearities.squash(waves, softening=1e-6))
    assert waves.shape[1] == 4 * low.shape[1]


def test_equal_terms_change_nothing_for_what_is_homogeneous_and_much_for_a_threshold():
    for name, same in (("phase collapse", True), ("identity", True), ("soft threshold", False)):
        published, equal = (learned.scattering_network(SMALL, name, terms=terms) for terms in ("published", "equal"))
        x = images(32)
        # Only the 1e-5 of the standardisation, beside variances of about 1e-1, knows the scale.
        assert ((published(x) - equal(x)).abs().max() < 0.02) == same


def test_published_thresholds_are_dead_on_arrival():
    """In the first four blocks of the network of the paper, in full."""
    first = replace(learned.ARCHITECTURES["cifar10"], channels=(64, 128, 256, 512))
    network = learned.scattering_network(first, "soft threshold")
    data = learned.labelled_images(spectrum_of_photographs(4).numpy(), range(4), classes=10)
    alive = [1 - dead["zeros"] for dead in learned.dead_outputs(network, data, statistics="batch").values()]
    assert 0.6 < alive[0] < 0.8
    assert alive[1] < 0.05
    assert max(alive[2:]) < 1e-3


def test_every_matrix_of_a_whole_network_is_semi_unitary():
    for block in learned.scattering_network(width=1 / 4).blocks:
        p = torch.view_as_complex(block.mixing.weight.detach())
        gram = p @ p.mH if p.shape[0] <= p.shape[1] else p.mH @ p
        torch.testing.assert_close(gram, torch.eye(len(gram), dtype=gram.dtype), atol=1e-5, rtol=0)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("name", ["soft threshold", "sigmoid", "unit amplitude", "tanh", "phase collapse"])
def test_a_block_turns_with_the_phase_of_its_maps_unless_it_collapses_it(name, skip):
    """As it trains: running means break it. The bound is the acceptance test of the published block."""
    network = learned.scattering_network(replace(SMALL, side=16, channels=(16, 12)), name, skip)
    z = torch.complex(images(4, 16, 16), images(4, 16, 16, seed=1))
    z = z / z.abs().square().sum(1, keepdim=True).sqrt()
    turn = torch.exp(torch.tensor(0.9j))
    found, expected = network.blocks[1](turn * z), turn * network.blocks[1](z)
    error = (found - expected).norm() / expected.norm()
    assert (error < 1e-5) == (name != "phase collapse")
    assert error < 1e-5 or error > 0.3


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("terms", ["published", "equal"])
@pytest.mark.parametrize("name", learned.NETWORK_NONLINEARITIES)
def test_gradients_are_finite_even_for_flat_images(name, terms, skip):
    network = learned.scattering_network(SMALL, name, skip, terms=terms)
    x = images(4)
    x[0], x[1] = 0, 1
    torch.nn.functional.cross_entropy(network(x), torch.arange(4)).backward()
    for key, parameter in network.named_parameters():
        assert torch.isfinite(parameter.grad).all(), key


def test_a_seed_makes_the_network_and_touches_no_other_randomness():
    state = torch.random.get_rng_state()
    one, same, other = (learned.scattering_network(SMALL, seed=seed)(images(3)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert (one - other).abs().max() > 0.01
    assert torch.equal(torch.random.get_rng_state(), state)


def test_half_precision_is_for_products_alone():
    single, half = (learned.scattering_network(SMALL) for _ in range(2))
    x = images(32)
    expected = single(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = half(x).float()
    assert 1e-4 < (found - expected).abs().max() < 0.1 * expected.abs().max()
    for key, value in half.state_dict().items():
        if value.is_floating_point():
            assert value.dtype == torch.float32
            torch.testing.assert_close(value, single.state_dict()[key], atol=1e-2, rtol=1e-2)


@pytest.mark.usefixtures("unset_mixing")
def test_a_network_prints_as_a_table_of_blocks():
    name, *lines = str(learned.scattering_network("cifar10", "tanh", terms="equal")).splitlines()
    assert name == "tanh, without skip, 4 angles, half circle, equal terms"
    assert "phase collapse, with skip" in str(learned.scattering_network(skip=True))
    assert re.fullmatch(r" +channels +size +numbers +parameters", lines[0])
    assert re.fullmatch(r"images +3 +32 x 32 +real", lines[1])
    assert re.fullmatch(r"1 next half octave +320 -> 128 +16 x 16 +complex +81,920", lines[3])
    assert re.fullmatch(r"classifier +10 +real +43,018", lines[10])
    assert re.fullmatch(r"all +12,251,018", lines[11])
    assert len(lines) == 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "mnist"}, "data: unknown 'mnist'; known: 'cifar10', 'imagenet'"),
        ({"nonlinearity": "relu"}, "nonlinearity: unknown 'relu'; known: 'identity', 'phase collapse'"),
        ({"nonlinearity": "rectifier"}, "nonlinearity: unknown 'rectifier'"),
        ({"skip": "yes"}, "skip: unknown 'yes'"),
        ({"terms": "fair"}, "terms: unknown 'fair'"),
        ({"mixing": "quaternion"}, "mixing: unknown 'quaternion'; known: 'complex', 'real'"),
        ({"angles": 2}, "angles: expected more than 2 per π"),
        ({"angles": 2.5}, "angles: expected an integer of at least 1, got 2.5"),
        ({"circle": "whole"}, "circle: unknown 'whole'"),
        ({"width": 0}, "width: expected a positive number, got 0"),
        ({"width": float("nan")}, "width: expected a finite number, got nan"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"width": 1e9}, "architecture: expected at most 2,147,483,648 numbers in weights and filters, got 46"),
        ({"width": 1e308}, "architecture: expected at most"),
        ({"angles": 10**8}, "architecture: expected at most"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        learned.scattering_network(**{"data": SMALL, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": 4, "channels": (2,) * 7}, "shape: expected sides of at least 2 samples"),
        ({"channels": ()}, "channels: expected an integer of at least 1, got 0"),
        ({"channels": (3, 0)}, "channels: expected an integer of at least 1, got 0"),
        ({"classes": 0}, "classes: expected an integer of at least 1"),
        ({"octaves": True}, "octaves: expected an integer of at least 0, got True"),
        ({"angles": "4"}, "angles: expected an integer of at least 1, got '4'"),
        ({"channels": 5}, "channels: expected a tuple of integers, one a block, got 5"),
    ],
    ids=str,
)
def test_impossible_architectures_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        learned.Architecture(**options)


@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(1, 3, 8, 8),
        torch.zeros(1, 2, 8, 9),
        torch.zeros(2, 8, 8),
        torch.zeros(1, 2, 8, 8, dtype=torch.complex64),
        torch.zeros(1, 2, 8, 8, dtype=torch.uint8),
    ],
)
def test_other_images_are_refused(x):
    with pytest.raises(ValueError, match=r"x: expected real images \(B, 2, 8, 8\), got torch"):
        learned.scattering_network(SMALL)(x)
