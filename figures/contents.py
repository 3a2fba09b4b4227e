"""The figures in the order of the report, what each draws from, and which of them stand at its head.

A figure is a module of this folder. Its docstring is the caption, title first; `data(...)` gives plain values, and
`draw(data)`, or `draw(data, width=..)` in cm, a matplotlib figure. `data` is called with the rows of the recorded
result that is named here; with the rows of several, in order, an empty list for one that is not there; or with nothing.
A figure in `OPTION_OF` takes an option of the command as a keyword of `data`, and is drawn when it is named. A figure
that is a table may have `texts(data)`, a dict of texts by the ending of their files, which are written beside it.
"""

from analysis import separation_across_layers as measurement

_NETWORKS = "accuracy_of_learned_networks"
_ANSWERS = (measurement.NAME, "do_real_images_separate", _NETWORKS)
CHAPTERS = {  # figure: its recorded result, or a tuple of several, the first of which it needs; None: it computes
    "Does it separate?": {
        "the_answer": _ANSWERS,
        measurement.NAME: measurement.NAME,
        "do_real_images_separate": "do_real_images_separate",
        "few_samples_a_class": "few_samples_a_class",
    },
    "Why it could: theory": {
        "two_rings": None,
        "concentration_against_separation": None,
        "rectifier_in_two_halves": None,
        "energy_across_layers": None,
        "image_moved": None,
        "stability_to_deformations": None,
        "what_the_phase_knew": "what_the_phase_knew",
        "sharpness_of_the_claims": None,
    },
    "With what: wavelets": {
        "wavelets_and_their_sum": None,
        "scattering_disk": None,
    },
    "Learned networks": {
        "learned_network": None,
        "tables_of_networks": _NETWORKS,
        "equal_terms": _NETWORKS,
        "learning_curves": _NETWORKS,
        "anatomy_of_networks": _NETWORKS,
        "learning_curve": None,
    },
    "What it costs": {
        "how_cost_grows": "benchmarks",
    },
}
ANSWERS = ("the_answer", f"{measurement.NAME}_deep", measurement.NAME)  # the first that is drawn heads the report
ON_REQUEST = ("how_cost_grows",)  # drawn when named
OPTION_OF = {"learning_curve": "run"}  # figure: an option of the command, which is a folder

RESULT_OF = {name: result for figures in CHAPTERS.values() for name, result in figures.items()}
NAMES = tuple(RESULT_OF)


def results_of(name):
    """The recorded results that a figure draws, the one that it needs first."""
    result = RESULT_OF[name]
    return result if isinstance(result, tuple) else (result,) if result else ()


def by_default():
    """The figures that are drawn if none is named."""
    return [name for name in NAMES if name not in ON_REQUEST and name not in OPTION_OF]
