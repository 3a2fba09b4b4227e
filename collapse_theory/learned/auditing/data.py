"""Labelled images in whatever form people have them, as batches that a network takes."""

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ...arguments import check_channels_first, check_count
from ..evaluation import in_words
from ..labelled import Labelled

__all__ = ["Batches", "each", "forward", "joined", "rows_of"]


class Batches:
    """Batches (inputs, labels): a tuple of tensors or a dict of them on the device, and (n,) host integers.

    data : Labelled; a pair of arrays, images (N, C, H, W) and labels (N,), uint8 counting as x / 255; a Dataset
        of torch; a DataLoader, or any iterable of batches (images, labels, ...), where images may be a tuple or a dict
        of what the network takes
    size : images per batch, of what does not come in batches
    device : where batches go

    `images` is how many there are, None if that is not known; `again` whether they can be read more than once.
    Raises TypeError for anything else, ValueError for labels that do not fit.
    """

    def __init__(self, data, size, device):
        check_count("batch", size)
        self._size, self._device, self._first = size, device, []
        self._data = _loader(data, size)
        self.again, self.images = not hasattr(self._data, "__next__"), _length(self._data)

    def __iter__(self):
        waiting, self._first = self._first, []
        yield from waiting
        source = self._data.batches(self._size) if isinstance(self._data, Labelled) else self._data
        for item in source:
            yield self._checked(item)

    def beginning(self, images):
        """The first so many images, or as many as there are, as inputs; they come again when all are read."""
        found, count = [], 0
        for inputs, labels in self:
            found.append((inputs, labels))
            count += len(labels)
            if count >= images:
                break
        if not self.again:
            self._first = found
        return rows_of(joined([inputs for inputs, _ in found]), slice(0, images)) if found else ()

    def _checked(self, item):
        if not isinstance(item, list | tuple) or len(item) < 2:
            raise TypeError(f"data: expected batches of images and labels, got {in_words(item)}")
        inputs, labels = item[:2]
        inputs = inputs if isinstance(inputs, list | tuple | dict) else (inputs,)
        if isinstance(inputs, dict):
            inputs = {name: self._placed(value) for name, value in inputs.items()}
        else:
            inputs = tuple(self._placed(value) for value in inputs)
        labels = labels.detach().cpu().numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)
        count = _count(inputs)
        if labels.shape not in ((count,), (count, 1)) or labels.dtype.kind not in "iu":
            raise ValueError(f"data: expected {count} integers as labels, got {labels.dtype} of shape {labels.shape}")
        if count and labels.min() < 0:
            raise ValueError(f"data: expected labels of at least 0, got {labels.min()}")
        return inputs, labels.reshape(count).astype(np.int64)

    def _placed(self, value):
        if not isinstance(value, torch.Tensor | np.ndarray):
            raise TypeError(f"data: expected images as tensors or arrays, got {in_words(value)}")
        value = torch.as_tensor(value, device=self._device)
        return value.float() / 255 if value.dtype == torch.uint8 else value


def _loader(data, size):
    if isinstance(data, Labelled):
        return data
    if isinstance(data, Dataset) and not isinstance(data, torch.utils.data.IterableDataset):
        return DataLoader(data, batch_size=size)
    if isinstance(data, tuple) and len(data) == 2 and all(hasattr(part, "shape") for part in data):
        images, labels = data
        if len(images.shape) != 4 or len(labels.shape) != 1 or len(images) != len(labels):
            shapes = f"{tuple(images.shape)} and {tuple(labels.shape)}"
            raise ValueError(f"data: expected images (N, C, H, W) and labels (N,), got {shapes}")
        check_channels_first("data", tuple(images.shape))
        return _Pairs(images, labels, size)
    if hasattr(data, "__iter__") and not isinstance(data, str | dict | torch.Tensor | np.ndarray):
        return data
    raise TypeError(
        f"data: expected labelled images, a pair of arrays, a Dataset, a DataLoader or batches, got {in_words(data)}"
    )


class _Pairs:
    """Two arrays, so many rows at a time."""

    def __init__(self, images, labels, size):
        self._images, self._labels, self._size = images, labels, size

    def __len__(self):
        return len(self._labels)

    def __iter__(self):
        for start in range(0, len(self._labels), self._size):
            part = slice(start, start + self._size)
            yield self._images[part], self._labels[part]


def _length(data):
    """How many images there are, None where nobody says."""
    try:
        return len(data.sampler) if isinstance(data, DataLoader) else len(data) if _counts(data) else None
    except TypeError:
        return None


def _counts(data):
    return isinstance(data, Labelled | _Pairs)


def _count(inputs):
    first = next(iter(inputs.values() if isinstance(inputs, dict) else inputs))
    return len(first)


def joined(parts):
    """Inputs of several batches as those of one."""
    if isinstance(parts[0], dict):
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))


def rows_of(inputs, index):
    """Some images of a batch."""
    return each(inputs, lambda tensor: tensor[index])


def each(inputs, change):
    """Inputs of which each tensor is changed."""
    if isinstance(inputs, dict):
        return {name: change(tensor) for name, tensor in inputs.items()}
    return tuple(map(change, inputs))


def forward(network, inputs):
    """The output of a network for inputs, which take the precision of its first floating parameter."""
    first = next((p for p in network.parameters() if p.is_floating_point()), None)
    dtype = torch.float32 if first is None else first.dtype

    def fitted(tensor):
        return tensor.to(dtype) if tensor.is_floating_point() and dtype in _FLOATS else tensor

    inputs = each(inputs, fitted)
    return network(**inputs) if isinstance(inputs, dict) else network(*inputs)


_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
