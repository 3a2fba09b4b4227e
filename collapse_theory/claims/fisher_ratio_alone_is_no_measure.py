"""F alone is no measure: where classes differ in mean intensity, thresholds raise it faster than collapses, B unmoved.

    B stays where it was, and F = B / V at depth 0, 1, 2, 3 is
    .020, .050, .240, .462   for a soft threshold at 0.3;     .020, .060, .128, .222   for the phase collapse

for two classes on 6 x 6: a constant 0.3, or 0, plus or minus a template, under all shifts. The templates are unlike. A
threshold keeps the low-pass, where the constant is, and takes what varies: V falls. It separates nothing that was not
apart before; the collapse raises B at each depth. So B tells them apart, or F on classes of equal means.

Proof. Less its constant each class is closed under a change of sign, at depth 0, and with it the wavelet coefficients.
A reduction is odd, so this remains at every depth, with the constant in the channel that is low-pass in every layer:
all class means are those of the constants, and B does not change (every_layer_adds_the_spread_of_its_means). V has a
limit of its own. Computed, in the certificate.

Broken: classes of equal intensity, on which the threshold has B = F = 0 at every depth.
Source: the warning is ours.
"""

import numpy as np

from ..arrays import array_namespace, place
from ..nonlinearities import named
from ..scattering import cascade
from ..separation import between_class_variance, within_class_variance
from ..wavelets import morlet_bank
from .collapse_keeps_stationary_classes_apart import orbits

DEPTHS = (1, 2, 3)
REQUIRED = {f"threshold, B at depth {depth}, change over B at 0": (0.0, 0.0) for depth in DEPTHS}
REQUIRED |= {f"collapse, B at depth {depth}, rise over B at 0": (0.01, np.inf) for depth in DEPTHS}
REQUIRED |= {f"F of the threshold by F of the collapse, depth {depth}": (1.5, np.inf) for depth in DEPTHS[1:]}
BROKEN = {"intensity": 0.0}
BROKEN_BY = "equal mean intensities"


def witness():
    templates = np.random.default_rng(3).normal(size=(2, 1, 6, 6))
    return templates - np.mean(templates, axis=(-2, -1), keepdims=True), {"intensity": 0.3}


def certificate(x, *, intensity):
    xp, y = array_namespace(x), place(np.tile([0, 1, 0, 1], x.shape[-2] * x.shape[-1]), like=x)
    constant = place(np.array([intensity, 0.0, intensity, 0.0])[:, None, None, None], like=x)
    samples, bank = orbits(xp.concat([x, -x]) + constant), morlet_bank(x.shape[-2:], 1, 4, "full").tight("complex")
    b, f = {}, {}
    for name, rho in (("threshold", named("soft threshold", threshold=0.3)), ("collapse", "phase collapse")):
        layers = list(cascade(samples, bank, rho, depth=DEPTHS[-1]))
        b[name] = [float(between_class_variance(layer, y, classes=2)) for layer in layers]
        v = [float(within_class_variance(layer, y, classes=2)) for layer in layers]
        f[name] = [between / within for between, within in zip(b[name], v, strict=True)]
    first, numbers = b["collapse"][0] or 1.0, {}
    for depth in DEPTHS:
        change, rise = b["threshold"][depth] - b["threshold"][0], b["collapse"][depth] - b["collapse"][depth - 1]
        numbers[f"threshold, B at depth {depth}, change over B at 0"] = change / first
        numbers[f"collapse, B at depth {depth}, rise over B at 0"] = rise / first
        numbers[f"F of the threshold by F of the collapse, depth {depth}"] = (
            f["threshold"][depth] / f["collapse"][depth]
        )
    return numbers
