"""Doubts about ranks: are the statistics of two processes those of one that has seen all images?"""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from collapse_theory import learned
from collapse_theory.separation import ClassMoments
from tests.small_network import small_data, small_network

ROOT = Path(__file__).parents[1]
STATISTICS = ("fisher_trace", "nc1", "effective_rank", "zeros", "images")
OTHER_RANK = """
import sys, torch
from tests.test_ranks import numbers_of_rank

torch.set_num_threads(1)
numbers_of_rank(1, sys.argv[1])
"""


def numbers_of(data, moments):
    """Numbers of an audit of these images, and one of these moments."""
    report = learned.audit(small_network(), data, moved=0, interventions="none")
    numbers = [row[name] for row in report.rows for name in STATISTICS]
    numbers += [report.classifier[name] for name in ("nc3", "nc4", "accuracy")]
    return [*numbers, learned.merge_across_ranks(moments).fisher_trace]


def moments_of(part):
    return ClassMoments(groups=4).update(np.arange(32.0).reshape(8, 4)[part], np.arange(8)[part] // 4)


def numbers_of_rank(rank, where):
    """The same of one of two ranks that meet at a file, and have every second image."""
    about = {"rank": rank, "world_size": 2, "timeout": timedelta(seconds=60)}
    torch.distributed.init_process_group("gloo", init_method=f"file://{where}", **about)
    try:
        data, part = small_data(80)[0], slice(rank, None, 2)
        return numbers_of(replace(data, images=data.images[part], labels=data.labels[part]), moments_of(part))
    finally:
        torch.distributed.destroy_process_group()


def test_two_processes_agree_with_one_that_has_seen_all(tmp_path):
    if not torch.distributed.is_available():
        pytest.skip("torch was built without torch.distributed")
    found = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    other = subprocess.Popen([sys.executable, "-c", OTHER_RANK, str(tmp_path / "meet")], cwd=ROOT, env=found)
    try:
        merged = numbers_of_rank(0, tmp_path / "meet")
    finally:
        assert other.wait(60) == 0
    np.testing.assert_allclose(merged, numbers_of(small_data(80)[0], moments_of(slice(None))), rtol=1e-6)


def test_one_process_alone_keeps_its_moments():
    moments = ClassMoments().update(np.eye(4), [0, 1, 0, 1])
    assert learned.merge_across_ranks(moments) is moments
