"""Samples of a data set of torch: what is drawn as they are made, and pairs as the tensors of a batch."""

import signal

import numpy as np
import torch
from torch.utils.data import Dataset

from ..arguments import check_channels_first
from .draws import begin_draws
from .evaluation import in_words
from .labelled import channel_numbers, check_values

__all__ = ["Seeded", "placed", "quiet", "set_normalisation", "stacked"]


class Seeded(Dataset):
    """A data set whose draws are those of the sample, the epoch and the seed."""

    def __init__(self, source):
        self.source = source

    def __len__(self):
        return len(self.source)

    def __getitem__(self, wanted):
        index, seed, epoch, moved = wanted
        if hasattr(self.source, "sample"):
            return self.source.sample(index, seed=seed, epoch=epoch, moved=moved)
        begin_draws(int(np.random.SeedSequence((seed, epoch, index)).generate_state(1)[0]))
        return self.source[index]


def stacked(items):
    """Pairs (image, label) as two tensors.  Raises TypeError or ValueError for what are none, or of several shapes."""
    for item in items:
        if not (isinstance(item, tuple | list) and len(item) == 2):
            raise TypeError(f"source: expected pairs (image, label), got {in_words(item)}")
    images = [_as_tensor(image) for image, _ in items]
    shapes = {(tuple(image.shape), image.dtype) for image in images}
    if len(shapes) > 1:
        told = " and ".join(
            f"{shape} {str(kind).removeprefix('torch.')}" for shape, kind in sorted(shapes, key=str)[:2]
        )
        raise ValueError(f"source: expected images of one shape and kind, got {told[:200]}; a transform makes them so")
    try:
        labels = [int(label) for _, label in items]
    except (TypeError, ValueError):
        raise TypeError(f"source: expected integers as labels, got {in_words(items[0][1])}") from None
    return torch.stack(images), torch.tensor(labels)


def _as_tensor(image):
    """(C, H, W), of a tensor, an array, or an image of Pillow."""
    if isinstance(image, torch.Tensor):
        return image
    array = np.array(image)
    if array.dtype.kind not in "uf" or array.ndim not in (2, 3):
        raise TypeError(f"source: expected images (C, H, W), uint8 or float, got {in_words(image)}")
    if hasattr(image, "getbands") and array.ndim == 3:
        array = np.ascontiguousarray(np.moveaxis(array, -1, 0))
    return torch.from_numpy(array if array.ndim == 3 else array[None])


def placed(pair, classes, device):
    """Images and labels of a batch on the device, once they are known to be fit.

    Raises TypeError or ValueError for what is not.
    """
    if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(part, torch.Tensor) for part in pair)):
        raise TypeError(f"source: expected batches (images, labels) of two tensors, got {in_words(pair)}")
    images, labels = pair
    if images.ndim != 4 or 0 in images.shape or labels.shape != images.shape[:1] or labels.is_floating_point():
        told = f"{tuple(images.shape)} and {labels.dtype} {tuple(labels.shape)}"
        raise ValueError(f"source: expected images (N, C, H, W), no axis empty, and N integers, got {told}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels: expected 0 .. {classes - 1}, got {int(labels.min())} .. {int(labels.max())}")
    if images.dtype != torch.uint8:
        images = images.to(torch.float32)
    return images.to(device, non_blocking=True), labels.to(device, torch.int64)


def set_normalisation(made, images, mean, deviation):
    """Give labelled images their normalisation, if it fits these raw ones.  Raises ValueError, naming what does not."""
    check_channels_first("source", tuple(images.shape))
    mean = channel_numbers("mean", mean, 0.0, images.shape[1])
    deviation = channel_numbers("deviation", deviation, 1.0, images.shape[1])
    if images.dtype == torch.float32:
        check_values(images.cpu().numpy(), mean.numpy(), deviation.numpy())
    made.mean, made.standard_deviation = mean.to(made.device), deviation.to(made.device)


def quiet(worker):
    """In a process that reads ahead: leave Ctrl-C to the one that trains, and end when that one says so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
