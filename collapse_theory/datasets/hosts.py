"""Arrays that a caller gave, on the host."""

import numpy as np

from ..arrays import to_host

__all__ = ["host_copy"]


def host_copy(name, value):
    """A NumPy array of a list or of an array of any library.

    Raises ValueError if its entries differ in shape, or some are masked; TypeError if it cannot be copied to NumPy.
    """
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: expected every value to count, got a masked array")
    try:
        return to_host(value)
    except ValueError:
        raise ValueError(f"{name}: expected one array, got entries of several shapes") from None
    except (TypeError, RuntimeError) as error:  # sparse, without values, of a precision that NumPy lacks
        raise TypeError(
            f"{name}: expected an array that NumPy can hold, got {type(value).__name__} ({error})"
        ) from None
