"""What an argument must be. Errors name it, and say what was expected and what came."""

import math
import os
import sys
from pathlib import Path

import numpy as np

from .arrays import array_namespace, dense, device, is_complex, is_kind, is_torch_array, real_dtype, shape, to_host
from .contexts import holds, is_recorded, why_not_on_host
from .transfers import native

__all__ = [
    "as_floating",
    "as_images",
    "as_path",
    "check_channels_first",
    "check_choice",
    "check_count",
    "check_finite",
    "check_number",
    "exponential_of",
    "host_array",
    "host_copy",
    "host_numbers",
    "parameter_beside",
]


def as_floating(x, name="x"):
    """`x` as a real or complex floating array of single or double precision.

    x : any array; integers and booleans become the default real dtype of their library
    name : how an error calls it

    Returns an array of the shape of `x`: `x` itself if it is floating already.
    Raises TypeError if `x` is not a numeric array, is sparse or masked, or has half or extended precision.
    """
    if type(x) is np.ndarray and x.dtype.char in "fdFD" and x.dtype.isnative:  # at once, the most frequent case
        return x
    xp, x = dense(x, name), native(x)
    if x.dtype in (xp.float32, xp.float64, xp.complex64, xp.complex128):
        return x
    got = x.dtype
    if is_kind(x, ("bool", "integral")):
        default = xp.__array_namespace_info__().default_dtypes(device=device(x))["real floating"]
        if default in (xp.float32, xp.float64):
            return xp.astype(x, default)
        got = f"{x.dtype} where the default is {default}"
    raise TypeError(
        f"{name}: expected single or double precision (float32, float64, complex64, complex128) or integers, "
        f"got {got}; cast it first"
    )


def as_images(x, name="x", least_axes=2):
    """`x` as finite floating images: the one check at the door of every function of images.

    x : (..., H, W) real, complex or integer, with at least `least_axes` axes

    Returns what `as_floating` returns.
    Raises TypeError as `as_floating`; ValueError if axes are missing, an axis is empty, or a value is not finite.
    """
    x = as_floating(x, name)
    if x.ndim < least_axes:
        axes = "(..., C, H, W)" if least_axes == 3 else "(..., H, W)"
        raise ValueError(f"{name}: expected images {axes} with at least {least_axes} axes, got shape {shape(x)}")
    if 0 in x.shape:
        raise ValueError(f"{name}: expected at least one sample on every axis, got shape {shape(x)}")
    check_finite(x, name)
    return x


def check_finite(x, name="x"):
    """Raise ValueError if `x` holds NaN or infinity, which an FFT would spread over the whole image, or no values.

    Where nobody can look at values, as under torch.export and torch.func.vmap, they pass.
    """
    xp = array_namespace(x)
    if is_recorded():
        return
    if is_torch_array(x) and x.is_meta:
        raise ValueError(f"{name}: expected an array that holds values, got one on the device meta, shape {shape(x)}")
    with np.errstate(over="ignore", invalid="ignore"):
        total = xp.sum(x)  # one quick pass: finite only if all values are; it may overflow even so
    if not holds(xp.isfinite(total)) and not holds(xp.all(xp.isfinite(x))):
        count = int(xp.count_nonzero(~xp.isfinite(x)))
        raise ValueError(
            f"{name}: expected finite values, got {count} NaN or infinite of {math.prod(x.shape)} in shape {shape(x)}"
        )


def check_choice(name, value, known):
    """Raise ValueError, listing what is known, if `value` is not among `known`."""
    if value not in known:
        raise ValueError(f"{name}: unknown {value!r}; known: {', '.join(map(repr, known))}")


