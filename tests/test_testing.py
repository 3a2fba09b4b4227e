"""Doubts about the users' checks: each passes a lawful operator, catches a broken one, and says where it breaks."""

import copy
import multiprocessing
import pickle
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_theory import nonlinearities as n
from collapse_theory import testing, torus
from collapse_theory.arrays import array_namespace
from collapse_theory.fourier import fft2, ifft2
from collapse_theory.wavelets import morlet_bank, wavelet_transform

ROOT = Path(__file__).parents[1]
SHAPE = (2, 1, 8, 8)
BANK = morlet_bank(8, 2, 4)


def average_amplitudes(x):
    return 8 * array_namespace(x).mean(n.collapse_phase(wavelet_transform(x, BANK)), axis=(-2, -1))


def fourier_amplitudes(x):
    return n.collapse_phase(fft2(x)) / 8


CASES = {
    "translation invariance": (
        testing.assert_translation_invariant,
        average_amplitudes,
        lambda x: x[..., 0, 0],
        r"not translation-invariant: for the smallest shift found, \(0, 1\) samples, the error is 0.\d+ of",
        {},
    ),
    "translation equivariance": (
        testing.assert_translation_equivariant,
        lambda x: n.collapse_phase(wavelet_transform(x, BANK)),
        torus.subsample,
        r"not translation-equivariant: for the smallest shift found, \(0, 1\) samples, the error is 0.\d+ of",
        {},
    ),
    "phase invariance": (
        testing.assert_phase_invariant,
        n.collapse_phase,
        lambda z: array_namespace(z).real(z),
        "<lambda> is not phase-invariant: for the smallest phase found, 1°, the error is",
        {},
    ),
    "phase equivariance": (
        testing.assert_phase_equivariant,
        n.saturate,
        n.collapse_phase,
        "collapse_phase is not phase-equivariant: for the smallest phase found, 1°, the error is",
        {},
    ),
    "homogeneity": (
        testing.assert_homogeneous,
        n.rectify,
        n.saturate,
        "saturate is not homogeneous: for the smallest factor found, 0.25, the error is",
        {},
    ),
    "non-expansion": (
        testing.assert_non_expansive,
        lambda x: n.soft_threshold(x, 0.3),
        lambda x: 1.05 * n.rectify(x),
        r"expands: for the smallest step found, y = x \+ 0.000976562 h, .* is 1.0\d+, allowed 1",
        {},
    ),
    "stability": (
        testing.assert_deformation_stable,
        average_amplitudes,
        fourier_amplitudes,
        r"not deformation-stable: for the smallest deformation found, of gradient 0.00781 .* is \d.\d+, allowed 1.2",
        {"bound": 1.2},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_lawful_operator_passes(place, case):
    check, lawful, _, _, arguments = CASES[case]
    check(lawful, SHAPE, like=place.lift(np.zeros(1)), examples=25, **arguments)


@pytest.mark.parametrize("case", CASES)
def test_a_broken_operator_is_caught_at_its_smallest_parameter(place, case):
    check, _, broken, message, arguments = CASES[case]
    with pytest.raises(testing.LawBroken, match=message) as caught:
        check(broken, SHAPE, like=place.lift(np.zeros(1)), **arguments)
    assert isinstance(caught.value, AssertionError)
    assert not caught.value.ratio <= caught.value.bound
    assert all(x.shape == SHAPE for x in caught.value.images)


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        (testing.assert_phase_equivariant, n.rectify),
        (testing.assert_phase_invariant, lambda x: x),
    ],
)
def test_on_real_images_the_phase_is_the_sign(check, broken):
    lawful = n.saturate if check is testing.assert_phase_equivariant else n.collapse_phase
    check(lawful, kind="real", examples=20)
    with pytest.raises(testing.LawBroken, match="180°"):
        check(broken, kind="real")


def test_subsampling_moves_with_its_own_step_and_with_a_lowpass_before_with_any():
    testing.assert_translation_equivariant(torus.subsample, shifts=testing.shifts(multiple_of=2), examples=30)
    lowpass = np.linalg.norm(torus.frequencies((16, 16)), axis=-1) < np.pi / 2
    smooth = lambda x: torus.subsample(np.real(torus.convolve(x, lowpass)))  # noqa: E731
    testing.assert_translation_equivariant(smooth, examples=30)


def test_an_output_moves_by_its_own_part_of_the_shift_along_each_axis():
    shape, shifts = (1, 1, 16, 12), testing.shifts(12, multiple_of=6)
    for rows, columns in ((2, 1), (2, 3)):
        sampled = lambda x, a=rows, b=columns: x[..., ::a, ::b]  # noqa: E731
        testing.assert_translation_equivariant(sampled, shape, shifts=shifts, examples=20)


