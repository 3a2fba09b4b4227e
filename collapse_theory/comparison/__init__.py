"""One labelled set, several operations, layer by layer: does a phase collapse separate class means where others do not?

    from collapse_theory import comparison
    result = comparison.across_layers(images, labels, ("phase collapse", "soft threshold"))
    print(result)

Four measures, on images that nothing was fitted on. All are unbiased or held out; each has an interval, conditional on
the images fitted on but for accuracies, on the thresholds and on the seed. With `groups` of templates they are over
templates, and B and F have no bias from their small number.

B / E_0    Between-class variance at depth d over the energy of the images, both for each sample of the image (times 4^d
           under subsampling by two). The measure of the verdict: it says how much of the energy of the images is now a
           difference of class means. A reduction cannot raise it by removing energy. For non-expansive operations only:
           of the others it is as large as their gain. The energy is about the mean intensity of each channel of the
           images fitted on. Another image that all have in common is in it. It says nothing about overlap.
F          Between-class over within-class variance, B / V. It is free of any scale. It rises where B stays and V falls,
           which is what a threshold does to classes that differ in mean intensity: alone it is no measure.
linear     Held-out accuracy of ridge regression on channels averaged over space. It can beat chance although all class
           means agree, by variances through its offset, and it sees means that are a thousandth of the energy.
nearest    Held-out accuracy of the nearest class mean, on the same averages. It uses means only: it falls to chance
           where they agree, unless one class varies less than the mean of another is known. It is blind to all else.

Neither accuracy sees what averaging over space removes.

The verdict is of the deepest layer and of B / E_0 alone (of F against a reduction that expands), see
`Comparison.verdict`; `holm` is for several comparisons at once. The rest describes.
"""

from .layers import OPERATIONS, across_layers
from .result import MEASURES, Comparison
from .verdicts import Evidence, holm

__all__ = ["MEASURES", "OPERATIONS", "Comparison", "Evidence", "across_layers", "holm"]
