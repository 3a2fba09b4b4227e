"""Doubts about the figures that compute what they draw: does each show what its caption says?"""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
pytest.importorskip("sklearn")

from matplotlib import pyplot as plt

from collapse_theory.scattering import paths
from collapse_theory.torus import frequencies
from collapse_theory.wavelets import morlet_bank
from figures import (
    concentration_against_separation,
    energy_across_layers,
    image_moved,
    learned_network,
    rectifier_in_two_halves,
    scattering_disk,
    stability_to_deformations,
    two_rings,
    wavelets_and_their_sum,
)


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


def test_rings_have_equal_means_and_separated_moduli():
    low, high = two_rings.data(count=400).values()
    assert abs(low.mean() - high.mean()) < 0.1 * np.abs(low).mean()
    cut = (np.abs(low).mean() + np.abs(high).mean()) / 2
    assert np.mean(np.abs(low) < cut) > 0.95
    assert np.mean(np.abs(high) > cut) > 0.9


def test_histograms_of_both_classes_have_the_same_bins():
    figure = two_rings.draw(two_rings.data(count=40))
    for ax in figure.axes[1:]:
        edges = [{round(x, 9) for x in patch.get_xy()[:, 0]} for patch in ax.patches]
        assert len(edges) == 2
        assert edges[0] == edges[1]


def test_the_threshold_lowers_both_and_the_modulus_makes_means():
    clouds = concentration_against_separation.data()
    before, after = (concentration_against_separation.spread(z) for z in clouds["soft threshold"])
    assert after[0] < 0.5 * before[0]
    assert after[1] < before[1]
    assert before[1] / before[0] < after[1] / after[0]
    before, after = (concentration_against_separation.spread(z) for z in clouds["phase collapse"])
    assert abs(before[1]) < 0.01 < after[1]
    assert after[0] < before[0]


def test_the_halves_add_up_to_the_rectifier():
    halves = rectifier_in_two_halves.data()
    np.testing.assert_allclose(halves["even"] + halves["odd"], halves["rectifier"], atol=1e-15)
    np.testing.assert_allclose(halves["even"], halves["even"][::-1])
    np.testing.assert_allclose(halves["odd"], -halves["odd"][::-1])


def test_a_collapse_keeps_the_energy_and_moves_it_into_means_and_a_reduction_loses_it():
    found = energy_across_layers.data(side=8, count=40, depth=2)
    total = {name: sum(parts[part] for part in energy_across_layers.PARTS) for name, parts in found.items()}
    for name in ("phase collapse", "identity"):
        np.testing.assert_allclose(total[name], 1, rtol=1e-4)
    for name in ("soft threshold", "tanh"):
        assert np.all(np.diff(total[name]) < 0)
    collapse = found["phase collapse"]
    assert np.all(np.diff(collapse["within"]) < 0)
    assert collapse["between"][-1] > collapse["half interval"] > 0
    for name in set(found) - {"phase collapse"}:
        assert abs(found[name]["between"][-1]) < collapse["between"][-1] / 5
        assert np.all(np.abs(found[name]["shared"]) < 0.05)


def test_the_prediction_holds_for_the_short_move_alone_and_the_modulus_changes_least():
    moved = image_moved.data(points=3)
    short, long = (np.array(changes) / moved["largest"] for changes in moved["changes"].values())
    assert max(short[1:]) < 0.3 < 0.8 < short[0]
    assert min(long[1:]) > 0.7  # which the caption says
    coefficients, turned, moduli, bound, hardest = moved["curves"]
    assert np.all(moduli <= turned + 1e-12)
    assert np.all(moduli < coefficients)
    assert np.all(turned < bound / 5)  # far from the bound
    assert np.all(hardest <= bound * (1 + 1e-9))
    assert hardest[0] > 0.99 * bound[0]


