"""Labelled images on a device, as one tensor, and the batches that a network is trained on."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike

from ..arguments import check_channels_first, check_count, host_copy
from .augmentation import cropped

__all__ = [
    "PUBLISHED_DEVIATION",
    "PUBLISHED_MEAN",
    "Labelled",
    "LabelledImages",
    "channel_numbers",
    "check_values",
    "chosen_device",
    "labelled_images",
]

_FARTHEST = 32  # from 0, of a normalised value; photographs come to 5, raw bytes taken for numbers to 255
PUBLISHED_MEAN, PUBLISHED_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # for CIFAR-10 too


def chosen_device(name):
    """The torch device called `name`, once it is known to work.

    Raises ValueError if torch knows none of this name; RuntimeError if it is a GPU that is not there.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        if "cuda" in str(name):
            raise RuntimeError(f"device: {name!r} was asked for, but torch sees no such GPU ({error})") from None
        raise ValueError(f"device: {name!r} is none that torch can use here ({error})") from None
    return device


class Labelled:
    """Labelled images of one shape, from wherever they come, as networks are trained on them and measured by them.

    It has `len`, the number of samples, and
    shape : (C, H, W) of an image
    classes : how many there are; labels are 0 .. classes − 1
    device : on which batches are
    mean, standard_deviation : (C, 1, 1) float32 on the device, of the normalisation
    batch, batches, fingerprint : see `LabelledImages`
    """

    def expect(self, batches, *, done, size, **moves):
        """Let what takes time to read be read ahead.

        batches : the samples of the next ones, which are the rest of an epoch
        done, size : how many batches of the epoch are done, and how many images a whole one has
        moves : as in `batch`
        """

    def _finished(self, images, index, *, seed=0, epoch=0, padding=None, flips="random"):
        """Raw images of these samples, mirrored, cropped and normalised as `batch` says."""
        if padding is not None:
            options = {"count": len(self), "seed": seed, "epoch": epoch}
            images = cropped(images, index, padding=padding, flips=flips, **options)
        images = images.to(torch.float32) / 255 if images.dtype == torch.uint8 else images
        return (images - self.mean) / self.standard_deviation


