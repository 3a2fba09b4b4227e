"""A stand-in for FFTW by NumPy, with the same demands, so that plans are tested where FFTW is not installed."""

import numpy as np

__all__ = ["FFTW"]


class FFTW:
    """A plan for two arrays of one shape, dtype and alignment."""

    def __init__(self, source, target, *, axes, direction, flags):
        assert axes == (-2, -1)
        assert flags == ("FFTW_MEASURE",)
        self.transform = {"FFTW_FORWARD": np.fft.fft2, "FFTW_BACKWARD": _backward}[direction]
        self.in_place, self.kind = source is target, (source.shape, source.dtype)
        self.alignment = next(n for n in (32, 16, 8, 4) if not source.ctypes.data % n and not target.ctypes.data % n)
        source[...] = target[...] = np.nan  # measuring writes over both
        self.update_arrays(source, target)

    def update_arrays(self, source, target):
        """The arrays to transform next.  Raises ValueError, as FFTW's own, if the plan was not made for such."""
        for x in (source, target):
            if (x.shape, x.dtype) != self.kind or x.ctypes.data % self.alignment or not x.flags.c_contiguous:
                raise ValueError(f"invalid array: {x.shape}, {x.dtype}, at {x.ctypes.data}")
        if self.in_place != (source.ctypes.data == target.ctypes.data):
            raise ValueError("a plan in place needs one array, another needs two")
        self.arrays = source, target

    def execute(self):
        """Transform from the one array into the other, unscaled."""
        source, target = self.arrays
        target[...] = self.transform(source)


def _backward(x):
    return np.fft.ifft2(x, norm="forward")
