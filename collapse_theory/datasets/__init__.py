"""Real labelled images as NumPy arrays on the host: embedded textures, CIFAR-10, folders of images by class.

Nothing is downloaded. Data that do not come with the package are looked for in the `folder` one names, or else in every
entry of the environment variable COLLAPSE_THEORY_DATA, a search path separated like PATH.
"""

from .cifar import CIFAR10_NAMES, cifar10
from .folders import image_folder
from .search import SEARCH_PATH, DataNotFound
from .splits import split_by_class
from .textures import TEXTURE_NAMES, textures

__all__ = [
    "CIFAR10_NAMES",
    "SEARCH_PATH",
    "TEXTURE_NAMES",
    "DataNotFound",
    "cifar10",
    "image_folder",
    "split_by_class",
    "textures",
]
