"""Real labelled images as NumPy arrays on the host, whole or in lazy batches.

Textures that come with scikit-image; CIFAR-10, CIFAR-100, MNIST, Fashion-MNIST, EMNIST and KTH-TIPS in their published
forms; folders of images by class, ImageNet's among them. Nothing is downloaded. Data that do not come with a package
are looked for in the `folder` one names, or else in every entry of the environment variable COLLAPSE_THEORY_DATA, a
search path separated like PATH; a relative `folder` that is not there is looked for in these entries too. `~` is the
home. `identity` says for a record which data these were.
"""

from .batches import Batches, array_batches, image_batches, split_by_class
from .cifar import CIFAR10_NAMES, CIFAR100_COARSE_NAMES, CIFAR100_NAMES, cifar10, cifar100
from .data_files import SEARCH_PATH, DataNotFound
from .decoding import FilesPassedOver
from .folders import image_folder
from .identities import identity
from .kth_tips import KTH_TIPS_NAMES, kth_tips
from .mnist import EMNIST_NAMES, FASHION_MNIST_NAMES, MNIST_NAMES, emnist, fashion_mnist, mnist
from .textures import TEXTURE_NAMES, textures

__all__ = [
    "CIFAR10_NAMES",
    "CIFAR100_COARSE_NAMES",
    "CIFAR100_NAMES",
    "EMNIST_NAMES",
    "FASHION_MNIST_NAMES",
    "KTH_TIPS_NAMES",
    "MNIST_NAMES",
    "SEARCH_PATH",
    "TEXTURE_NAMES",
    "Batches",
    "DataNotFound",
    "FilesPassedOver",
    "array_batches",
    "cifar10",
    "cifar100",
    "emnist",
    "fashion_mnist",
    "identity",
    "image_batches",
    "image_folder",
    "kth_tips",
    "mnist",
    "split_by_class",
    "textures",
]
