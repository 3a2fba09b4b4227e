"""Arrays that a caller gave, on the host."""

from ..arrays import to_host

__all__ = ["host_array"]


def host_array(name, value):
    """A NumPy array of a list or of an array of any library.  Raises ValueError if its entries differ in shape."""
    try:
        return to_host(value)
    except ValueError:
        raise ValueError(f"{name}: expected one array, got entries of several shapes") from None