def test_moduli_reach_their_bound_on_the_hardest_images_and_coefficients_go_beyond_it():
    found = stability_to_deformations.data(side=16, points=3)
    np.testing.assert_allclose(found["hardest"]["phase collapse"], 1, rtol=1e-3)
    assert found["hardest"]["identity"][0] > 1.5
    for curves in found["curves"].values():
        assert np.all(curves["phase collapse"] <= curves["identity"])
        assert np.all(curves["phase collapse"] < curves["bound"])


def test_tight_sum_is_one_and_the_designed_one_is_not():
    sums, bank = wavelets_and_their_sum.data(side=24, scales=2), morlet_bank(24, 2, 8)
    np.testing.assert_allclose(sums["tight sum"], 1)
    least, most = sums["sum"]
    energy, radius = bank.littlewood_paley(), np.linalg.norm(frequencies(24), axis=-1)
    assert (least.min(), most.max()) == (energy.min(), energy.max())
    assert most.max() - least.min() > 0.1
    for middle, low, high in zip(sums["radius"], least, most, strict=True):
        near = energy[np.abs(radius - middle) < np.pi / 24 - 1e-9]
        assert np.all((low <= near) & (near <= high))


def test_the_recorded_network_is_the_one_that_is_built(monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from collapse_theory import learned

    zeros = lambda outputs, inputs, kind, **_: np.zeros((outputs, inputs), np.complex64)  # noqa: E731
    monkeypatch.setattr("collapse_theory.learned.layers.semi_unitary", zeros)  # whose values take seconds
    assert learned_network.data() == learned_network.data(learned.scattering_network())
    assert sum(row[-1] for row in learned_network.RECORDED) == 12_251_018


@pytest.mark.parametrize("angles", [5, 8])
def test_sectors_lie_where_their_wavelets_look(angles):
    table, bank = paths(3, angles), morlet_bank(64, 3, angles)
    places = scattering_disk.sectors(table)
    np.testing.assert_allclose(np.unique(places[:, :2].round(12)), np.pi / 2.0 ** np.arange(3, -1, -1))
    for (inner, outer, first, last), center, angle in zip(places, bank.center(), bank.angle, strict=True):
        assert inner < np.linalg.norm(center) < outer
        assert np.isclose((first + last) / 2, angle)
        assert np.isclose(last - first, np.pi / angles)


def test_the_matrix_of_order_2_holds_each_path_where_its_angles_are():
    table = paths(3, 4)
    values = np.random.default_rng(0).uniform(size=len(table))
    angles, sums = scattering_disk.matrix(table, values)
    assert sums.sum() == pytest.approx(values[table["order"] == 2].sum())
    here = (table["angle1"] == angles[1]) & (table["angle2"] == angles[3])
    assert sums[1, 3] == pytest.approx(values[here].sum())
    assert here.sum() == 3  # pairs of scales


def test_a_row_of_disks_has_one_scale_of_grey():
    figure = scattering_disk.draw(scattering_disk.data(side=32, scales=2, angles=4))
    for shown in ([ax.collections[0] for ax in figure.axes[3:6]], [ax.images[0] for ax in figure.axes[6:9]]):
        assert len({one.get_clim() for one in shown}) == 1
        assert shown[0].get_clim()[0] == 0


def test_disk_shows_the_direction_of_the_mortar():
    disk = scattering_disk.data(side=64)
    first = disk["coefficients"][:, 1:9]
    assert disk["paths"]["angle1"][1 + first[0].argmax()] == -np.pi / 2
    ratio = first.max(axis=1) / first.min(axis=1)
    assert ratio[0] > 2 > 1.3 > max(ratio[1:])


def test_sector_is_drawn_along_its_direction():
    disk = scattering_disk.data(side=32, scales=2, angles=4)
    index = int(np.flatnonzero(disk["paths"]["angle1"] == np.pi / 4)[0])
    disk["coefficients"] = np.tile(np.arange(len(disk["paths"])) == index, (3, 1)).astype(float)
    (wedges,) = scattering_disk.draw(disk).axes[3].collections
    for drawn in np.flatnonzero(wedges.get_array()):
        column, row = wedges.get_paths()[drawn].vertices.mean(axis=0)
        assert column * row > 0.9 * max(column, row, key=abs) ** 2
