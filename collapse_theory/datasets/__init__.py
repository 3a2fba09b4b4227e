"""Real labelled images as NumPy arrays on the host, whole or in lazy batches.

Textures that come with scikit-image; CIFAR-10, CIFAR-100, MNIST, Fashion-MNIST and KTH-TIPS in their published forms;
folders of images by class, ImageNet's among them. Nothing is downloaded. Data that do not come with a package are
looked for in the `folder` one names, or else in every entry of the environment variable COLLAPSE_THEORY_DATA, a search
path separated like PATH.
"""

from .batches import Batches, array_batches, image_batches
from .cifar import cifar10, cifar100
from .cifar_names import CIFAR10_NAMES, CIFAR100_COARSE_NAMES, CIFAR100_NAMES
from .folders import image_folder
from .identities import identity
from .materials import KTH_TIPS_NAMES, kth_tips
from .mnist import FASHION_MNIST_NAMES, MNIST_NAMES, fashion_mnist, mnist
from .search import SEARCH_PATH, DataNotFound
from .splits import split_by_class
from .textures import TEXTURE_NAMES, textures

__all__ = [
    "CIFAR10_NAMES",
    "CIFAR100_COARSE_NAMES",
    "CIFAR100_NAMES",
    "FASHION_MNIST_NAMES",
    "KTH_TIPS_NAMES",
    "MNIST_NAMES",
    "SEARCH_PATH",
    "TEXTURE_NAMES",
    "Batches",
    "DataNotFound",
    "array_batches",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "identity",
    "image_batches",
    "image_folder",
    "kth_tips",
    "mnist",
    "split_by_class",
    "textures",
]
