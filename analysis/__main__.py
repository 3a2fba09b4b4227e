"""List the questions, or answer one.

python -m analysis                 the questions, a line each
python -m analysis NAME --help     the options of one
python -m analysis NAME ...        answer it
"""

import importlib
import sys

from .instruments.stopping import answered

QUESTIONS = (
    "separation_across_layers",
    "what_the_phase_knew",
    "few_samples_a_class",
    "do_real_images_separate",
    "accuracy_of_learned_networks",
)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__ or "python -m analysis NAME --help\n")  # `python -OO` keeps no docstrings
        for name in QUESTIONS:
            print(f"    {name:<28} {(_question(name).__doc__ or '').split(chr(10), 1)[0]}".rstrip())
        return 0
    name, *rest = arguments
    if name not in QUESTIONS:
        print(f"error: unknown question {name!r}; known: {', '.join(QUESTIONS)}", file=sys.stderr)
        return 2
    return answered(lambda: _question(name).main(rest))


def _question(name):
    return importlib.import_module(f"analysis.{name}")


if __name__ == "__main__":
    sys.exit(main())
