"""What the labels of MNIST and its kin stand for."""

__all__ = ["EMNIST_NAMES", "FASHION_MNIST_NAMES", "MNIST_NAMES"]

MNIST_NAMES = tuple("0123456789")
FASHION_MNIST_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MERGED = MNIST_NAMES + tuple(_CAPITALS) + tuple("abdefghnqrt")
EMNIST_NAMES = {
    "balanced": _MERGED,
    "byclass": MNIST_NAMES + tuple(_CAPITALS + _CAPITALS.lower()),
    "bymerge": _MERGED,
    "digits": MNIST_NAMES,
    "letters": tuple(_CAPITALS),
    "mnist": MNIST_NAMES,
}
