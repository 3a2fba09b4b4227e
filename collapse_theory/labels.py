"""Labels of samples, of any kind that sorts, on the host. Two that differ are never taken for one."""

from itertools import pairwise

import numpy as np

from .arrays import shape, to_host

__all__ = ["as_array", "as_label_array", "check_one_kind", "class_codes", "in_order"]

_PLAIN = {"bool": "b", "int": "iu", "float": "f", "str": "U", "bytes": "S"}  # kinds of labels, and of their arrays
_QUICK = "biufmM"  # numbers and times, which NumPy sorts without a loss


def class_codes(labels, count=None):
    """The classes of some labels, and the class of each one.

    labels : (N,) numbers, text, bytes, times or any other objects of one kind that sort: a list, a NumPy array or an
        array of any library
    count : N, if it is known

    Two labels are one class where they are equal and of one kind: 1, 1.0, True and "1" are four kinds, and every unit
    of time is one. Numbers of all widths are compared exactly.

    Returns the classes, a sorted list of Python or NumPy scalars, and (N,) host integers, their places in it.
    Raises ValueError for another shape, or a label that is missing: None, NaN, NaT, a masked one; TypeError for labels
    of several kinds, or that do not sort.
    """
    labels = as_label_array(labels)
    if labels.ndim != 1 or count not in (None, len(labels)):
        raise ValueError(
            f"labels: expected shape ({'N' if count is None else count},), one per sample, got {shape(labels)}"
        )
    if labels.dtype.kind in _QUICK:
        found = np.unique(labels)  # what is not equal to itself comes last
        names = list(found) if labels.dtype.kind in "mM" else found.tolist()
        _check_there(names[-1:])
        return names, np.searchsorted(found, labels)
    items = [label.item() if _is_plain_scalar(label) else label for label in labels.tolist()]
    try:
        names = set(items)
    except TypeError as error:
        raise TypeError(f"labels: expected labels that can be told apart, got {error}") from None
    _check_there(names)
    check_one_kind(items)
    names = in_order(names)
    places = {name: place for place, name in enumerate(names)}
    return names, np.fromiter((places[label] for label in items), np.int64, len(items))


def as_label_array(labels):
    """Labels as a NumPy array of their shape, of objects where an array of numbers or text would merge some of them.

    Raises TypeError if they cannot be brought to the host; ValueError if one is masked, or rows differ in length.
    """
    if np.ma.is_masked(labels):
        _check_there([np.ma.masked])
    if not isinstance(labels, list | tuple):
        try:
            return np.asarray(labels if isinstance(labels, np.ndarray) else to_host(labels))
        except (TypeError, ValueError, RuntimeError) as error:  # of a dtype or a device that NumPy cannot read
            raise TypeError(f"labels: expected labels that can be brought to the host: {error}") from None
    try:
        array = np.asarray(labels)
    except ValueError as error:
        raise ValueError(f"labels: expected one label per sample, got rows of several lengths ({error})") from None
    if array.ndim != 1 or _is_faithful(array, set(map(type, labels))):
        return array
    return np.fromiter(labels, object, len(labels))


def _is_faithful(array, types):
    """Whether an array made of labels of these types holds each of them as it was: integers may have become floats."""
    if len(types) != 1 or array.dtype.kind not in "biuf":
        return False
    one = types.pop()
    return array.dtype.kind != "f" if one is int else one in (bool, float) or hasattr(one, "dtype")


def check_one_kind(labels, name="labels"):
    """Raise TypeError if some labels are of another kind than the others, which may be equal to them: 1 and True."""
    kinds = {_kind(label) for label in labels}
    if len(kinds) > 1:
        raise TypeError(f"{name}: expected labels of one kind that sort together, got {', '.join(sorted(kinds))}")


def in_order(labels):
    """A set of labels of one kind as a sorted list.  Raises TypeError if they do not sort together, as sets do not."""
    try:
        ordered = sorted(labels)
        if all(one < other for one, other in pairwise(ordered)):
            return ordered
    except TypeError:
        pass
    kinds = ", ".join(sorted({_kind(label) for label in labels}))
    raise TypeError(f"labels: expected labels that sort together, got {kinds}")


def as_array(names):
    """A sorted list of classes as a NumPy array: of numbers, text or times, or of objects where those do not hold it.

    names : (K,) list of labels of one kind
    """
    kind = _kind(names[0]) if names else "float"
    if kind in _PLAIN:
        unsigned = kind == "int" and names[-1] >= 2**63 and names[0] >= 0 and names[-1] < 2**64
        array = np.array(names, np.uint64 if unsigned else None)
        if array.dtype.kind in _PLAIN[kind] and array.tolist() == names:
            return array
    elif isinstance(names[0], np.datetime64 | np.timedelta64):
        return np.array(names)
    return np.fromiter(names, object, len(names))


def _check_there(labels):
    for label in labels:
        if label is None or label is np.ma.masked or not _equals_itself(label):
            got = (
                "NaN" if isinstance(label, float | complex) else "a masked one" if label is np.ma.masked else str(label)
            )
            raise ValueError(f"labels: expected labels that are equal to themselves, and none missing, got {got}")


def _equals_itself(label):
    try:
        return bool(label == label)
    except TypeError:  # the missing value of pandas is neither equal to itself nor not
        return False


def _is_plain_scalar(label):
    return isinstance(label, np.generic) and label.dtype.kind not in "mMV"


def _kind(label):
    return str(label.dtype) if isinstance(label, np.generic) else type(label).__name__