@dataclass(frozen=True)
class LabelledImages(Labelled):
    """Labelled images on a device, and how to normalise them; `labelled_images` makes them.

    images : (N, C, H, W) raw, uint8 or float32
    labels : (N,) int64 in 0 .. classes − 1
    classes : how many there are
    mean, standard_deviation : (C, 1, 1) float32, of the normalisation
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: int
    mean: torch.Tensor
    standard_deviation: torch.Tensor

    def __len__(self):
        return len(self.labels)

    @property
    def shape(self):
        """(C, H, W) of an image."""
        return tuple(self.images.shape[1:])

    @property
    def device(self):
        """Where the images are."""
        return self.images.device

    def batch(self, index, **moves):
        """Images and labels of some samples, normalised as (x − mean) / standard deviation, in float32.

        index : (n,) int64 on the device of the images, or a slice
        moves : none, for the whole images as they are; or
            seed, epoch : they determine the mirrors and crops, see `augmentation.cropped`
            padding : zeros on each side from which crops are taken; None for none, and no mirrors either. They are
                black: the normalisation comes after them
            flips : which of them are mirrored, as in `augmentation.cropped`

        Returns (images (n, C, H, W), labels (n,)).
        """
        return self._finished(self.images[index], index, **moves), self.labels[index]

    def batches(self, size, *, start=0, every=1):
        """Iterate over all samples in order, as `batch` has them, `size` at a time; the last batch holds what is left.

        start, every : of these batches, the first one and then each so many-th

        Raises ValueError if `size` is below 1.
        """
        check_count("batch", size)
        return (self.batch(slice(at, at + size)) for at in range(start * size, len(self), every * size))

    def first(self, number):
        """The first so many, as `LabelledImages`."""
        return replace(self, images=self.images[:number], labels=self.labels[:number])

    def fingerprint(self):
        """The sha256 of images, labels and normalisation, in hexadecimal: a resumed run must see the same."""
        digest = hashlib.sha256()
        for tensor in (self.images, self.labels, self.mean, self.standard_deviation):
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.cpu().contiguous().numpy())
        return digest.hexdigest()


def labelled_images(
    images: "ArrayLike",
    labels: "ArrayLike",
    *,
    classes: int,
    mean: "ArrayLike | None" = None,
    deviation: "ArrayLike | None" = None,
    device: str | torch.device = "cpu",
) -> LabelledImages:
    """Copy labelled images to a device, once they are known to be fit to train on.

    images : (N, C, H, W) uint8, which counts as x / 255, or float, of which (x − mean) / deviation must be within ±32
    labels : (N,) integers in 0 .. classes − 1
    classes : how many there are, at least 2
    mean, deviation : (C,) mean and standard deviation of each channel, by which images are normalised; default: 0 and 1
    device : of torch, or its name, such as "cuda:1"

    Returns `LabelledImages`.
    Raises ValueError or TypeError, naming the argument, for images that are empty, not finite or not normalised, for
    labels out of range, and for a device that torch does not know; RuntimeError for a GPU that is not there.
    """
    check_count("classes", classes, least=2)
    images, labels = host_copy("images", images), host_copy("labels", labels)
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(f"images: expected shape (N, C, H, W), no axis empty, got {images.shape}")
    if images.dtype.kind != "f" and images.dtype != np.uint8:
        raise TypeError(f"images: expected uint8 or floating numbers, got {images.dtype}")
    check_channels_first("images", images.shape)
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: expected {len(images)} integers, got {labels.dtype} of shape {labels.shape}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels: expected 0 .. {classes - 1}, got {labels.min()} .. {labels.max()}")
    device = chosen_device(device)
    mean, deviation = (
        channel_numbers(name, values, default, images.shape[1])
        for name, values, default in (("mean", mean, 0.0), ("deviation", deviation, 1.0))
    )
    with np.errstate(over="ignore"):  # what does not fit is refused below
        images = np.array(images, dtype=np.uint8 if images.dtype == np.uint8 else np.float32, order="C")
    if images.dtype == np.float32:
        check_values(images, mean.numpy(), deviation.numpy())
    tensors = (torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)), mean, deviation)
    images, labels, mean, deviation = (tensor.to(device) for tensor in tensors)
    return LabelledImages(images, labels, classes, mean, deviation)


def check_values(images, mean, deviation):
    """Raise ValueError for values that are not finite, or so large that they are bytes, which nobody divided by 255."""
    least, most = (bound(images, axis=(0, 2, 3)) for bound in (np.min, np.max))
    if not np.isfinite([least, most]).all():
        raise ValueError("images: expected finite values in single precision, got NaN or infinity")
    farthest = max(np.abs((bound - mean.ravel()) / deviation.ravel()).max() for bound in (least, most))
    if farthest > _FARTHEST:
        raise ValueError(
            f"images: expected floating values in 0 .. 1, or a mean and a deviation that bring them within "
            f"±{_FARTHEST}, got {least.min():g} .. {most.max():g}; values in 0 .. 255 are taken as uint8, or over 255"
        )


def channel_numbers(name, values, default, channels):
    """One number of each channel as (C, 1, 1) float32, by default the same.  Raises ValueError for what is none."""
    given = host_copy(name, np.full(channels, default) if values is None else values)
    real = given.shape == (channels,) and given.dtype.kind in "iuf"
    with np.errstate(over="ignore"):
        numbers = given.astype(np.float32) if real else np.full(1, np.nan)
    if not np.isfinite(numbers).all() or (name == "deviation" and numbers.min() < np.finfo(np.float32).tiny):
        positive = " above 0" if name == "deviation" else ""
        raise ValueError(f"{name}: expected {channels} numbers{positive}, one per channel, got {given!r}")
    return torch.from_numpy(numbers)[:, None, None]
