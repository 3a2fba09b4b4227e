"""Doubts about public names: does what raises say so, and does `__all__` of each module list what is public?"""

import ast
import re

from .test_house import LIBRARY, PACKAGE, ROOT, tree

CROSSING = """
benchmark_of_training commands computed_figures crafted_checkpoints cupy damaged_data damaged_results examples
fair_comparison faults auditing_against_neural_collapse
filters_in_high_precision house killed_writers learned_comparisons learned_compiled learned_mixing named
own_results png_sums public_names recorded_words run_folders same_bits scatter scatter_against_kymatio splits
table_of_claims testing_arguments testing_power types versions weights
"""  # tests of one doubt about several files


def test_public_functions_that_raise_say_so():
    """By `raise` or a check, in their own body or in a private function of their file that they call."""
    silent = [f"{path.relative_to(PACKAGE)}: {name}" for path in LIBRARY for name in silent_in(tree(path))]
    assert not silent


def test_a_function_that_raises_in_silence_would_be_seen():
    source = "class A:\n    def f(self):\n        self._g()\n    def _g(self):\n        raise ValueError\n"
    assert [*silent_in(ast.parse(source))] == ["A.f"]
    assert [*silent_in(ast.parse('def f(x):\n    "Returns x."\n    return check_count(x)'))] == ["f"]
    assert not [*silent_in(ast.parse('def f(x):\n    "Raises as `check_count`."\n    return check_count(x)'))]


def silent_in(module):
    """Names of the public functions and methods of a file that raise and whose docstring does not say so.

    A class may speak for what makes or calls its objects; `testing` adds to each of its checks what they share.
    """
    functions = {n.name: n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)}
    covered = ("__init__", "__post_init__", "__call__", "__getitem__", "forward")
    for outer in module.body:
        is_class = isinstance(outer, ast.ClassDef)
        if isinstance(outer, ast.FunctionDef | ast.ClassDef) and not outer.name.startswith("_"):
            for node in outer.body if is_class else [outer]:
                if not isinstance(node, ast.FunctionDef) or (node.name.startswith("_") and node.name not in covered):
                    continue
                said = [node, outer] if is_class and node.name in covered else [node]
                shared = any(getattr(d, "id", "") == "_explained" for d in node.decorator_list)
                if raises(node, functions) and not shared and not any(says_raises(n) for n in said):
                    yield f"{outer.name}.{node.name}" if is_class else node.name


def says_raises(node):
    return re.search(r"\b[Rr]aises?\b", ast.get_docstring(node) or "")


def raises(node, functions, passed=()):
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and inner.exc is not None:
            return True
        if isinstance(inner, ast.Call):
            own = getattr(getattr(inner.func, "value", None), "id", "") == "self"
            name = inner.func.attr if own else getattr(inner.func, "id", "")
            if name.lstrip("_").startswith("check_") or name == "_check":
                return True
            called = functions.get(name) if name.startswith("_") and name not in passed else None
            if called and raises(called, functions, (*passed, name)):
                return True
    return False


def test_all_names_every_public_name_of_a_module():
    """Those that it makes, and those that others import from it; the interface of claims names what a claim holds."""
    asked = {path: set() for path in LIBRARY}
    for path in LIBRARY:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.level:
                source = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                file = source.with_suffix(".py") if source.with_suffix(".py") in asked else source / "__init__.py"
                asked[file] |= {alias.name for alias in node.names}
    for path in LIBRARY:
        if path.stem in ("__init__", "__main__") or path.parent.name == "claims":
            continue
        listed, made = names_of(tree(path))
        assert listed is not None, path
        public = {name for name in made | asked[path] if not name.startswith("_")}
        assert public <= set(listed), (path, sorted(public - set(listed)))
        assert len(listed) == len({*listed}), path
        assert not [name for name in asked[path] if name.startswith("_")], path
    for path in LIBRARY:
        module = tree(path)
        bound = names_of(module)[1] | {
            alias.asname or alias.name for n in ast.walk(module) if isinstance(n, ast.ImportFrom) for alias in n.names
        }
        assert {*(names_of(module)[0] or ())} <= bound, path


def names_of(module):
    """(`__all__` if it is written out, the names that a module makes)."""
    listed, made = None, set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            made |= names
            if "__all__" in names and isinstance(node.value, ast.List):
                listed = ast.literal_eval(node.value)
    return listed, made


def test_test_files_are_named_after_the_files_they_doubt():
    """Or after a folder, or both where two files share a name; what crosses files is listed."""
    known = {"readme"}
    for folder in ("collapse_theory", "analysis", "figures", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            known |= {path.stem, path.parent.name, f"{path.parent.name}_{path.stem}"}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    assert tests - known == {*CROSSING.split()}
    for path in (ROOT / "tests").glob("test_*.py"):
        assert re.match(r"Doubts |Every ", ast.get_docstring(tree(path))), path
