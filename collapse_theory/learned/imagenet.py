"""Images by class in files, as ImageNet has them, decoded when they are needed: cut out at random, or in the middle.

Source of the cuts: Szegedy et al. (2015), Going deeper with convolutions, for training; Krizhevsky, Sutskever & Hinton
(2012) for evaluation, with the sizes that He et al. (2016) have.
"""

import hashlib
import math
import os

import numpy as np
import torch
from torch.utils.data import Dataset

from ..arguments import check_count
from ..datasets.data_files import optional
from ..datasets.decoding import decoded_image
from ..datasets.folders import list_classes
from ..machine.cores import cores
from .augmentation import words_of_sample
from .labelled import PUBLISHED_DEVIATION, PUBLISHED_MEAN
from .loaders import LabelledDataset, labelled_dataset

__all__ = ["ImageFiles", "image_files", "random_box"]

_AREAS, _RATIOS = (0.08, 1.0), (3 / 4, 4 / 3)


def image_files(
    folder: str | os.PathLike,
    *,
    split: str | None = None,
    side: int = 224,
    limit: int | None = None,
    count: int | None = None,
    device: str | torch.device = "cpu",
    workers: int | None = None,
) -> LabelledDataset:
    """Images by class in a folder, of any size, to train on and to measure by, for what does not fit in memory.

    folder, split : as in `datasets.image_folder`: `FOLDER/CLASS/*`, or with a split `FOLDER/train/CLASS/*` and val
    side : of the images returned, in samples
    limit : images read per class, the first by name; None for all
    count : images in all, the first when the classes come in turn; None for all
    device : as in `labelled_images`
    workers : processes that decode ahead; None for one per processor

    In training an image is a random part of the file, `random_box`, brought to side x side; `Recipe(padding=0)` mirrors
    it too, `Recipe(padding=None)` does neither. Otherwise the shorter side of the file is brought to 8/7 of `side`, and
    the middle is cut out: 256 and 224. Sizes are changed bilinearly, over as many pixels as a sample covers. The
    normalisation is that of the paper. Samples come with the classes in turn.

    Returns a `LabelledDataset` whose `source` is `ImageFiles`.
    Raises as `datasets.image_folder`, at once for what concerns folders.
    """
    files = ImageFiles(folder, split=split, side=side, limit=limit, count=count)
    published = {"mean": PUBLISHED_MEAN, "deviation": PUBLISHED_DEVIATION}
    workers = cores() if workers is None else workers
    return labelled_dataset(files, classes=len(files.names), device=device, workers=workers, **published)


class ImageFiles(Dataset):
    """A data set of torch: (3, side, side) uint8 of each image file by class, and its label; see `image_files`.

    folder, split, side, limit, count : as there

    labels : (N,) int64, the classes in turn
    names : of the classes

    Raises as `image_files`.
    """

    def __init__(self, folder, *, split=None, side=224, limit=None, count=None):
        check_count("side", side)
        check_count("count", 1 if count is None else count)
        listed = list_classes(folder, split=split, limit=limit)
        place = np.concatenate([np.arange(n) for n in np.bincount(listed.labels)])
        turn = np.argsort(place, kind="stable")[:count]
        self.side, self.names, self.labels = side, listed.names, listed.labels[turn]
        self.paths = tuple(listed.paths[n] for n in turn)
        told = "\n".join(path.relative_to(listed.place).as_posix() for path in self.paths)
        self.known_by = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        """The middle of an image, and its label.  Raises ValueError, naming the file, if it cannot be read."""
        return self.sample(index)

    def sample(self, index, *, seed=0, epoch=0, moved=False):
        """An image and its label: a part of it that depends on index, seed and epoch, if `moved`, or else the middle.

        Raises as `__getitem__`.
        """
        library = optional("PIL.Image", "Pillow")
        try:
            image = decoded_image(self.paths[index], colour=True)
        except (Warning, library.DecompressionBombError) as error:
            raise ValueError(f"{self.paths[index]}: cannot be read ({error})") from error
        bilinear = library.Resampling.BILINEAR
        if moved:
            box = random_box(image.width, image.height, words_of_sample(index, seed=seed, epoch=epoch, count=22))
            image = image.crop(box).resize((self.side, self.side), bilinear)
        else:
            shorter, least = min(image.size), round(self.side * 8 / 7)
            image = image.resize(tuple(int(least * size / shorter) for size in image.size), bilinear)
            left, top = (round((size - self.side) / 2) for size in image.size)
            image = image.crop((left, top, left + self.side, top + self.side))
        return np.ascontiguousarray(np.moveaxis(np.array(image), -1, 0)), int(self.labels[index])


def random_box(width, height, words):
    """A random part of an image, of 8 to 100 % of its area, and of a ratio of width to height from 3/4 to 4/3.

    The area is uniform, the ratio uniform in its logarithm, the place uniform. Of ten tries the first one that fits in
    the image is taken; if none fits, the largest part in the middle whose ratio is in this range.

    words : (22,) uint64, random: two for each try, two for the place

    Returns (left, top, right, bottom) in pixels.
    """
    numbers = (np.asarray(words) >> np.uint64(11)) / 2.0**53
    for share, place in zip(numbers[:20:2], numbers[1:20:2], strict=True):
        area = width * height * (_AREAS[0] + share * (_AREAS[1] - _AREAS[0]))
        ratio = math.exp(math.log(_RATIOS[0]) + place * math.log(_RATIOS[1] / _RATIOS[0]))
        wide, high = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < wide <= width and 0 < high <= height:
            left, top = int(numbers[20] * (width - wide + 1)), int(numbers[21] * (height - high + 1))
            return left, top, left + wide, top + high
    wide, high = min(width, round(height * _RATIOS[1])), min(height, round(width / _RATIOS[0]))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high
