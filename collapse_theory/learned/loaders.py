"""Labelled images that a data set or a loader of torch reads, as networks are trained on them and measured by them."""

import hashlib
from itertools import count as counting

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ..arguments import check_count
from . import distributed
from .draws import begin_draws, drawing_apart
from .evaluation import in_words
from .identity import described
from .labelled import Labelled, LabelledImages, chosen_device
from .samples import Seeded, placed, quiet, set_normalisation, stacked

__all__ = ["LabelledDataset", "LabelledLoader", "labelled_dataset"]

_ASKED = 9  # samples by which a data set is known


def labelled_dataset(
    source: "Dataset | DataLoader",
    *,
    classes: int,
    mean=None,
    deviation=None,
    device: str | torch.device = "cpu",
    workers: int = 0,
    count: int | None = None,
) -> Labelled:
    """Let networks be trained on, and measured by, what a data set or a loader of torch reads.

    source : a `torch.utils.data.Dataset` of pairs (image, label); or a `DataLoader` of batches of them, which is read
        as it is, so that its batch size must be that of the recipe
    classes, mean, deviation, device : as in `labelled_images`
    workers : processes that read a data set ahead; 0 for this one
    count : images that an epoch reads, of what does not know how many it has

    An image is (C, H, W), uint8 or float, as a tensor or an array, or one of Pillow; all are of one shape. A label is
    an integer. The recipe crops and mirrors them too: with transforms of your own choose `Recipe(padding=None)`.
    A data set with `__getitem__` is read in the order of the recipe. What its transforms draw by the global generators
    of torch, NumPy and Python is a function of the seed, the epoch and the sample, so that a training that is resumed
    ends bit for bit where it would have, with any number of workers. A loader, and a data set that is only iterated
    over, begins each epoch at a seed of it. When it is resumed, what was read before is read again and passed over.

    Returns `LabelledDataset` or `LabelledLoader`.
    Raises TypeError for another source, or images or labels of another kind; ValueError for images without an entry,
    and as `labelled_images`.
    """
    check_count("classes", classes, least=2)
    check_count("workers", workers, least=0)
    device = chosen_device(device)
    if isinstance(source, DataLoader | IterableDataset):
        made = LabelledLoader(source, classes, device, workers, count)
    elif isinstance(source, Dataset) or (hasattr(source, "__getitem__") and hasattr(source, "__len__")):
        made = LabelledDataset(source, classes, device, workers)
    else:
        raise TypeError(f"source: expected a Dataset or a DataLoader of torch, got {in_words(source)}")
    made.normalise(mean, deviation)
    return made


class LabelledDataset(Labelled):
    """Labelled images of a data set of which each sample can be asked for; `labelled_dataset` makes them.

    source, classes, device, workers : as there

    Raises ValueError for an empty one.
    """

    def __init__(self, source, classes, device, workers):
        self.source, self.classes, self.device, self.workers = source, classes, device, workers
        if not len(source):
            raise ValueError("source: expected at least one image, got none")
        self._coming = None

    def __len__(self):
        return len(self.source)

    def normalise(self, mean, deviation):
        """Set the normalisation, once it is known to fit.  Raises as `labelled_images`."""
        images, _ = self._raw(range(1))
        self.shape = tuple(images.shape[1:])
        set_normalisation(self, images, mean, deviation)

    def batch(self, index, **moves):
        """Images and labels of some samples, as `LabelledImages.batch`.  Raises as `labelled_dataset`."""
        known = range(len(self))[index] if isinstance(index, slice) else index.tolist()
        images, labels = self._raw(known, **moves)
        return self._finished(images, torch.tensor(known, device=self.device), **moves), labels

    def batches(self, size, *, start=0, every=1):
        """Iterate over all samples in order, as `LabelledImages.batches`.  Raises as `batch`."""
        check_count("batch", size)
        parts = [range(at, min(at + size, len(self))) for at in range(start * size, len(self), every * size)]
        for images, labels in self._read([self._asked(part) for part in parts], self.workers):
            yield self._finished(images, None), labels

    def expect(self, batches, *, done=0, size=None, **moves):
        """Read these samples ahead, in processes of their own if there are workers."""
        wanted = [self._asked(index.tolist(), **moves) for index in batches]
        self._coming = (iter(wanted), self._read(wanted, self.workers)) if self.workers else None

    def first(self, number):
        """The first so many samples, as they are without moves, as `LabelledImages`.  Raises as `batch`."""
        images, labels = self._raw(range(min(number, len(self))))
        return LabelledImages(images, labels, self.classes, self.mean, self.standard_deviation)

    @property
    def labels(self):
        """(N,) int64; where the data set has no `labels` of its own, it is read for them."""
        own = getattr(self.source, "labels", None)
        return torch.cat([labels for _, labels in self.batches(_ASKED)]) if own is None else torch.as_tensor(own)

    def fingerprint(self):
        """The sha256 of what is known of the data: kind, size, normalisation, and a few samples of it."""
        told = [described(self.source), len(self), self.classes, self.mean.tolist(), self.standard_deviation.tolist()]
        some = np.unique(np.linspace(0, len(self) - 1, _ASKED).round().astype(int))
        images, labels = self._raw(some.tolist())
        digest = hashlib.sha256(repr(told).encode())
        for tensor in (images, labels):
            digest.update(tensor.cpu().contiguous().numpy())
        return digest.hexdigest()

    def _raw(self, index, **moves):
        """Images, as they were read, and labels, on the device."""
        wanted = self._asked(index, **moves)
        if self._coming is not None:
            names, pairs = self._coming
            if next(names, None) == wanted:
                return next(pairs)
            self._coming = None  # another training than was expected
        [pair] = self._read([wanted], workers=0)
        return pair

    def _asked(self, index, *, seed=0, epoch=0, padding=None, flips=None):
        return [(n, seed, epoch, padding is not None) for n in index]

    def _read(self, wanted, workers):
        """Iterate over images and labels, on the device, of the batches that are wanted."""
        ahead = {"num_workers": min(workers, len(wanted)), "pin_memory": workers > 0 and self.device.type == "cuda"}
        loader = DataLoader(
            Seeded(self.source), batch_sampler=wanted, collate_fn=stacked, worker_init_fn=quiet, **ahead
        )
        with drawing_apart("cpu"):
            pairs = iter(loader)
        for _ in wanted:
            with drawing_apart("cpu"):
                pair = next(pairs)
            yield placed(pair, self.classes, self.device)