def check_count(name, value, least=1, most=np.inf):
    """Raise ValueError if `value` is not an integer from `least` to `most`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= value <= most:
        bound = f"from {least} to {most}" if most < np.inf else f"of at least {least}"
        raise ValueError(f"{name}: expected an integer {bound}, got {value!r}")


def check_number(name, value, least=-np.inf):
    """`value` as a float.  Raise ValueError if it is not one finite real number of at least `least`."""
    number, plain = value, type(value) in (int, float)
    if not plain:
        number = host_array(name, value)
        plain = number.ndim == 0 and number.dtype.kind in "iuf"
        number = number.item() if plain else number
    if not plain or not abs(number) <= sys.float_info.max or number < least:
        bound = "" if least == -np.inf else f" of at least {least}"
        raise ValueError(f"{name}: expected a finite number{bound}, got {value!r}")
    return float(number)


def host_array(name, value):
    """An argument that is used on the host, as a NumPy array: from a number, a list, or an array that is there.

    Raises TypeError if it is not on the host, or if torch would lose gradients or operations that it records;
    ValueError if its entries differ in shape.
    """
    reason = "a mask" if isinstance(value, np.ma.MaskedArray) else why_not_on_host(value)
    if reason:
        raise TypeError(f"{name}: expected plain numbers on the host, got an array with {reason}")
    return _read(name, value, np.asarray, "plain numbers on the host")


def host_copy(name, value):
    """An argument as a NumPy array, wherever it is: from a list, or an array of any library, off the graph.

    Raises ValueError if its entries differ in shape, or some are masked; TypeError if it cannot be copied to NumPy.
    """
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: expected every value to count, got a masked array")
    return _read(name, value, to_host, "an array that NumPy can hold")


def _read(name, value, read, wanted):
    try:
        return read(value)
    except ValueError:
        raise ValueError(f"{name}: expected one array, got entries of several shapes") from None
    except (TypeError, RuntimeError) as error:  # of a GPU, or of a transform; sparse; of a precision that NumPy lacks
        why = str(error).partition("\n")[0]
        raise TypeError(f"{name}: expected {wanted}, got {type(value).__name__} ({why})") from None


def host_numbers(name, value):
    """A `host_array` of finite numbers, in double precision: float64, or complex128 if it is complex.

    Raises ValueError if it holds anything else.
    """
    numbers = host_array(name, value)
    if numbers.dtype.kind not in "biufc" or not np.all(np.isfinite(numbers)):
        raise ValueError(f"{name}: expected finite numbers, got {numbers.dtype} that are not")
    return numbers.astype(np.complex128 if numbers.dtype.kind == "c" else np.float64)


def as_path(value, name="folder"):
    """A path that a caller gave, as a Path, with `~` as the home.

    Raises TypeError if it is no path; ValueError if it is empty, holds a NUL, or names a home that is not known.
    """
    if isinstance(value, bytes) or not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name}: expected a path, as text or as a Path, got {value!r}")
    text = os.fspath(value)
    if isinstance(text, bytes) or not text or "\0" in text:
        raise ValueError(f"{name}: expected a path, as text that is not empty and has no NUL, got {text!r}")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{name}: expected a path whose home folder is known, got {text!r}") from None


def check_channels_first(name, shape):
    """Raise ValueError for a shape (N, H, W, C), which another library's images have instead of (N, C, H, W)."""
    last, colours = shape[-1], (1, 3, 4)
    if last in colours and shape[1] not in colours and last < min(shape[1:3]):
        raise ValueError(
            f"{name}: expected shape (N, C, H, W), got {tuple(shape)}, which looks like (N, H, W, C); "
            "np.moveaxis(images, -1, 1) moves the channels"
        )


def parameter_beside(name, value, z, *, least=-np.inf, checked=True):
    """A parameter of what is done to `z`, as a Python number, or as a real array beside `z` and as precise.

    value : real number, or a real array of the library and device of `z` that broadcasts against it
    least : the smallest value that is allowed
    checked : whether to look at values; what is learned may be anything

    Raises TypeError if it is neither; ValueError if it is elsewhere, does not broadcast, or is under `least` or not
    finite.
    """
    if isinstance(value, int | float | np.number):
        return check_number(name, value, least if checked else -np.inf)
    try:
        xp = array_namespace(z, value)
    except TypeError:
        expected = "a number, or a real array of the library of the coefficients"
        raise TypeError(f"{name}: expected {expected}, got {type(value).__name__}") from None
    if is_complex(value) or xp.isdtype(value.dtype, "bool"):
        raise TypeError(f"{name}: expected a number or a real array, got {value.dtype}")
    value = as_floating(value, name)
    if device(value) != device(z):
        raise ValueError(f"{name}: expected the device of the coefficients, {device(z)}, got {device(value)}")
    try:
        np.broadcast_shapes(shape(value), shape(z))
    except ValueError:
        expected = f"a shape that broadcasts against {shape(z)} of the coefficients"
        raise ValueError(f"{name}: expected {expected}, got {shape(value)}") from None
    if checked:
        check_finite(value, name)
        if least > -np.inf and not holds(xp.all(value >= least)):
            raise ValueError(f"{name}: expected values of at least {least}, got {float(xp.min(value))}")
    return xp.astype(value, real_dtype(z), copy=False)


def exponential_of(bias, largest, checked):
    """e^bias of a `parameter_beside`.  If checked, raises ValueError where it is beyond the `largest` number."""
    if isinstance(bias, float):
        if bias > math.log(largest):
            raise ValueError(f"bias: expected a number whose exponential is at most {largest:.3g}, got {bias!r}")
        return math.exp(bias)
    xp = array_namespace(bias)
    with np.errstate(over="ignore"):
        factor = xp.exp(bias)
    if checked and not holds(xp.all(xp.isfinite(factor))):
        got = float(xp.max(bias))
        raise ValueError(f"bias: expected values whose exponentials are at most {largest:.3g}, got up to {got}")
    return factor
