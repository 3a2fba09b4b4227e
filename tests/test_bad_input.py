"""Doubts about what is handed in: is bad input refused by name, and does an odd layout give the plain one's values?

The tables of what functions refuse are in tests/bad_input.py and the other tests/bad_*.py; the tests of each module go
deeper into their own.
"""

import ast
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from analysis import __main__ as analysis_command
from collapse_theory import __main__ as ledger_command
from collapse_theory import (
    arrays,
    comparison,
    datasets,
    estimators,
    fourier,
    nonlinearities,
    plot,
    processes,
    scattering,
    separation,
    testing,
    torus,
    wavelets,
)
from collapse_theory.arguments import as_images
from collapse_theory.machine import cores
from collapse_theory.nonlinearities import NONLINEARITIES, compress, soft_threshold
from collapse_theory.scattering import mix_channels, scatter
from collapse_theory.separation import class_means, within_class_variance
from collapse_theory.torus import convolve, deform, fold, reflect, roll, subsample, translate
from collapse_theory.wavelets import inverse_transform, wavelet_transform
from figures import __main__ as figures_command
from tests import bad_arrays, bad_comparison, bad_data, bad_input
from tests.bad_input import FLAT, TIGHT, X, Y, batches, cascaded, in_torch, moments, on_second_device, transformer
from tests.places import NUMPY, assert_close

REFUSED = [*bad_input.REFUSED, *bad_arrays.REFUSED, *bad_data.REFUSED, *bad_comparison.REFUSED]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0])
def test_bad_input_is_refused_by_name(case):
    _, call, error, argument, got, wants = case
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert got
    assert wants
    assert type(caught.value) is error, message
    assert re.match(rf"{re.escape(argument)}\b", message), message
    assert got in message, message
    assert wants in message, message


PACKAGE = (
    *(arrays, cores, fourier, torus, wavelets, nonlinearities, scattering, separation),
    *(processes, datasets, testing, estimators, comparison, plot),
)
EXCEPTED = {
    "Array": "is a type",
    "array_namespace": "takes what array-api-compat takes, and refuses in its words",
    "cores": "takes nothing",
    "is_cupy_array": "takes anything",
    "is_kind": "takes any array",
    "is_numpy_array": "takes anything",
    "is_torch_array": "takes anything",
    "shape": "takes any array",
    "cores_for": "takes a number that the caller has counted",
    "split_among_cores": "takes an array, and an axis that the caller knows",
    "free_cores": "takes nothing",
    "widest_dtype": "takes a namespace, and a kind that the caller knows",
    "by_numpy": "takes a function, and what it takes",
    "numpy_view": "gives None for what it does not take",
    "device": "gives an attribute of its argument",
    "in_double": "takes an array that the caller has checked",
    "jackknife_error": "takes replicates, which the caller has from moments",
    "jackknife_interval": "takes replicates, which the caller has from moments",
    "is_complex": "gives an attribute of its argument",
    "on_cores": "takes a function, and what the caller has checked",
    "phases": "takes nothing",
    "LawBroken": "is what refuses",
    "FilesPassedOver": "is what warns",
    "FittedNonlinearity": "is made by fitted, which is here",
    "Comparison": "is made by across_layers, which is here",
    "Evidence": "is made by Comparison.evidence, or of what it wrote",
    "Batches": "is made by array_batches and image_batches, which are here",
}


def test_every_public_function_is_in_a_table_or_excepted():
    used = set().union(*map(references, (bad_input, bad_arrays, bad_comparison, bad_data, sys.modules[__name__])))
    public = {(module, name) for module in PACKAGE for name in module.__all__ if not name.isupper()}
    assert {name for module, name in public if id(getattr(module, name)) not in used} == set(EXCEPTED)


