"""Does my data separate? From a folder of images to a verdict, a control that must fail, and a picture.

python -m analysis.tutorials.does_my_data_separate             three textures that come with scikit-image
python -m analysis.tutorials.does_my_data_separate FOLDER      yours: FOLDER/CLASS/*.png

The picture goes to comparison.pdf, or to the file after --out. Needs the extra `figures`.
"""

import argparse
import sys
from dataclasses import replace

import numpy as np

from collapse_theory import comparison, datasets, plot

OPERATIONS = ("phase collapse", "soft threshold", "tanh")


def main(arguments=None):
    """Do what the words of a command line say.  Returns the exit code."""
    options = _parser().parse_args(arguments)

    # 1. Images with labels. Those of a folder are read in batches, so that they need not fit in memory. The textures
    #    are standardised: brightness and contrast, which need no wavelets, do not tell them apart.
    if options.folder:
        images = datasets.image_batches(options.folder, side=options.side)
    else:
        images = datasets.array_batches(*datasets.textures(standardise=True), names=datasets.TEXTURE_NAMES)
    print(f"{len(images.labels)} images of {', '.join(images.names)}\n")

    # 2. The comparison. Half of each class chooses the thresholds; the other half is measured, with intervals. Without
    #    being asked for, the identity is measured too: what an operation adds is what the identity does not have.
    result = comparison.across_layers(images, operations=OPERATIONS, depth=2, seed=0)
    print(result, "\n")

    # 3. How to read it. B / E_0 is the share of the images' energy that is a difference of class means. The verdict is
    #    about it, at the deepest layer, and about pairs: the same images through both operations.
    for row in result.to_dicts():
        if row["depth"] == result.depth:
            value, low, high = row["between_over_energy"]
            print(f"{row['operation']:<16} B / E_0 {100 * value:5.1f} %, from {100 * low:5.1f} to {100 * high:5.1f} %")

    # 4. The control. With labels at random there is nothing to separate: a verdict of "more" would be a fault, of the
    #    measure or of the images, such as one picture that is there many times.
    shuffled = replace(images, labels=np.random.default_rng(0).permutation(images.labels))
    control = comparison.across_layers(shuffled, operations=OPERATIONS[:2], depth=2, seed=0)
    print(f"\nverdict: {result.verdict()}; with labels at random: {control.verdict()}")

    # 5. The picture, in which bars are intervals. As PDF or SVG it can be scaled.
    plot.comparison(result).figure.savefig(options.out)
    print(f"picture: {options.out}")
    return 0


def _parser():
    says = (__doc__ or "").split("\n", 1)[0]
    parser = argparse.ArgumentParser(prog="python -m analysis.tutorials.does_my_data_separate", description=says)
    parser.add_argument("folder", nargs="?", help="a folder with one folder per class (default: three textures)")
    parser.add_argument("--side", type=int, default=32, help="samples per side that images are shrunk to (default: 32)")
    parser.add_argument("--out", default="comparison.pdf", help="file of the picture (default: comparison.pdf)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
