"""Doubts about what survives: is anything lost in a kill, or taken for what it is not once a file is damaged?"""

import os

import pytest

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from tests import campaigns

SHARES = [0.1, pytest.param(1.0, marks=pytest.mark.deep)]


@pytest.mark.parametrize("share", SHARES)
def test_no_damage_to_a_file_of_a_run_is_silent(tmp_path, share):
    run = campaigns.finished_run(tmp_path / "run")
    for file, kinds in campaigns.damage_often(run, tmp_path, share=share, seed=1).items():
        for kind, counts in kinds.items():
            assert counts["silent"] == 0, (file, kind, counts)
            assert counts["tried"] == counts["detected"] + counts["same"] > 0
            if file not in ("checkpoints/LATEST", "lock"):
                assert counts["detected"] >= 0.9 * counts["tried"], (file, kind, counts)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("kind", campaigns.KILLS)
def test_what_was_acknowledged_survives_every_kill(tmp_path, kind, share):
    kills = round(share * campaigns.KILLS[kind])
    assert campaigns.in_a_process(kind, tmp_path / kind, kills=kills, seed=1) == kills
