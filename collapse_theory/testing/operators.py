"""A user's operator as a function of host arrays: where it is evaluated, how precisely, and what it refuses."""

import copy
from contextlib import contextmanager

import numpy as np

from ..arrays import array_namespace, place, to_host

__all__ = ["Operator", "operator_at"]


class Operator:
    """A function of NumPy arrays, evaluated where `like` lives.

    name : how messages call it
    epsilon : precision of the arrays that go in
    dtype : the real NumPy dtype of that precision
    """

    def __init__(self, operator, like, channels):
        self._operator, self._like, self._channels = operator, like, channels
        self.name = getattr(operator, "__name__", type(operator).__name__)
        xp = array_namespace(like)
        self.epsilon = float(xp.finfo(like.dtype).eps)
        self.dtype = np.float32 if self.epsilon > 1e-10 else np.float64

    def __call__(self, x):
        """The operator at a NumPy array, as one of double precision, in which numbers of any kind can be compared.

        Raises TypeError if it gives no array.
        """
        y = to_host(self._checked(self._operator(self.placed(x))))
        return y.astype(np.complex128 if np.iscomplexobj(y) else np.float64)

    def placed(self, x):
        """A NumPy array beside `like`."""
        return place(x, like=self._like)

    def rounded(self, x):
        """A NumPy array rounded to the precision of the input, so that differences are those the operator meets."""
        return x.astype(np.result_type(self.dtype, np.complex64) if np.iscomplexobj(x) else self.dtype)

    def composed(self, make):
        """The operator that `make` makes of this one, evaluated at the same place."""
        other = copy.copy(self)
        other._operator = make(self._operator)
        return other

    def first(self, x, source):
        """Try the first image.  Raises ValueError, saying what to pass, if the operator does not take it.

        source : "shape" or "inputs", where the image comes from
        """
        y, kind = self._attempt(x), type(self.placed(x))
        if isinstance(y, Exception):
            fix = (
                f"shape=(1, {self._channels_for(x)}, H, W), that of its images"
                if source == "shape"
                else "inputs= it takes"
            )
            raise ValueError(
                f"operator: {self.name} does not take a {kind.__module__}.{kind.__name__} of shape {x.shape} "
                f"({type(y).__name__}: {y}); pass {fix}, or like=, an array of the library that it works in"
            ) from y
        self._checked(y)

    def _channels_for(self, x):
        """How many channels the operator expects: its first layer says so, or it accepts so many in place of `x`'s."""
        tried = (n for n in (3, 1, 2, 4) if x.ndim > 2 and self.takes(np.repeat(x[..., :1, :, :], n, axis=-3)))
        return self._channels if self._channels != "C" else next(tried, "C")

    def takes(self, x):
        """Whether the operator returns anything at all for an image."""
        return not isinstance(self._attempt(x), Exception)

    def derivative(self, x):
        """The derivative at a NumPy array `x` and its adjoint, where the library of `like` has gradients; else None.

            push(v) = f′(x) v        pull(u) = f′(x)ᵀ u,  for the real scalar product Re Σ ū v

        Two functions of NumPy arrays. The derivative is the gradient of its adjoint, which is linear.
        """
        x = self.placed(x)
        xp = array_namespace(x)
        autograd = getattr(xp, "autograd", None)
        if autograd is None:
            return None
        try:
            with autograd.enable_grad():
                x = x.detach().requires_grad_(True)
                y = self._operator(x)
                u = xp.zeros_like(y).requires_grad_(True)
                (pulled,) = autograd.grad(y, x, u, create_graph=True)

            def push(v):
                return to_host(autograd.grad(pulled, u, self.placed(v), retain_graph=True)[0])

            def pull(u):
                return to_host(autograd.grad(y, x, self.placed(u), retain_graph=True)[0])

            pull(push(to_host(x)))  # whether gradients reach the output is known only afterwards
        except (RuntimeError, TypeError, AttributeError):
            return None
        return push, pull

    def _attempt(self, x):
        try:
            return self._operator(self.placed(x))
        except Exception as error:  # of any kind: it is the user's function
            return error

    def _checked(self, y):
        try:
            array_namespace(y)
        except TypeError as error:
            raise TypeError(f"operator: {self.name} returned no array: {error}") from None
        return y


@contextmanager
def operator_at(operator, like):
    """The `Operator` of a function or a module, which is in evaluation mode inside, and left as it was.

    operator : callable of one array, or a torch module
    like : floating array of the library, device and precision to evaluate at; None for the first parameter of a module,
        and for NumPy in double precision otherwise

    Raises TypeError if the operator is not callable or computes in half precision, or `like` is not of single or double
    precision; ValueError if a module has no parameter to say where it lives.
    """
    if not callable(operator):
        raise TypeError(f"operator: expected a function of an array or a torch module, got {type(operator).__name__}")
    modules = list(operator.modules()) if callable(getattr(operator, "modules", None)) else []
    numbers = [p for p in operator.parameters() if p.is_floating_point() or p.is_complex()] if modules else []
    for parameter in numbers:
        _check_precision("operator", parameter, f"{type(operator).__name__} with parameters of")
    if like is None and modules and not numbers:
        name = type(operator).__name__
        raise ValueError(f"like: {name} has no parameters to say where it lives; give an array that does")
    like = (numbers[0] if numbers else np.zeros(())) if like is None else like
    _check_precision("like", like, "an array of")
    channels = next((m.in_channels for m in modules if hasattr(m, "in_channels")), "C")
    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            yield Operator(operator, like, channels)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def _check_precision(name, like, what):
    try:
        xp = array_namespace(like)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if like.dtype not in (xp.float32, xp.float64, xp.complex64, xp.complex128):
        raise TypeError(f"{name}: expected single or double precision, got {what} {like.dtype}")
