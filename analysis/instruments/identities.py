"""Which data a record is of: where they were found, how many they are, the sha256 of their content."""

from pathlib import Path

from collapse_theory import datasets

SPLITS = ("train", "test")
_PUBLISHED = {  # by the name that a question gives them
    "cifar10": ("cifar10", SPLITS),
    "grey cifar10": ("cifar10", SPLITS),
    "cifar100": ("cifar100", SPLITS),
    "mnist": ("mnist", SPLITS),
    "fashion mnist": ("fashion_mnist", SPLITS),
    "moved fashion mnist": ("fashion_mnist", SPLITS),
    "kth tips": ("kth_tips", (None,)),
    "moved kth tips": ("kth_tips", (None,)),
}


def identities(names):
    """Identities by name, those of splits as "NAME, SPLIT", as `datasets.identity` has them.

    Of the path the last part is kept: the rest tells where somebody keeps data, not which these are. What is drawn
    from a seed, or comes with a package whose version is recorded, has none.
    """
    found = {}
    for name in names:
        reader, splits = _PUBLISHED.get(name, (None, ()))
        for split in splits:
            identity = datasets.identity(getattr(datasets, reader), split=split)
            found[_title(name, split)] = identity | {"path": Path(identity["path"]).name}
    return found


def folder_identities(name, given, place):
    """The same of a folder of images by class, which is called `name` and was given as `given`."""
    splits = SPLITS if (place / "train").is_dir() else (None,)
    return {
        _title(name, split): datasets.identity(datasets.image_folder, place, split=split) | {"path": given}
        for split in splits
    }


def _title(name, split):
    return f"{name}, {split}" if split else name