def references(module):
    """Identities of the objects that the code of a module mentions, other than to import them."""
    tree, found = ast.parse(Path(module.__file__).read_text(encoding="utf-8")), [*NONLINEARITIES.values()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.append(getattr(getattr(module, node.value.id, None), node.attr, None))
        elif isinstance(node, ast.Name):
            found.append(getattr(module, node.id, None))
    return set(map(id, found))


def test_the_table_is_long_and_its_names_differ():
    assert len({name for name, *_ in REFUSED}) == len(REFUSED) >= 60


def memory_mapped(x, folder):
    path = folder / "x.bin"
    np.memmap(path, dtype=x.dtype, mode="w+", shape=x.shape)[...] = x
    return np.memmap(path, dtype=x.dtype, mode="r", shape=x.shape)


def read_only(x, folder):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "read-only": read_only,
    "negative strides": lambda x, folder: x[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
    "every second sample": lambda x, folder: np.repeat(x, 2, axis=-1)[..., ::2],
    "Fortran order": lambda x, folder: np.asfortranarray(x),
    "memory-mapped": memory_mapped,
    "broadcast": lambda x, folder: np.broadcast_to(x[:1], x.shape),
    "byte-swapped": lambda x, folder: x.astype(x.dtype.newbyteorder()),
}
FUNCTIONS = {
    "images": as_images,
    "fft2": fourier.fft2,
    "inverse_sum": lambda x: fourier.inverse_sum(x.astype(np.complex128)),
    "to_library": lambda x: arrays.to_host(arrays.to_library(as_images(x), "torch")),
    "translate": lambda x: translate(x, (0.5, 1)),
    "roll": lambda x: roll(x, (1, 2)),
    "deform": lambda x: deform(x, np.ones((8, 8, 2)) / 3),
    "convolve": lambda x: convolve(x, FLAT),
    "subsample": subsample,
    "fold": fold,
    "reflect": lambda x: reflect(x, (12, 12)),
    "wavelet_transform": lambda x: wavelet_transform(x, TIGHT),
    "inverse_transform": lambda x: inverse_transform(np.concatenate([x, x, x[:1]]), TIGHT),
    "crop": lambda x: torus.crop(x, 2),
    "at_opposite_frequencies": torus.at_opposite_frequencies,
    "amplitude_and_phase": lambda x: np.stack(wavelets.amplitude_and_phase(x)),
    **{name: f for name, f in NONLINEARITIES.items() if name != "phase collapse beyond"},
    "soft threshold": lambda x: soft_threshold(x, 0.5),
    "phase collapse beyond": lambda x: nonlinearities.collapse_beyond(x, 0.5),
    "compression": compress,
    "cascade": lambda x: cascaded(x, nonlinearity="phase collapse", depth=2)[-1],
    "mix_channels": lambda x: mix_channels(x, np.array([[1.0, 2.0]])),
    "scatter": lambda x: scatter(x, 1, angles=2),
    "class_means": lambda x: class_means(x, Y, classes=2),
    "within_class_variance": lambda x: np.asarray(within_class_variance(x, 0 * Y, classes=1)),
    "ClassMoments": lambda x: moments(x).class_means,
    "phase_randomised": lambda x: processes.phase_randomised(x[:, None], seed=0),
    "moved": lambda x: processes.moved(x, 3, seed=0),
    "labelled": lambda x: processes.labelled(x, x)[0],
    "array_batches": lambda x: next(iter(batches(x[:, None], seed=0)))[0],
    "transformer": lambda x: transformer(x.reshape(2, 64)).transform(x.reshape(2, 64)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_layout_gives_the_values_of_the_plain_one(name, layout, tmp_path):
    x = LAYOUTS[layout](X, tmp_path)
    plain = np.ascontiguousarray(x, dtype=np.float64)
    before = plain.copy()
    assert_close(FUNCTIONS[name](x), FUNCTIONS[name](plain), NUMPY)
    np.testing.assert_array_equal(np.asarray(x), before)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64", "float32", "complex64"])
@pytest.mark.parametrize("name", ["translate", "wavelet_transform", "cascade", "class_means", "ClassMoments"])
def test_any_number_gives_the_values_of_the_double_precision_one(name, dtype):
    x = np.arange(128).reshape(2, 8, 8).astype(dtype)
    expected = FUNCTIONS[name](x.astype(np.complex128 if dtype == "complex64" else np.float64))
    assert_close(FUNCTIONS[name](x), expected, NUMPY, rounding=1e-12 if x.dtype.kind in "biu" else 1e-5)


@pytest.mark.parametrize("lift", [in_torch, on_second_device], ids=["torch", "second device"])
@pytest.mark.parametrize("side", [(1, 1), (1, 8), (5, 7), (2, 3)], ids=str)
def test_single_odd_and_prime_sides_work_where_no_scale_forbids_them(side, lift):
    x = np.random.default_rng(1).normal(size=(2, 1, *side))
    for operation in (lambda y: translate(y, (1, 1)), lambda y: reflect(y, (9, 9)), nonlinearities.collapse_phase):
        assert_close(operation(lift(x)), operation(x), NUMPY)
    assert_close(moments(lift(x)).class_means, x, NUMPY)


REAL, LAYERS, PHASE, FEW, LEARNED = (
    *("do_real_images_separate", "separation_across_layers"),
    *("what_the_phase_knew", "few_samples_a_class"),
    "accuracy_of_learned_networks",
)
COMMANDS = [  # a command, its arguments, and what its last line of error must say
    (analysis_command, ["anatomy_of_a_network", "--images", "0"], "images: expected an integer from"),
    (ledger_command, ["--examples", "0"], "--examples: expected a positive integer, got '0'"),
    (ledger_command, ["--on", "jax"], "--on: invalid choice: 'jax' (choose from"),
    (analysis_command, ["colours"], f"unknown question 'colours'; known: {', '.join(analysis_command.QUESTIONS)}"),
    (analysis_command, [FEW, "--draws", "0"], "draws: expected an integer from 1 to 10000, got 0"),
    (analysis_command, [FEW, "--seed", "-1"], "seed: expected an integer from 0 to 4294967295, got -1"),
    (analysis_command, [FEW, "--on", "jax"], "on: invalid choice: 'jax' (choose from"),
    (analysis_command, [LAYERS, "--images", "0"], "images: expected an integer from 1 to 10000000, got 0"),
    (analysis_command, [LAYERS, "--seed", "-1"], "seed: expected an integer from 0 to 4294967295, got -1"),
    (analysis_command, [LAYERS, "--setting", "wide"], "setting: invalid choice: 'wide' (choose from"),
    (analysis_command, [LAYERS, "--data", "nowhere"], "data: 'nowhere' is no folder"),
    (analysis_command, [PHASE, "--steps", "0"], "steps: expected an integer from 1 to 1000000, got 0"),
    (analysis_command, [PHASE, "--steps", "many"], "steps: expected an integer from 1 to 1000000, got many"),
    (analysis_command, [PHASE, "--seed", "-1"], "seed: expected an integer from 0 to 4294967295, got -1"),
    (analysis_command, [REAL, "--images", "3"], "images: expected an integer from 20 to 10000000, got 3"),
    (analysis_command, [REAL, "--seed", "-1"], "seed: expected an integer from 0 to 4294967295, got -1"),
    (analysis_command, [REAL, "--data", "mnist"], "data: invalid choice: 'mnist' (choose from"),
    (analysis_command, [REAL, "--operations", "relu"], "operations: invalid choice: 'relu' (choose from"),
    (analysis_command, [REAL], "was found; README.md, Data, says where they go"),
    (
        analysis_command,
        ["tuning_of_learned_networks", "--first", "0"],
        "first: expected an integer from 1 to 100, got 0",
    ),
    (analysis_command, [LEARNED, "--table", "9"], "table: invalid choice: '9' (choose from"),
    (analysis_command, [LEARNED, "--preset", "huge"], "preset: invalid choice: 'huge' (choose from"),
    (analysis_command, [LEARNED, "--epochs", "many"], "epochs: expected an integer from 1 to 1000000, got many"),
    (analysis_command, [LEARNED, "--terms", "fair"], "terms: invalid choice: 'fair' (choose from"),
    (figures_command, ["three_rings"], f"unknown figure 'three_rings'; known: {', '.join(figures_command.NAMES)}"),
    (figures_command, ["--on", "jax"], "on: invalid choice: 'jax' (choose from"),
    (
        figures_command,
        ["--format", "png,gif"],
        "format: expected some of png, pdf, svg, each once, with commas, got 'pn",
    ),
    (
        figures_command,
        ["--format", "png,png"],
        "format: expected some of png, pdf, svg, each once, with commas, got 'pn",
    ),
    (figures_command, ["--width", "wide"], "width: expected a width as 17.8cm, 178mm or 7in, got 'wide'"),
    (figures_command, ["--width", "2cm"], "width: expected 8 to 40 cm, got 2"),
    (figures_command, ["--width", "500in"], "width: expected 8 to 40 cm, got 1270"),
]


@pytest.mark.parametrize(("command", "arguments", "message"), COMMANDS, ids=lambda part: str(part)[-40:])
def test_wrong_commands_end_with_status_2_and_one_line(command, arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(datasets.SEARCH_PATH, str(tmp_path))
    out = [] if command is ledger_command or arguments == ["colours"] else ["--out", str(tmp_path)]
    try:
        status = command.main([*arguments, *out])
    except SystemExit as stopped:  # argparse's own
        status = stopped.code
    assert status == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "error: " in line
    assert message in line


def test_every_command_is_in_the_table():
    assert {command for command, *_ in COMMANDS} == {ledger_command, analysis_command, figures_command}
    assert {arguments[0] for command, arguments, _ in COMMANDS if command is analysis_command} == {
        "colours",
        *analysis_command.QUESTIONS,
    }
