"""The same tests on other machines, as far as this one can imitate them: nothing may depend on the last bits.

python -m tests.variants                  the tests of numbers in every variant of this machine, one line each
python -m tests.variants lowest fft       in these variants
python -m tests.variants --whole lowest   all tests
python -m tests.variants --list           what variants there are here, and what they set

A variant takes instructions away from NumPy and torch, changes the kernels of OpenBLAS (where OPENBLAS_CORETYPE is not
set already), the number of threads, the seed of Python's hashes, the order of the tests or the last bits of every
Fourier transform; `lowest` does most of it at once. What it asks of the processor is checked inside the run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from collapse_theory.machine.cores import cores

ROOT = Path(__file__).parents[1]
# Tests of files, of commands and of how things are written: they compute no numbers that a variant could change.
NOT_OF_NUMBERS = (
    *(
        "accuracy_of_learned_networks",
        "benchmarks",
        "campaigns",
        "checkpoints",
        "cifar",
        "commands",
        "computed_figures",
        "crafted_checkpoints",
    ),
    *("bad_input", "damaged_data", "faults", "killed_writers", "outside"),
    *("cells", "cupy", "damaged_results", "decoding", "distributed", "figures", "figures_style", "files"),
    *("folders", "gallery", "house", "identities", "identity", "imagenet", "interruption", "lead"),
    *("learning", "loaders", "made", "metrics", "mnist", "named_weights", "numbers", "options", "pages"),
    *("pickles", "pictures", "queue", "readme", "record", "report", "run_folders", "runs"),
    *("scatter_against_kymatio", "sharpness_of_the_claims", "sources", "stopping", "style"),
    *("tables_of_networks", "testing_arguments", "the_answer", "trained", "training_data", "tutorials"),
    *("variants", "versions"),
)
# What decides which instructions and how many threads compute; a variant starts without any of them.
DECIDING = (
    *("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "ATEN_CPU_CAPABILITY", "PYTHONHASHSEED"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
)
KERNELS = {"Haswell": ("AVX2", "FMA3"), "Zen": ("AVX2", "FMA3"), "SkylakeX": ("AVX512_SKX",)}  # and what they need


@dataclass(frozen=True)
class Variant:
    """environment : variables, beside those that decide nothing; options : of pytest."""

    name: str
    environment: dict = field(default_factory=dict)
    options: tuple = ()


def offered(here, environment=os.environ):
    """The variants of a processor and of its libraries: the plain run first, the furthest from it last.

    here : what `found` finds in a process that asks for nothing
    environment : of the caller
    """
    wide = [name for name in here["dispatched"] if "AVX512" in name or name == "X86_V4"]
    narrower = {"numpy-narrow": wide, "numpy-lowest": here["dispatched"]}
    numpy = {name: {"NPY_DISABLE_CPU_FEATURES": " ".join(features)} for name, features in narrower.items() if features}
    narrower = {"AVX512": ("avx2", "default"), "AVX2": ("default",)}.get(here["torch"], ())
    torch = {f"torch-{name}": {"ATEN_CPU_CAPABILITY": name} for name in narrower}
    # Whoever has set the kernels knows why: there are OpenBLAS builds that compute wrong numbers on some processors.
    free = bool(here["kernels"]) and "OPENBLAS_CORETYPE" not in environment
    kernels = [name for name, needed in KERNELS.items() if free and {*needed} <= {*here["features"]}]
    openblas = {f"openblas-{name}": {"OPENBLAS_CORETYPE": name} for name in kernels}
    threads = {f"threads-{count}": {"OMP_NUM_THREADS": str(count)} for count in (1, 2) if count <= here["cores"]}
    least = numpy.get("numpy-lowest", {}) | torch.get("torch-default", {}) | threads["threads-1"]
    return [
        Variant("plain"),
        *(Variant(name, settings) for name, settings in (numpy | torch | openblas | threads).items()),
        Variant("hashes", {"PYTHONHASHSEED": "1"}),
        Variant("reversed", options=("--order=reversed",)),
        Variant("shuffled", options=("--order=1",)),
        Variant("fft", options=("--perturb-fft",)),
        Variant("lowest", least | {"PYTHONHASHSEED": "2"}, ("--order=reversed", "--perturb-fft")),
    ]


def found():
    """What this process computes with: instructions of NumPy and torch, kernels of OpenBLAS, cores and threads."""
    import numpy as np
    import scipy.linalg  # noqa: F401  (brings an OpenBLAS of its own)
    import threadpoolctl
    from numpy._core import _multiarray_umath as core

    np.ones((2, 2)) @ np.ones((2, 2))
    features = [name for name, present in core.__cpu_features__.items() if present]
    blas = [entry for entry in threadpoolctl.threadpool_info() if entry["user_api"] == "blas"]
    torch = _torch()
    return {
        "cores": cores(),
        "features": features,
        "dispatched": [name for name in core.__cpu_dispatch__ if name in features],
        "kernels": sorted({entry["architecture"] for entry in blas if entry["internal_api"] == "openblas"}),
        "threads": sorted({entry["num_threads"] for entry in blas} | ({torch.get_num_threads()} if torch else set())),
        "torch": torch.backends.cpu.get_cpu_capability() if torch else None,
    }


def _torch():
    try:
        import torch
    except ImportError:
        return None
    return torch


def not_in_force():
    """What the environment of this process asks for and does not get, a list of sentences."""
    here, asked = found(), os.environ
    refused = [name for name in asked.get("NPY_DISABLE_CPU_FEATURES", "").split() if name in here["features"]]
    wrong = [f"NumPy still uses {name}" for name in refused]
    if (kernel := asked.get("OPENBLAS_CORETYPE")) and any(k.lower() != kernel.lower() for k in here["kernels"]):
        wrong.append(f"OpenBLAS uses the kernels {here['kernels']}, not those for {kernel}")
    if (capability := asked.get("ATEN_CPU_CAPABILITY")) and here["torch"] not in (None, capability.upper()):
        wrong.append(f"torch uses {here['torch']}, not {capability}")
    if (threads := asked.get("OMP_NUM_THREADS")) and here["threads"] != [int(threads.split(",")[0])]:
        wrong.append(f"products run on {here['threads']} threads, not {threads}")
    return wrong


def _environment(variant=Variant("plain")):
    return {name: value for name, value in os.environ.items() if name not in DECIDING} | variant.environment


def _found_in_a_fresh_process():
    code = "import json; from tests.variants import found; print(json.dumps(found()))"
    answer = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=_environment(), text=True)
    return json.loads(answer)


def run(variant, log, whole=False):
    """Run the tests in one variant, their output into the file `log`.  Returns the line to print and pytest's code."""
    left_out = () if whole else (f"--ignore=tests/test_{name}.py" for name in NOT_OF_NUMBERS)
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--in-force")
    start = time.perf_counter()
    with open(log, "w", encoding="utf-8") as file:
        command, environment = [*pytest, *variant.options, *left_out], _environment(variant)
        code = subprocess.run(command, cwd=ROOT, env=environment, stdout=file, stderr=file).returncode
    last = Path(log).read_text(encoding="utf-8").rstrip().rsplit("\n", 1)[-1].strip("= ")
    return f"{variant.name:<18} {time.perf_counter() - start:5.0f} s   {last}", code


def main(arguments=None):
    """Run, and print one line per variant.  Returns 1 if a test failed in one of them."""
    there = {variant.name: variant for variant in offered(_found_in_a_fresh_process())}
    options = _parser(there).parse_args(arguments)
    if options.list:
        for variant in there.values():
            settings = [f"{name}='{value}'" for name, value in variant.environment.items()]
            print(f"{variant.name:<18}", *settings, *variant.options)
        return 0
    folder, failed = Path(options.logs or tempfile.mkdtemp(prefix="variants-")), False
    folder.mkdir(parents=True, exist_ok=True)
    for name in options.names or there:
        line, code = run(there[name], folder / f"{name}.txt", options.whole)
        failed |= code != 0
        print(line + (f"   FAILED: {folder / name}.txt" if code else ""), flush=True)
    return 1 if failed else 0


def _parser(there):
    parser = argparse.ArgumentParser(prog="python -m tests.variants", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="VARIANT", help=f"any of {', '.join(there)}; default: all")
    parser.add_argument("--whole", action="store_true", help="all tests, not only those of numbers")
    parser.add_argument("--list", action="store_true", help="print the variants of this machine, run nothing")
    parser.add_argument("--logs", metavar="FOLDER", help="where the output of the tests goes (default: a new folder)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
