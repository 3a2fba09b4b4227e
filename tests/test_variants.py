"""Doubts about the variants: are they those of the processor, is what they ask for in force, is the noise two ulp?"""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from collapse_theory import fourier
from tests import conftest, noise, variants
from tests.places import NUMPY, assert_close

AVX512 = {"X86_V3", "X86_V4", "AVX2", "FMA3", "AVX512_SKX"}
PROCESSORS = {
    "wide": (
        {
            "cores": 8,
            "dispatched": ["X86_V3", "X86_V4"],
            "features": AVX512,
            "torch": "AVX512",
            "kernels": ["SkylakeX"],
        },
        {"numpy-narrow", "numpy-lowest", "torch-avx2", "torch-default", "threads-2"}
        | {"openblas-Haswell", "openblas-Zen", "openblas-SkylakeX"},
        "X86_V3 X86_V4",
    ),
    "older": (
        {
            "cores": 2,
            "dispatched": ["SSE41", "AVX2"],
            "features": {"AVX2", "FMA3"},
            "torch": "AVX2",
            "kernels": ["Haswell"],
        },
        {"numpy-lowest", "torch-default", "openblas-Haswell", "openblas-Zen", "threads-2"},
        "SSE41 AVX2",
    ),
    "another": ({"cores": 1, "dispatched": [], "features": {"NEON"}, "torch": None, "kernels": []}, set(), None),
}
ANYWHERE = {"plain", "threads-1", "hashes", "reversed", "shuffled", "fft", "lowest"}


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_processor_offers_what_it_can_leave_out(processor):
    here, expected, disabled = PROCESSORS[processor]
    there = {variant.name: variant for variant in variants.offered(here, {})}
    assert set(there) == ANYWHERE | expected
    assert there["lowest"].environment.get("NPY_DISABLE_CPU_FEATURES") == disabled
    assert there["lowest"].environment["OMP_NUM_THREADS"] == "1"


def test_kernels_that_were_set_before_are_left_alone():
    names = [variant.name for variant in variants.offered(PROCESSORS["wide"][0], {"OPENBLAS_CORETYPE": "Haswell"})]
    assert not [name for name in names if name.startswith("openblas")]


def test_what_is_not_in_force_is_named(monkeypatch):
    for name in variants.DECIDING:
        monkeypatch.delenv(name, raising=False)
    here = variants.found()
    monkeypatch.setenv("OMP_NUM_THREADS", ",".join(map(str, here["threads"])))
    if len(here["threads"]) == 1:
        assert variants.not_in_force() == []
    monkeypatch.setenv("OMP_NUM_THREADS", "97")
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", f"{here['features'][0]} NO_SUCH_FEATURE")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Pentium")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "none")
    wrong = " ".join(variants.not_in_force())
    assert f"NumPy still uses {here['features'][0]}" in wrong
    assert "NO_SUCH_FEATURE" not in wrong
    assert "not 97" in wrong
    assert not here["kernels"] or "not those for Pentium" in wrong
    assert not here["torch"] or "torch uses" in wrong


def test_every_file_that_is_left_out_exists():
    there = {path.stem.removeprefix("test_") for path in Path(variants.__file__).parent.glob("test_*.py")}
    assert set(variants.NOT_OF_NUMBERS) <= there


@pytest.mark.parametrize(("dtype", "eps"), [(np.complex64, 2**-23), (np.complex128, 2**-52)])
def test_noise_is_two_ulp_of_a_number_or_of_its_plane_and_the_same_again(rng, dtype, eps):
    z = (rng.normal(size=(3, 40, 60)) + 1j * rng.normal(size=(3, 40, 60))).astype(dtype)
    z[0] *= 1e-6
    found, again = (noise.perturb(z.copy()) for _ in range(2))
    np.testing.assert_array_equal(found, again)
    size = np.sqrt(np.mean(np.abs(z) ** 2, axis=(-2, -1), keepdims=True))
    for part, noisy in ((z.real, found.real), (z.imag, found.imag)):
        moved = np.abs(noisy - part) / (eps * np.maximum(np.abs(part), size))
        assert np.all(moved < 3)  # 2, and the rounding of the sum
        assert np.all(np.mean(moved > 1.5, axis=(-2, -1)) > 0.3)
    turned = z.swapaxes(-1, -2)
    assert np.any(noise.perturb(turned) is turned)
    assert not np.any(noise.perturb(np.zeros((2, 4, 4), dtype)))
    assert np.isnan(noise.perturb(np.full((1, 2, 2), np.nan, dtype))).all()


def test_perturbed_transforms_are_right_to_the_last_bits_and_keep_their_gradient():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, 8, 8))
    perturbed = noise._perturbed(fourier.fft2)
    differ = np.abs(perturbed(x) - np.fft.fft2(x))
    assert 0 < differ.max() < 1e-13
    lifted = torch.asarray(x).requires_grad_()
    torch.sum(torch.abs(perturbed(lifted)) ** 2).backward()
    assert_close(lifted.grad, 2 * 64 * x, NUMPY)  # by Parseval


def test_noise_that_comes_too_late_is_refused():
    import collapse_theory.torus  # noqa: F401, which takes fft2 by name

    before = fourier.fft2
    with pytest.raises(RuntimeError, match="has imported a Fourier transform before it was perturbed"):
        noise.install()
    assert fourier.fft2 is before


def test_tests_can_be_shuffled_in_the_same_way_again_and_reversed():
    def ordered(order):
        items = list(range(50))
        conftest.pytest_collection_modifyitems(SimpleNamespace(getoption=lambda _: order), items)
        return items

    assert ordered(None) == ordered("reversed")[::-1] == list(range(50))
    assert ordered("1") == ordered("1") != ordered("2")
    assert sorted(ordered("1")) == list(range(50))


def test_a_variant_starts_without_what_decides_and_keeps_the_rest(monkeypatch):
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "X86_V4")
    monkeypatch.setenv("KEPT", "1")
    environment = variants._environment(variants.Variant("threads-1", {"OMP_NUM_THREADS": "1"}))
    assert "NPY_DISABLE_CPU_FEATURES" not in environment
    assert environment["KEPT"] == os.environ["KEPT"]
    assert environment["OMP_NUM_THREADS"] == "1"
