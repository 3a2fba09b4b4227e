"""Ways through the deep cascade of colour images of 32 x 32, with statistics at every depth."""

import numpy as np

from collapse_theory.arrays import array_namespace, place, to_library
from collapse_theory.fourier import fft2, ifft2
from collapse_theory.scattering import cascade
from collapse_theory.separation import ClassMoments
from collapse_theory.wavelets import morlet_bank

__all__ = ["full_resolution", "measured"]

IMAGES, BATCH, DEPTH, CLASSES = 60_000, 256, 3, 10


def labelled():
    rng = np.random.default_rng(0)
    return rng.standard_normal((IMAGES, 3, 32, 32), np.float32), np.arange(IMAGES) % CLASSES


def bank_of_the_setting(side=32):
    return morlet_bank(side, 1, 4, "full").tight("complex")


def measured(on):
    return _statistics(lambda x: cascade(x, bank_of_the_setting(), "phase collapse", depth=DEPTH, subsample=True), on)


def full_resolution(on):
    """The same from one inverse transform per filter on the full grid; samples that are not wanted are dropped."""

    like = to_library(np.zeros(1, np.float32), on)
    filters = [place(bank_of_the_setting(32 // 2**depth).filters_hat, like) for depth in range(DEPTH)]

    def representations(x):
        yield x
        for low_hat, *psi_hat in filters:
            xp, x_hat = array_namespace(x), fft2(x)
            low = xp.real(ifft2(x_hat * low_hat))[..., ::2, ::2]
            waves = [xp.abs(ifft2(x_hat * wave_hat))[..., ::2, ::2] for wave_hat in psi_hat]
            x = xp.stack([low, *waves], axis=2)
            x = x.reshape(x.shape[0], -1, *x.shape[-2:])
            yield x

    return _statistics(representations, on)


def _statistics(representations, on):
    images, labels = labelled()
    images = to_library(images, on)

    def run():
        depths = [ClassMoments(groups=20) for _ in range(DEPTH + 1)]
        for start in range(0, IMAGES, BATCH):
            part = slice(start, start + BATCH)
            for moments, x in zip(depths, representations(images[part]), strict=True):
                moments.update(x, labels[part])
        return np.array([[m.mean_energy, m.within_class_variance, m.fisher_trace] for m in depths])

    return run