def test_the_search_is_the_same_every_time_and_its_counterexample_can_be_replayed():
    tried, caught = ([], []), []
    for seen in tried:
        first_cubed = lambda x, seen=seen: seen.append(x.copy()) or x[..., 0, 0] ** 3  # noqa: E731
        with pytest.raises(testing.LawBroken) as error:
            testing.assert_translation_invariant(first_cubed, SHAPE)
        caught.append(error.value)
    np.testing.assert_array_equal(*tried)
    x, shift = *caught[0].images, caught[0].parameter
    assert np.any(torus.roll(x, shift)[..., 0, 0] ** 3 != x[..., 0, 0] ** 3)


def test_what_an_operator_leaves_as_rounding_is_no_counterexample():
    narrow = morlet_bank(16, 2, 4).psi_hat[6]
    testing.assert_translation_equivariant(lambda x: n.collapse_phase(torus.convolve(x, narrow)))


def test_rounding_of_a_large_image_is_no_expansion_of_a_small_step():
    there_and_back = lambda x: array_namespace(x).real(ifft2(fft2(x)))  # noqa: E731
    of_all_sizes = st.builds(np.multiply, st.sampled_from([1.0, 1e13]), testing.images(SHAPE))
    testing.assert_non_expansive(there_and_back, SHAPE, inputs=of_all_sizes)


def test_an_operator_that_gives_nan_or_changes_shape_is_caught():
    with pytest.raises(testing.LawBroken, match="a value is NaN"):
        testing.assert_translation_invariant(lambda x: x[..., 0, 0] * np.nan)
    with pytest.raises(testing.LawBroken):
        testing.assert_translation_invariant(lambda x: x[x != 0])


def broken(check=testing.assert_translation_invariant, operator=np.asarray):
    with pytest.raises(testing.LawBroken) as caught:
        check(operator, (1, 1, 8, 8))
    return caught.value


def assert_alike(error, other):
    assert type(error) is type(other) is testing.LawBroken
    assert (str(error), error.parameter, error.ratio, error.bound) == (
        str(other),
        other.parameter,
        other.ratio,
        other.bound,
    )
    np.testing.assert_array_equal(error.images, other.images)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_counterexample_can_be_copied_and_pickled(again):
    error = broken()
    error.add_note("seen on Monday")
    assert_alike(again(error), error)
    assert again(error).__notes__ == ["seen on Monday"]
    assert_alike(again(again(error)), error)


def test_a_counterexample_comes_back_from_a_pool():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(testing.assert_translation_invariant, np.asarray, (1, 1, 8, 8)).exception(timeout=120)
    assert_alike(found, broken())


@settings(max_examples=1)
@given(st.integers(1, 3))
def test_a_check_works_inside_of_a_test_of_hypothesis(channels):
    shape = (1, channels, 8, 8)
    testing.assert_homogeneous(n.rectify, shape, examples=5)
    with pytest.raises(testing.LawBroken):
        testing.assert_homogeneous(n.saturate, shape, examples=5)


def test_works_without_pytest():
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from collapse_theory import nonlinearities, testing\n"
        "testing.assert_homogeneous(nonlinearities.rectify, examples=5)\n"
        "testing.assert_homogeneous(nonlinearities.saturate)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "LawBroken: saturate is not homogeneous" in run.stderr


def test_the_example_of_the_readme_runs_as_written():
    pytest.importorskip("torch")
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Test your own operators", 1)[1]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    lawful, broken, message = re.split(r"\n(?=testing.assert_translation_equivariant|# LawBroken)", code)
    scope = {}
    exec(lawful, scope)
    with pytest.raises(testing.LawBroken) as caught:
        exec(broken, scope)
    assert " ".join(line.strip("# ") for line in message.splitlines()) == f"LawBroken: {caught.value}"


def blur(padding):
    """The mean of each image over 3 x 3 samples, `padding` being as in `numpy.pad`."""

    def blurred(x):
        rows, columns = x.shape[-2:]
        padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + 2 * [(1, 1)], mode=padding)
        return sum(padded[..., i : i + rows, j : j + columns] for i in range(3) for j in range(3)) / 9

    return blurred


def test_zero_padding_is_guessed_where_the_border_alone_is_wrong():
    testing.assert_translation_equivariant(blur("wrap"), examples=10)
    with pytest.raises(testing.LawBroken, match=r"near the border alone: does it pad with zeros\?$"):
        testing.assert_translation_equivariant(blur("constant"), examples=10)
    ramp = np.arange(16.0)
    with pytest.raises(testing.LawBroken) as broken:
        testing.assert_translation_equivariant(lambda x: ramp * x, examples=10)
    assert "border" not in str(broken.value)
