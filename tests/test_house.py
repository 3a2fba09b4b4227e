"""Doubts about the house: who may import whom, what importing costs, and whether files stay small enough to read."""

import ast
import importlib.util
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import collapse_theory

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "collapse_theory"
LIBRARY = sorted(PACKAGE.rglob("*.py"))
EVERYTHING = [
    p for folder in ("collapse_theory", "analysis", "figures", "tests") for p in sorted((ROOT / folder).rglob("*.py"))
]
FOUNDATION = {
    *("contexts", "arguments", "arrays", "labels", "machine"),
    *("fourier", "torus", "wavelets", "nonlinearities"),
}
MAY_IMPORT = {
    "contexts": set(),
    "arguments": {"arrays", "contexts", "transfers"},
    "transfers": set(),
    "arrays": {"contexts", "transfers"},
    "labels": {"arrays"},
    "machine": {"arrays", "contexts"},
    "files": set(),
    "extras": set(),
    "fourier": {"arrays", "arguments", "machine"},
    "torus": {"arguments", "arrays", "contexts", "fourier", "machine"},
    "wavelets": {"arguments", "arrays", "contexts", "fourier", "torus"},
    "nonlinearities": {"arguments", "arrays", "contexts"},
    "scattering": FOUNDATION,
    "separation": {"arguments", "arrays", "labels", "machine", "contexts"},
    "processes": {"arguments", "arrays", "fourier", "torus"},
    "datasets": {"arguments", "arrays", "files", "labels", "machine"},
    "testing": FOUNDATION | {"extras", "scattering", "separation", "processes", "datasets"},
    "claims": FOUNDATION | {"scattering", "separation", "processes"},
    "learned": FOUNDATION | {"extras", "files", "scattering", "separation", "processes", "datasets"},
    "estimators": {"arguments", "extras", "arrays", "labels", "wavelets", "scattering", "separation"},
    "comparison": FOUNDATION | {"scattering", "separation", "processes", "datasets"},
    "plot": {"arguments", "comparison", "learned"},  # of learned its types alone
    "ledger": {"arrays", "claims"},
    "__main__": {"__version__", "arrays", "ledger"},
    "__init__": set(),
}
# Import an extra at once, since their users have asked for it; and which. Modules of `learned` come when they are used.
NEED_EXTRAS = {"estimators": "sklearn", "testing": "hypothesis", "learned": "torch"}
LAZY = {"learned"}
HEAVY = ("torch", "cupy", "matplotlib", "sklearn", "skimage", "hypothesis", "scipy.stats", "scipy.fft", "numba")
LIBRARIES = {"torch", "cupy", "array_api_strict", "array_api_compat"}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path):
    """The module or package of ours that a file belongs to, by its first name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def modules_imported(path):
    """Modules of ours that a file imports from outside its own, by their first names."""
    depth, found = len(path.relative_to(PACKAGE).parts), set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
    return found


def bodies(path):
    """Lines of each function without its docstring."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[ast.get_docstring(node) is not None :]
            yield (f"{path.name}:{node.name}", node.end_lineno - first[0].lineno + 1) if first else (node.name, 0)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_what_lies_below(path):
    assert modules_imported(path) <= MAY_IMPORT[module_of(path)]


def test_modules_of_the_package_come_when_they_are_used_in_the_order_of_its_docstring():
    assert re.findall(r"^    (\w+) {2,}\S", collapse_theory.__doc__, re.MULTILINE) == [*collapse_theory.MODULES]
    code = (
        "import sys, collapse_theory as ct\n"
        "assert 'collapse_theory.torus' not in sys.modules\n"
        "assert {*ct.MODULES} <= {*dir(ct)}\n"
        "assert ct.torus is sys.modules['collapse_theory.torus']\n"
        "assert not hasattr(ct, 'moments')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    behind = re.search(r"Behind them stand (.*?)\n\n", collapse_theory.__doc__, re.DOTALL).group(1)
    named = {*collapse_theory.MODULES, *re.findall(r"`(\w+)`", behind)}
    assert named == {module_of(path) for path in LIBRARY} - {"__init__", "__main__"}
    for name in collapse_theory.MODULES:
        assert importlib.util.find_spec(f"collapse_theory.{name}")


def test_an_upward_import_would_be_seen():
    assert modules_imported(PACKAGE / "scattering" / "cascades.py") - MAY_IMPORT["torus"] >= {"wavelets"}


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_arrays_names_an_array_library(path):
    """Of the library, of analysis and of figures; a tutorial is what a user writes."""
    if path.name == "arrays.py" or path.parent.name in ("learned", "auditing", "tests", "tutorials"):
        return
    imported = {
        alias.name.split(".")[0] for n in ast.walk(tree(path)) if isinstance(n, ast.Import) for alias in n.names
    }
    imported |= {n.module.split(".")[0] for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom) and n.module}
    assert not imported & LIBRARIES