class LabelledLoader(Labelled):
    """Labelled images of a loader, or of a data set without `__getitem__`; `labelled_dataset` makes them.

    source, classes, device, workers, count : as there

    Raises ValueError where the source does not say how many images it has.
    """

    def __init__(self, source, classes, device, workers, count):
        self.source, self.classes, self.device, self.workers = source, classes, device, workers
        if count is None:
            try:
                batched = isinstance(source, DataLoader) and source.batch_sampler is not None
                count = len(source.sampler) if batched else len(source)
            except TypeError:
                raise ValueError("count: expected how many images an epoch has, as the source does not say") from None
        check_count("count", count)
        self._count, self._coming, self._started = count, None, None

    def __len__(self):
        return self._count

    def normalise(self, mean, deviation):
        """Set the normalisation, once it is known to fit.  Raises as `labelled_images`."""
        images, _ = self._start()
        self.shape = tuple(images.shape[1:])
        set_normalisation(self, images, mean, deviation)

    def batch(self, index, **moves):
        """As many images as there are in `index`: the next ones in training, the first ones for a slice.

        Raises ValueError if the source has another number of images now.
        """
        if isinstance(index, slice):
            images, labels = self._start()
            return self._finished(images[index], None), labels[index]
        if self._coming is None:
            self.expect([index], done=0, size=len(index), seed=moves.get("seed", 0), epoch=moves.get("epoch", 0))
        images, labels = self._next(self._coming, len(index))
        each = torch.arange(len(images), device=self.device) if moves.get("padding") is None else index
        return self._finished(images, each, **moves), labels

    def batches(self, size, *, start=0, every=1):
        """Iterate over what the source reads, in its own batches, or `size` at a time where it has none.

        Raises ValueError if `size` is below 1.
        """
        check_count("batch", size)
        for number, pair in enumerate(self._read(size, seed=0, epoch=0)):
            if number % every == start:
                images, labels = placed(pair, self.classes, self.device)
                yield self._finished(images, None), labels

    def expect(self, batches, *, done, size, seed, epoch, **_):
        """Begin an epoch, and pass over the batches that are done.

        Raises ValueError in several processes, or if there are not so many.
        """
        if distributed.count() > 1:
            raise ValueError("data: a loader is read by one process; give a data set with __getitem__ to several")
        self._coming = self._read(size, seed=seed, epoch=epoch)
        for _ in range(done):
            self._next(self._coming, size)

    def first(self, number):
        """Some samples, as many as a batch has and no more than `number`, as `LabelledImages`."""
        images, labels = self._start()
        return LabelledImages(images[:number], labels[:number], self.classes, self.mean, self.standard_deviation)

    def fingerprint(self):
        """The sha256 of what is known of the data: kind, size and normalisation."""
        told = [described(self.source), len(self), self.classes, self.mean.tolist(), self.standard_deviation.tolist()]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _start(self):
        if self._started is None:
            self._started = placed(next(self._read(_ASKED, seed=0, epoch=0)), self.classes, self.device)
        return self._started

    def _read(self, size, *, seed, epoch):
        loader = self.source
        if not isinstance(loader, DataLoader):
            loader = DataLoader(loader, size, num_workers=self.workers, collate_fn=stacked, worker_init_fn=quiet)
        with drawing_apart("cpu"):
            begin_draws(int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0]))
            pairs = iter(loader)
        for number in counting():
            with drawing_apart("cpu"):
                begin_draws(int(np.random.SeedSequence((seed, epoch, number)).generate_state(1)[0]))
                pair = next(pairs, None)
            if pair is None:
                return
            yield pair

    def _next(self, pairs, wanted):
        pair = next(pairs, None)
        found = 0 if pair is None else len(pair[0])
        if found != wanted:
            raise ValueError(f"data: expected {wanted} images as the next batch of the loader, got {found}")
        return placed(pair, self.classes, self.device)
