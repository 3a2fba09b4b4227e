"""Doubts about how a page says that it was made: the command, what was read, how many images, every setting."""

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from analysis import record
from figures import made
from tests.reading import Page


def read(content):
    return Page(content).text


def test_the_question_is_the_title():
    assert made.title("few_samples_a_class").startswith("From few samples per class, what tells materials apart")
    assert made.title("no_such_question") == "no such question"


def test_every_fact_of_a_record_is_said():
    said = read(made.result("few_samples_a_class", record.load("few_samples_a_class")))
    assert "The exact command was not recorded; python -m analysis few_samples_a_class asks this question." in said
    for fact in ("kth tipsKTH_TIPS_GRAY8109dba7141874fef19…no published sum", "AMD EPYC", "113 s", "torch 2.13.0+cpu"):
        assert fact in said
    assert "samples2, 5, 10, 20" in said
    assert "the same bits each timeyes" in said


def test_a_record_without_facts_says_that_they_were_not_recorded():
    said = read(made.result("do_real_images_separate", record.load("do_real_images_separate")))
    assert "What was read was not recorded." in said
    assert "threadsnot recorded" in said
    assert "sampling, train50000" in said
    assert "mixednonono" in said


def test_trainings_have_a_setting_each_and_the_time_of_all():
    found = record.load("accuracy_of_learned_networks")
    said = read(made.result("accuracy_of_learned_networks", found))
    assert f"{sum(row['seconds'] for row in found['rows']):,.0f} s in {len(found['rows'])} trainings" in said
    assert "threads1, 2" in said
    assert "1. small, phase collapse, skip2. small, soft threshold, skip, equal terms" in said
    assert "nonlinearityphase collapsesoft threshold" in said


def test_commands_of_rows_are_listed_once_each():
    found = record.load("accuracy_of_learned_networks")
    commands = [["python", "a file"], ["python", "b"], ["python", "a file"], None, None]
    found["rows"] = [row | {"command": command} for row, command in zip(found["rows"][:5], commands, strict=True)]
    said = made.result("accuracy_of_learned_networks", found)
    assert "<pre>" in said
    assert read(said).startswith("python 'a file'\npython b")


def test_images_are_counted_by_part():
    parts = {"mine": {"train": {"a": 2, "b": 3}, "test": {}}, "all": {"train": {"a": 1000}, "test": {"a": 5}}}
    said = read(made.result("few_samples_a_class", record.load("few_samples_a_class") | {"split": parts}))
    assert "mine25 (2 to 3 per class)none" in said
    assert "all11,000 (1,000 per class)5 (5 per class)" in said


def test_a_figure_of_results_is_drawn_from_them_and_a_computed_one_by_itself():
    assert read(made.figure("what_the_phase_knew", "--from FOLDER")).endswith(
        "figures what_the_phase_knew --from FOLDER"
    )
    assert read(made.figure("two_rings", "--from FOLDER")) == "python -m figures two_rings"
    assert read(made.figure("learning_curve", "--recorded")) == "python -m figures learning_curve --run FOLDER"


def test_the_words_of_the_answer_are_explained():
    rows = [{"data": name} for name in ("pulses", "my folder", "pulses")]
    said = read(made.glossary(rows))
    assert said.count("Gaussian fields against sparse pulses") == 1
    assert "my folder" not in said
    assert "orientation has two layers of 2 scales and 8 angles" in said