def test_higher_floors_are_not_imported_from_below():
    for path in LIBRARY:
        assert not {"analysis", "figures", "tests"} & {w for n in ast.walk(tree(path)) for w in imported_roots(n)}


def imported_roots(node):
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {node.module.split(".")[0]} if isinstance(node, ast.ImportFrom) and node.module and not node.level else set()


def test_importing_the_package_imports_nothing_heavy():
    at_once = set(NEED_EXTRAS) - LAZY
    loaded = modules_loaded_by(sorted({module_of(p) for p in LIBRARY} - {"__init__", "__main__"} - at_once))
    assert "collapse_theory.claims" in loaded
    assert not set(HEAVY) & loaded


def test_testing_imports_hypothesis_and_nothing_else_that_is_heavy():
    assert set(HEAVY) & modules_loaded_by(["testing"]) == {NEED_EXTRAS["testing"]}


def test_modules_of_learned_that_need_no_torch_come_without_it():
    """Those that neither import it nor a module beside them that does."""
    beside = {p.stem: p for p in (PACKAGE / "learned").glob("[!_]*.py")}
    need = {
        name for name, p in beside.items() if any({"torch", "safetensors"} & imported_roots(n) for n in tree(p).body)
    }
    while more := {name for name, p in beside.items() if need & imported_beside(p)} - need:
        need |= more
    free = sorted(set(beside) - need)
    assert "recipes" in free
    assert not set(HEAVY) & modules_loaded_by([f"learned.{name}" for name in free])
    code = (
        "import sys; from collapse_theory import learned\n"
        "from collapse_theory.learned.recipes import Recipe\n"
        "assert learned.Recipe is Recipe and {*learned.__all__, 'checkpoints'} <= {*dir(learned)}\n"
        "assert not hasattr(learned, 'nothing') and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def imported_beside(path):
    """Modules of the same folder that a file imports when it is imported itself."""
    nodes = [node for node in tree(path).body if isinstance(node, ast.ImportFrom) and node.level == 1]
    return {name for n in nodes for name in ([n.module] if n.module else [alias.name for alias in n.names])}


def test_every_name_of_learned_is_there():
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    learned = collapse_theory.learned
    assert [name for name in learned.__all__ if not hasattr(learned, name)] == []


def modules_loaded_by(modules):
    code = f"import sys; {'; '.join(f'import collapse_theory.{m}' for m in modules)}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split())


def test_importing_the_package_is_quick():
    ours = "import collapse_theory.scattering, collapse_theory.separation"
    timed = f"import numpy, time; start = time.process_time(); {ours}; print(time.process_time() - start)"
    compiled = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}  # as for a user, whose second import finds it compiled
    runs = [subprocess.check_output([sys.executable, "-c", timed], cwd=ROOT, env=compiled) for _ in range(8)]
    assert statistics.median(float(seconds) for seconds in runs[1:]) < 0.1


def test_files_and_bodies_stay_readable():
    for path in EVERYTHING:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path
    lengths = [body for path in LIBRARY for body in bodies(path)]
    assert max(lengths, key=lambda body: body[1])[1] <= 40, max(lengths, key=lambda body: body[1])
    assert statistics.median(length for _, length in lengths) < 10


def test_every_module_and_public_function_of_the_package_is_documented():
    for path in LIBRARY:
        assert ast.get_docstring(tree(path)), path
        for node in tree(path).body:
            claim_side = module_of(path) == "claims"
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not claim_side:
                assert ast.get_docstring(node) or path.stem == "__main__", f"{path.name}: {node.name}"


def test_help_spells_no_alias_of_numpy_out():
    """`ArrayLike` is a union of 500 characters, which `help` prints unless the annotation is text."""
    for path in LIBRARY:
        assert not [n for n in ast.walk(tree(path)) if isinstance(n, ast.Name) and n.id == "ArrayLike"], path


@pytest.mark.parametrize(("module", "extra"), NEED_EXTRAS.items())
def test_an_extra_is_imported_at_once_by_one_module_alone(module, extra):
    nodes = [(p, inner) for p in LIBRARY for node in tree(p).body for inner in (node, *getattr(node, "body", ()))]
    assert {module_of(p) for p, node in nodes if extra in imported_roots(node)} == {module}


@pytest.mark.parametrize(("module", "extra"), NEED_EXTRAS.items())
def test_a_module_without_its_extra_says_what_to_install(module, extra):
    code = (
        f"import sys; sys.modules[{extra!r}] = None\n"
        f"try:\n    from collapse_theory.{module} import *\n"
        f"except ImportError as error:\n    print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    names = {"sklearn": "figures", "hypothesis": "test", "torch": "torch"}
    assert said == f'{extra} is not installed, which this needs: pip install "collapse_theory[{names[extra]}]"\n'
