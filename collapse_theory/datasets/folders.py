"""Images in folders by class: one's own, or in the layout of ImageNet."""

import numpy as np

from .decoding import MOST_PIXELS, ImageReader, tell_passed_over
from .listing import list_classes

__all__ = ["image_folder"]

_AHEAD = 64


def image_folder(
    folder,
    *,
    side=32,
    split=None,
    limit=None,
    colour=False,
    workers=None,
    most_pixels=MOST_PIXELS,
    on_error="raise",
):
    """One's own images by class, all in memory: the files below FOLDER/CLASS, at any depth.

    They are BMP, GIF, JPEG, PBM, PGM, PNG, PPM, TIFF or WebP, and named .bmp, .gif, .jfif, .jpeg, .jpg, .pbm, .pgm,
    .png, .pnm, .ppm, .tif, .tiff or .webp, in any case; what a file is decides its content, not its name. Of several
    pages or frames the first is read.

    folder : holds one folder a class; with `split`, holds `train` and `test` or `val`, each with one folder a class:
        ImageNet's layout. A relative path that is not there is looked for in every entry of COLLAPSE_THEORY_DATA
    side : of the images returned, in samples: the largest central square is shrunk, each sample being the mean of the
        pixels it covers; never enlarged
    split : "train", "test" or "val"; None if there are no such folders. The validation set may be called `val`,
        `valid` or `validation`; where there is no test set with classes it is read instead, and the other way round
    limit : the number of images read a class, the first by name; None for all
    colour : three channels, red, green, blue, or one of luminance; transparency is dropped, a photograph's orientation
        mark obeyed
    workers : threads that decode; None for one a processor
    most_pixels : of one file; a larger one is refused before memory is taken for it
    on_error : "raise", or "skip" to pass over the files that cannot be read and accept classes without an image, whose
        names and numbers stay; the warning FilesPassedOver then says at the end how many files these were

    Returns (images (N, C, side, side) float32 in [0, 1], labels (N,) int64, names): names[y] is the folder of class y,
    classes and files sorted by the characters of their names. What begins with a dot is passed over, and so are the
    folders that archives and systems leave, such as __MACOSX, @eaDir, lost+found, $RECYCLE.BIN and __pycache__, and
    links to a folder that holds them. The memory in use is that of the result, and of one decoded file a worker;
    `image_batches` reads what would not fit.
    Raises DataNotFound if a folder is missing; ValueError if there are fewer than two classes, a class has no image or
    cannot be listed, the split has other classes than `train`, or a file cannot be decoded, has more than 8 bits a
    channel, is smaller than `side` or has more than `most_pixels`; ImportError if Pillow is missing.
    """
    read = ImageReader(side, colour, workers, most_pixels, on_error)
    listed = list_classes(folder, split=split, limit=limit, empty=on_error == "skip")
    images = np.empty((len(listed.paths), 3 if colour else 1, side, side), dtype=np.float32)
    kept, errors = [], []
    for number, image in enumerate(read(listed.paths, ahead=_AHEAD)):
        if isinstance(image, ValueError):
            errors.append(str(image))
        else:
            images[len(kept)] = image
            kept.append(number)
    if not kept:
        raise ValueError(f"folder: none of the {len(errors)} image files could be read, the first: {errors[0]}")
    images = images[: len(kept)]
    images /= 255
    tell_passed_over(errors, len(listed.paths), level=2)
    return images, listed.labels[kept], listed.names
