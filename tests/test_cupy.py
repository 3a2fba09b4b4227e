"""Doubts that need the CuPy wheel and NVRTC but no GPU: does the package stand beside them, and say what fails?"""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import collapse_theory
from collapse_theory.arrays import to_library

SOURCES = sorted(Path(collapse_theory.__file__).parent.rglob("*.py"))
CORRECT = (
    'extern "C" __global__ void modulus(float2* z, float* r) { int i = threadIdx.x; r[i] = hypotf(z[i].x, z[i].y); }'
)


def names_used_on_the_namespace():
    """Attribute chains asked of `xp` in the package, such as "linalg.solve", but those that hasattr asked for first."""
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    chains = [ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)]
    used = {chain.removeprefix("xp.") for chain in chains if chain.startswith("xp.") and "(" not in chain}
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "hasattr"]
    return sorted(used - {call.args[1].value for call in calls if ast.unparse(call.args[0]) == "xp"})


@pytest.mark.cupy
def test_cupy_has_every_function_that_the_package_uses():
    xp = importlib.import_module("array_api_compat.cupy")
    names = names_used_on_the_namespace()
    assert {"abs", "concat", "isdtype", "linalg.vector_norm"} <= set(names)
    for name in names:
        owner = xp
        for part in name.split("."):
            assert hasattr(owner, part), f"array_api_compat.cupy has no {name}"
            owner = getattr(owner, part)


@pytest.mark.cupy
def test_cupy_computes_or_says_that_it_sees_no_gpu():
    cupy = importlib.import_module("cupy")
    if cupy.cuda.is_available():
        assert float(to_library(np.ones(3), "cupy").sum()) == 3
    else:
        with pytest.raises(RuntimeError, match=r"cupy is installed, but it sees no GPU"):
            to_library(np.ones(3), "cupy")


@pytest.mark.cupy
def test_ledger_on_cupy_ends_with_one_clear_line_where_there_is_no_gpu():
    done = subprocess.run(
        [sys.executable, "-m", "collapse_theory", "--on", "cupy", "--examples", "1"], capture_output=True, text=True
    )
    if importlib.import_module("cupy").cuda.is_available():
        assert done.returncode == 0
    else:
        assert done.returncode == 2
        assert done.stderr == "error: cupy is installed, but it sees no GPU (cupy.cuda.is_available() is false)\n"


def compiled(source):
    """Machine code of a CUDA kernel for sm_90, by NVRTC alone."""
    nvrtc = importlib.import_module("cupy_backends.cuda.libs.nvrtc")
    program = nvrtc.createProgram(source, "kernel.cu", (), ())
    nvrtc.compileProgram(program, ("-arch=sm_90",))
    return nvrtc.getCUBIN(program)


@pytest.mark.kernels
def test_nvrtc_compiles_a_modulus_for_a_gpu_that_is_not_here_and_catches_a_typo():
    assert len(compiled(CORRECT)) > 500
    with pytest.raises(Exception, match="COMPILATION"):
        compiled(CORRECT.replace("hypotf", "hypotff"))
