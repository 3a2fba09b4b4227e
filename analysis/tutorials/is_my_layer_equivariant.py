"""Is my layer equivariant? What a convolution, padding, pooling and a modulus do to a shift, with counterexamples.

python -m analysis.tutorials.is_my_layer_equivariant

Needs the extras `torch` and `test`, of which it takes Hypothesis. Put a layer of yours in the place of these.
"""

import argparse
import sys

import torch
from torch import nn

from collapse_theory import testing
from collapse_theory.testing import strategies


def main(arguments=None):
    """Ask one question after the other, and print the answers.  Returns the exit code."""
    _parser().parse_args(arguments)
    torch.manual_seed(0)

    # 1. The law: a layer is equivariant if it moves its output as its input is moved. A periodic convolution is.
    periodic = nn.Conv2d(1, 8, 5, padding="same", padding_mode="circular", bias=False)
    ask("a periodic convolution", testing.assert_translation_equivariant, periodic)

    # 2. Zeros at the border break it, and the answer says so: the error is near the border alone.
    padded = nn.Conv2d(1, 8, 5, padding="same", bias=False)
    ask("the same with zeros at the border", testing.assert_translation_equivariant, padded)

    # 3. Subsampling by two breaks it for odd shifts, even where nothing is at the border. Even shifts are kept.
    pooled = nn.Sequential(periodic, nn.MaxPool2d(2))
    ask("maxima over 2 x 2", testing.assert_translation_equivariant, pooled)
    even = strategies.shifts(multiple_of=2)
    ask("the same, for even shifts", testing.assert_translation_equivariant, pooled, shifts=even)

    # 4. The modulus of complex channels forgets their phase, and with it nearly all that a small shift does; an average
    #    over all places then makes it invariant, exactly. The average of a real part is invariant too, and is useless:
    #    it is the sum of the filter times the mean of the image.
    def modulus_and_average(x):
        real, imaginary = periodic(x).chunk(2, dim=1)
        return torch.complex(real, imaginary).abs().mean((-2, -1))

    ask("modulus, then average", testing.assert_translation_invariant, modulus_and_average, like=torch.zeros(1))

    # 5. Thresholds are not homogeneous: twice the contrast is not twice the output.
    threshold = nn.Sequential(periodic, nn.Softshrink(0.1))
    ask("a threshold, for t x", testing.assert_homogeneous, threshold)
    return 0


def ask(name, check, layer, **options):
    """Print whether a layer obeys the law of a check, and if it does not, the smallest counterexample found.

    A check draws 100 instances by default; a quarter of them is quicker, and finds all that is broken here.
    """
    try:
        check(layer, examples=25, **options)
        print(f"{name}: yes")
    except testing.LawBroken as broken:
        print(f"{name}: no\n    {broken}")


def _parser():
    says = (__doc__ or "").split("\n", 1)[0]
    return argparse.ArgumentParser(prog="python -m analysis.tutorials.is_my_layer_equivariant", description=says)


if __name__ == "__main__":
    sys.exit(main())
