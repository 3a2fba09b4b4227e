"""Doubts about the READMEs: does their code run alone, do their commands exist, do their tables hold?"""

import contextlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import pytest

from analysis import record
from analysis.instruments.layer_table import known
from analysis.instruments.trainings import completed
from collapse_theory import datasets

ROOT = Path(__file__).parents[1]
EXTRAS = (
    "torch",
    "safetensors",
    "sklearn",
    "skimage",
    "hypothesis",
    "matplotlib",
    "PIL",
    "scikit-learn",
    "scikit-image",
)
READMES = [
    ROOT / "README.md",
    *(
        p
        for folder in ("collapse_theory", "analysis", "figures", "tests")
        for p in sorted((ROOT / folder).rglob("README.md"))
    ),
]


def text_of(path):
    return path.read_text(encoding="utf-8")


README = text_of(ROOT / "README.md")
DATASETS, LEARNED = (text_of(ROOT / "collapse_theory" / name / "README.md") for name in ("datasets", "learned"))


def section(title):
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text):
    """Cells of each row of the first table of a section; a bar in a cell is escaped, as Markdown asks."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")) for line in lines[2:]]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in cells]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


BLOCKS = {  # of two that are the same, one
    block: pytest.param(words, block, id=f"{name_of(path)}, {number}")
    for path in READMES
    for number, (words, block) in enumerate(
        re.findall(r"^```python *(.*)\n((?:.*\n)*?)```$", text_of(path), re.MULTILINE)
    )
}


@pytest.mark.parametrize(("words", "block"), BLOCKS.values())
def test_a_block_of_code_runs_alone_in_an_empty_folder(tmp_path, words, block):
    """Or ends in the error that it shows as "# NameOfTheError: ..."; one that is marked "needs data" may lack them."""
    assert words in ("", "needs data")
    found = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    ran = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, env=found, capture_output=True, text=True)
    error = last_error(ran.stderr)
    if ran.returncode and any(extra in error and not installed(extra) for extra in EXTRAS):
        pytest.skip(error)
    if ran.returncode and words == "needs data" and "DataNotFound" in error:
        pytest.skip(error)
    shown = re.findall(r"^# (\w+(?:Error|Broken)): ", block, re.MULTILINE)
    assert [error.split(":")[0].rpartition(".")[2]] == shown if shown else not ran.returncode, ran.stderr


def last_error(text):
    """The line of a traceback that names the error."""
    return next((line for line in reversed(text.splitlines()) if re.match(r"[\w.]+(:|$)", line)), "")


def installed(name):
    return importlib.util.find_spec(name) is not None


def commands(text):
    """Each `python -m MODULE ...` of ours in a text, in a block or in a line, as words."""
    found = re.findall(r"python -m ((?:analysis|collapse_theory|figures|tests\.benchmarks)\b[^`\n#]*)", text)
    return [shlex.split(command.split(" &&")[0]) for command in found]


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_the_options_of_its_commands_are_those_of_their_help(path, capsys):
    for module, *words in commands(text_of(path)):
        name = [word for word in words[:1] if module in ("analysis", "figures") and not word.startswith("-")]
        if name in (["NAME"], ["[NAME]"]):
            continue
        options = {word.split("=")[0] for word in words if re.match("--[a-z]", word)}
        is_package = (ROOT / module.replace(".", "/")).is_dir()
        main = importlib.import_module(f"{module}.__main__" if is_package else module).main
        with contextlib.suppress(SystemExit):
            main([*name * (module == "analysis"), "--help"])
        help_text = capsys.readouterr().out
        assert "--help" in help_text, (module, words)
        assert options <= set(re.findall(r"--[a-z][\w-]*", help_text)), (module, words)


@pytest.mark.parametrize("path", READMES, ids=name_of)
def test_its_local_links_lead_somewhere(path):
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text_of(path)) if "://" not in link]
    assert [link for link in links if link and not (path.parent / link).exists()] == []


def test_the_folders_of_data_are_those_that_are_looked_for(tmp_path):
    """Each reader of published data has a row, whose folders are in the error of a set that is not there."""
    table = rows(DATASETS)
    for read in (
        datasets.cifar10,
        datasets.cifar100,
        datasets.mnist,
        datasets.fashion_mnist,
        datasets.emnist,
        datasets.kth_tips,
    ):
        (folders,) = [row[2] for row in table if row[3].startswith(f"`{read.__name__}(")]
        with pytest.raises(datasets.DataNotFound) as error:
            read(tmp_path)
        for folder in re.findall(r"`([^`]+)/`", folders):
            assert f"{tmp_path}/{folder}/" in str(error.value)


def test_what_it_knows_is_what_is_recorded():
    shown = [line for line in section("What is known, and what is not").splitlines() if line.startswith("| ")]
    assert shown[1:] == known(record.load("separation_across_layers")["rows"])
    assert len(shown) == 1 + 5


def test_its_screen_prints_what_stands_below_it(tmp_path):
    """But for last digits: of a share of few images, what depends on rounding is left to chance."""
    block, shown = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", section("In one screen"), re.DOTALL).groups()
    found = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    printed = subprocess.check_output([sys.executable, "-c", block], cwd=tmp_path, env=found, text=True)
    number = r"[-+]?\d+\.\d+"
    assert re.sub(number, "#", printed).split() == re.sub(number, "#", shown).split()
    for value, expected in zip(*(re.findall(number, text) for text in (printed, shown)), strict=True):
        is_share = len(expected.partition(".")[2]) == 1
        assert float(value) == pytest.approx(float(expected), abs=5 if is_share else 3e-4)


def test_its_rows_of_speed_are_those_of_the_benchmarks():
    measured = [row[:5] for row in rows(text_of(ROOT / "tests" / "benchmarks" / "README.md"))]
    shown = rows(section("How fast"))
    assert len(shown) == 4
    assert [row for row in shown if row not in measured] == []


def test_it_is_read_in_a_minute():
    assert len(README.splitlines()) <= 150


def test_its_commands_and_presets_of_training_are_understood():
    pytest.importorskip("sklearn")
    from analysis import accuracy_of_learned_networks as question
    from analysis.__main__ import parser_of
    from analysis.accuracy_of_learned_networks import NAME, PRESETS, setting_of
    from analysis.instruments.queue import TRIALS

    given = [words for words in commands(LEARNED) if words[1] not in ("anatomy_of_a_network", TRIALS)]
    assert [name for _, name, *_ in given] == [NAME] * 16
    smoke, small, paper = (setting_of(parser_of(question).parse_args(options)) for _, _, *options in given[:3])
    assert (smoke.label, smoke.data) == ("phase collapse", "textures")
    assert (small.label, small.width) == ("soft threshold, skip, equal terms", 1 / 4)
    assert (paper.label, paper.recipe) == ("phase collapse, skip", PRESETS["paper"].recipe)
    assert [row[0].strip("`") for row in rows(LEARNED.split("\n| network, ", 1)[0])] == list(PRESETS)


def test_what_stands_behind_its_commands_for_a_gpu_are_the_errors_of_the_paper(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    from analysis import accuracy_of_learned_networks as question
    from analysis.__main__ import parser_of
    from figures.tables_of_networks import SEEN

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "imagenet").mkdir()
    found = {}
    for line, error in re.findall(r"^python -m analysis \w+ (--device cuda .*)  # ([\d.]+)$", LEARNED, re.M):
        setting = question.setting_of(parser_of(question).parse_args(shlex.split(line)))
        assert setting.recipe.epochs == question.PRESETS[line.split()[3]].recipe.epochs
        data = "CIFAR-10, top 1" if setting.data == "cifar10" else "ImageNet, top 1"
        found[data, setting.label] = float(error)
    cifar, imagenet = SEEN["1", "CIFAR-10, top 1"], SEEN["1", "ImageNet, top 1"]
    names = ("fixed scattering", "phase collapse", "phase collapse, skip", "residual, rectifier")
    expected = {("CIFAR-10, top 1", name): value for name, value in zip(names, cifar, strict=True)}
    expected |= {("ImageNet, top 1", name): value for name, value in zip(names[1:], imagenet[1:], strict=True)}
    assert found == expected | {("CIFAR-10, top 1", "soft threshold, skip"): SEEN["2", "soft threshold"][1]}


def test_its_accuracies_are_the_recorded_ones():
    """Of the preset `small`; a row that waits for its number says so."""
    table = LEARNED.split("\n| network, ", 1)[1].split("\n## ")[0]
    shown = {name: cells for name, *cells in rows("| " + table)}
    recorded = [row for row in record.load("accuracy_of_learned_networks")["rows"] if row["preset"] == "small"]
    assert recorded
    for row in recorded:
        accuracy = "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * share for share in row["accuracy"]))
        dead = [percents(row[key].values()) for key in ("zeros_at_start_batch", "zeros_running")]
        assert shown[row["network"]] == [accuracy, *dead, f"{row['seconds'] / 60:.0f}"]


def percents(shares):
    if not shares:
        return "none"
    low, high = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
    return low if low == high else f"{low} to {high}"


def test_the_questions_and_figures_are_all_in_the_table_of_their_folder():
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    from analysis.__main__ import QUESTIONS
    from figures.__main__ import NAMES

    questions, figures = ((ROOT / name / "README.md").read_text(encoding="utf-8") for name in ("analysis", "figures"))
    asked = [row[1].strip("`") for row in rows(questions.split("\n## ")[0])]
    assert asked == [f"python -m analysis {name}" for name in QUESTIONS]
    assert [row[0].strip("`") for row in rows(figures)] == list(NAMES)


def test_its_trials_and_its_cells_are_the_recorded_ones():
    """Of each network with skip whose eight trials are recorded: the best of them, and what its cell came to."""
    from analysis.instruments import cells
    from analysis.instruments.queue import TRIALS, best_of

    rows_of_trials = record.load(TRIALS)["rows"]
    trained = {row["network"]: row for row in record.load("accuracy_of_learned_networks")["rows"] if is_cell(row)}
    shown = {
        name: values for name, *values in rows(LEARNED.split("\n## The tables of the paper\n")[1].split("\n## ")[0])
    }
    expected = {}
    for base in cells.searched():
        best = best_of(rows_of_trials, base)
        if best is not None:
            start = f"start {best.start:g}" if best.start is not None else ""
            start = start or f"quantile {best.quantile:g}" * (base.terms == "equal")
            rate = ", ".join(filter(None, (str(Fraction(best.recipe.rate)), start)))
            row = next(row for row in rows_of_trials if completed(row["setting"]) == asdict(best))
            cell = [trained.get(base.label, {}).get(name) for name in ("accuracy", "accuracy_with_mirrors")]
            expected[base.label] = [told(row["accuracy"]), rate, *map(told, cell)]
    assert shown == expected


def is_cell(row):
    return row["preset"] == "table 2" and row["setting"]["recipe"]["seed"] == 0


def told(share):
    return "not run" if share is None else "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * value for value in share))


def test_what_it_says_of_the_trials_and_of_the_blocks_is_recorded():
    shares = {}
    for row in record.load("tuning_of_learned_networks")["rows"]:
        shares.setdefault(row["network"], {})[row["setting"]["recipe"]["rate"], row["setting"]["start"]] = row
    collapse, threshold = shares["phase collapse, skip"], shares["soft threshold, skip"]
    near = [row["accuracy"][0] for (rate, _), row in collapse.items() if 1 / 16 <= rate <= 3 / 8]
    text = " ".join(LEARNED.split())
    assert f"within {100 * (max(near) - min(near)):.1f} points of the best, and 1 diverges" in text
    assert "diverged" in collapse[1.0, None]
    found = [row["accuracy"][0] for row in threshold.values()]
    assert f"published soft threshold are within {100 * (max(found) - min(found)):.1f} points of each other" in text
    nearest = f"none brings it nearer to the collapse than {int(100 * (max(near) - max(found)))} points"
    assert nearest in text
    (row,) = [
        row
        for row in record.load("accuracy_of_learned_networks")["rows"]
        if row["network"] == "phase collapse, skip" and is_cell(row)
    ]
    ratios, means = ([block[name] for block in row["blocks"]] for name in ("fisher_trace", "accuracy_nearest_mean"))
    assert [ratios, means] == [sorted(ratios), sorted(means)]
    assert f"from {ratios[0]:.2f} to {ratios[-1]:.2f}" in text
    assert f"from {100 * means[0]:.0f} to {100 * means[-1]:.0f} % of 1,000 images" in text
    assert f"In bfloat16 they get {100 * row['accuracy_of_weights']:.1f} % right" in text
