"""Doubts about images in files: are the cuts those that are published, and is each a function of the sample alone?"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pillow = pytest.importorskip("PIL.Image")

from collapse_theory import learned  # noqa: E402
from collapse_theory.learned.augmentation import words_of_sample  # noqa: E402
from collapse_theory.learned.imagenet import ImageFiles, random_box  # noqa: E402
from tests.small_network import assert_same_end, small_network, small_recipe  # noqa: E402

SIZES = ((10, 8), (8, 12), (9, 20), (16, 16))  # height, width


@pytest.fixture
def folder(tmp_path):
    """ImageNet's layout: PNG files of several sizes, three of each of four classes in train, two in val."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 3), ("val", 2)):
        for name in "abcd":
            place = tmp_path / "images" / split / name
            place.mkdir(parents=True)
            for number in range(count):
                image = rng.integers(256, size=(*SIZES[number], 3), dtype=np.uint8)
                pillow.fromarray(image).save(place / f"{number}.png")
    return tmp_path / "images"


def test_the_middle_is_cut_out_of_what_was_brought_to_eight_sevenths(folder):
    """An image whose shorter side is 8 is not resized for samples of 7: the middle 7 x 7 is there to the bit."""
    files = ImageFiles(folder, split="val", side=7)
    assert files.names == tuple("abcd")
    assert files.labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    for number, (path, label) in enumerate(zip(files.paths, files.labels, strict=True)):
        whole = np.array(pillow.open(path))
        top, left = (round((size - 7) / 2) for size in whole.shape[:2])
        image, found = files[number]
        np.testing.assert_array_equal(image, np.moveaxis(whole[top : top + 7, left : left + 7], -1, 0))
        assert found == label
    large = ImageFiles(folder, split="train", side=28)
    assert large[0][0].shape == large.sample(0, epoch=1, moved=True)[0].shape == (3, 28, 28)


def test_random_parts_are_uniform_in_area_ratio_and_place():
    """In an image so large that every try fits: the mean of n uniform numbers is off by 5 deviations once in 10^6."""
    count, size = 2000, 10_000
    boxes = [random_box(4 * size, 4 * size, words_of_sample(n, seed=3, epoch=1, count=22)) for n in range(count)]
    left, top, right, bottom = np.array(boxes, dtype=float).T
    share, ratio = (right - left) * (bottom - top) / (4 * size) ** 2, (right - left) / (bottom - top)
    assert share.min() >= 0.08 - 1e-3
    assert share.max() <= 1
    assert ratio.min() >= 3 / 4 - 1e-3
    assert ratio.max() <= 4 / 3 + 1e-3
    far = 5 / np.sqrt(12 * count)
    small = share < 0.5  # of which none is refused for its ratio, since 0.5 · 4/3 < 1
    uniform = (share[small] - 0.08) / 0.42
    assert abs(uniform.mean() - 0.5) < far * np.sqrt(count / small.sum())
    assert abs(np.log(ratio[small]).mean()) < 2 * np.log(4 / 3) * far * np.sqrt(count / small.sum())
    for start, end in ((left, right), (top, bottom)):
        assert start.min() >= 0
        assert end.max() <= 4 * size
        assert abs((start / (4 * size - (end - start) + 1)).mean() - 0.5) < far


def test_where_nothing_fits_the_largest_part_in_the_middle_is_taken():
    assert random_box(100, 10, np.full(22, 2**64 - 1, np.uint64)) == (43, 0, 56, 10)
    assert random_box(10, 100, np.full(22, 2**64 - 1, np.uint64)) == (0, 43, 10, 56)


def test_a_random_part_depends_on_sample_seed_and_epoch_alone(folder):
    data = learned.image_files(folder, split="train", side=8, workers=0)
    index, moves = torch.tensor([5, 2, 7]), {"padding": 0, "flips": "none"}
    first = data.batch(index, seed=1, epoch=2, **moves)[0]
    assert torch.equal(data.batch(index[1:], seed=1, epoch=2, **moves)[0], first[1:])
    others = [data.batch(index, seed=seed, epoch=epoch, **moves)[0] for seed, epoch in ((0, 2), (1, 3))]
    assert not any(torch.equal(first, other) for other in others)
    mirrored = data.batch(index, seed=1, epoch=2, padding=0)[0]
    same = [torch.equal(a, b) for a, b in zip(first, mirrored, strict=True)]
    flipped = [torch.equal(a, b.flip(-1)) for a, b in zip(first, mirrored, strict=True)]
    assert [a != b for a, b in zip(same, flipped, strict=True)] == [True] * 3
    whole = data.batch(index)[0]
    assert torch.equal(whole, data.batch(index, seed=9)[0])
    assert torch.equal(data.first(6).batch(slice(5, 6))[0][0], whole[0])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_files_are_trained_on_and_resumed_bit_for_bit(folder, tmp_path):
    def train(name, **options):
        how = {"side": 8, "workers": int(name == "whole")}
        data = [learned.image_files(folder, split=split, count=6, **how) for split in ("train", "val")]
        recipe = small_recipe(2, batch=4, padding=0)
        return learned.train(small_network(), data, recipe, folder=tmp_path / name, log_every=1, **options)

    assert train("whole").finished
    for _ in range(3):
        train("stopped", stop_after=0)
    train("stopped")
    assert_same_end(tmp_path / "stopped", tmp_path / "whole")


def test_a_file_that_cannot_be_read_is_named(folder):
    (folder / "train" / "b" / "0.png").write_bytes(b"no image")
    data = learned.image_files(folder, split="train", side=8, workers=0)
    with pytest.raises(ValueError, match=r"train/b/0\.png: cannot be read as an image"):
        data.batch(slice(0, 4))
