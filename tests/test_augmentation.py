"""Doubts about the augmentation: is it a function of (seed, epoch, index) alone, and does it do what it says?"""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from collapse_theory.learned.augmentation import cropped, order_of_samples, random_integers

IMAGES = torch.arange(1, 1 + 6 * 2 * 5 * 5).reshape(6, 2, 5, 5)


def by_hand(image, down, right, mirrored):
    """Mirror, pad with zeros, cut: the words of the docstring, in NumPy."""
    image = image[..., ::-1] if mirrored else image
    padded = np.pad(image, ((0, 0), (2, 2), (2, 2)))
    return padded[:, down : down + 5, right : right + 5]


def test_random_numbers_are_those_of_splitmix64():
    """The published sequence from key 0 is found again; the key itself is 0 only by replacing it."""
    from collapse_theory.learned import augmentation

    gamma = augmentation._signed(augmentation._GAMMA)
    numbers = augmentation._mixed(torch.arange(1, 4) * gamma).numpy().view(np.uint64)
    assert [hex(n) for n in numbers] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4", "0x6c45d188009454f"]


def test_random_numbers_depend_on_seed_epoch_stream_and_index_and_on_nothing_else():
    index = torch.arange(1000)
    first = random_integers(index, seed=3, epoch=5, stream=1)
    some = random_integers(index[[7, 999]], seed=3, epoch=5, stream=1)
    assert some.tolist() == first[[7, 999]].tolist()
    for changed in ({"seed": 4}, {"epoch": 6}, {"stream": 2}):
        other = random_integers(index, **{"seed": 3, "epoch": 5, "stream": 1} | changed)
        assert not (other == first).any()
    assert len(first.unique()) == 1000


def test_bits_are_fair():
    bits = random_integers(torch.arange(20000), seed=0, epoch=0, stream=0)
    shares = [float(((bits >> bit) & 1).double().mean()) for bit in range(64)]
    assert max(abs(share - 0.5) for share in shares) < 5 * 0.5 / 20000**0.5


def test_an_epoch_visits_each_sample_once_in_an_order_of_its_own():
    orders = [order_of_samples(100, seed=0, epoch=epoch) for epoch in range(3)]
    assert all(order.sort().values.tolist() == list(range(100)) for order in orders)
    assert len({tuple(order.tolist()) for order in orders}) == 3
    late = order_of_samples(10000, seed=0, epoch=0).double()
    assert abs(float(late[:5000].mean()) - 4999.5) < 5 * 2887 / 5000**0.5


def test_each_image_is_mirrored_and_cropped_as_its_words_say():
    index = torch.arange(6)
    out = cropped(IMAGES, index, seed=0, epoch=0, padding=2)
    for image, got in zip(IMAGES.numpy(), out.numpy(), strict=True):
        ways = [(d, r, m) for d in range(5) for r in range(5) for m in (False, True)]
        assert any(np.array_equal(by_hand(image, *way), got) for way in ways)
    assert out.dtype == IMAGES.dtype


def test_crops_and_mirrors_are_uniform():
    count, delta = 20000, torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    delta[..., 4, 4] = 1
    delta[..., 4, 5] = 2
    out = cropped(delta.expand(count, -1, -1, -1), torch.arange(count), seed=1, epoch=2, padding=3)[:, 0]
    assert out.amax((1, 2)).min() == 2
    rows, columns = (out == 1).nonzero()[:, 1:].T
    right_of = (out == 2).nonzero()[:, 2] > columns
    table = torch.zeros(2, 7, 7)
    # The mirror of column 4 of 9 is column 4: positions are those of the crop alone.
    table.index_put_((right_of.long(), rows - 1, columns - 1), torch.ones(count), accumulate=True)
    expected = count / table.numel()
    assert float((table - expected).abs().max()) < 5 * expected**0.5
    assert float(((table - expected) ** 2 / expected).sum()) < 97 + 5 * (2 * 97) ** 0.5


def test_crops_do_not_depend_on_the_batch_they_come_in():
    index = torch.tensor([4, 0, 3])
    whole = cropped(IMAGES, torch.arange(6), seed=0, epoch=1)
    assert torch.equal(cropped(IMAGES[index], index, seed=0, epoch=1), whole[index])


def test_without_padding_only_the_mirror_is_left():
    out = cropped(IMAGES, torch.arange(6), seed=0, epoch=0, padding=0)
    mirrored = [torch.equal(b, a.flip(-1)) for a, b in zip(IMAGES, out, strict=True)]
    plain = [torch.equal(a, b) for a, b in zip(IMAGES, out, strict=True)]
    assert all(m != p for m, p in zip(mirrored, plain, strict=True))
    assert len(set(mirrored)) == 2


def test_a_seed_that_is_none_is_refused():
    with pytest.raises(ValueError, match="seed: expected an integer of at least 0, got -1"):
        order_of_samples(4, seed=-1, epoch=0)
