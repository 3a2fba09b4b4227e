"""What is trained: settings of networks and recipes, their presets, and the options that change them."""

import argparse
from dataclasses import asdict, dataclass, field, fields, replace

from collapse_theory.learned.recipes import FLIPS, OPTIMIZERS, PRECISIONS, SCHEDULES, Recipe
from collapse_theory.nonlinearities import NONLINEARITIES

from .options import name_of, real, slug, whole

DATA = ("cifar10", "textures")
NETWORKS = ("learned scattering", "fixed scattering", "residual")


@dataclass(frozen=True)
class Setting:
    """A network and how it is trained; the defaults are the paper's for CIFAR-10.

    data, network : names of DATA and NETWORKS; "fixed scattering" learns one mixing, "residual" is ResNet-20
    nonlinearity : of a learned scattering or residual network
    skip, angles, circle, terms, width : of a learned scattering network, as `learned.scattering_network` has them
    quantile : of the amplitudes on 256 training images, at which thresholds start under equal terms
    start : where thresholds, or gains where there are none, start under other terms; None: as published
    bias : whether the normalisations of a residual network have a gain and a bias
    learns : whether a residual network learns its thresholds
    recipe : Recipe; its seed is also that of the weights
    images, tested : of the training set and of the test set, the first so many; None: all
    measured : test images for the class statistics, the first so many
    validation : of the training images the last so many, which stand in for the test images; None: the test images
    """

    data: str = "cifar10"
    network: str = "learned scattering"
    nonlinearity: str = "phase collapse"
    skip: bool = False
    angles: int | None = None
    circle: str = "half"
    terms: str = "published"
    mixing: str = "complex"
    quantile: float = 0.5
    start: float | None = None
    bias: bool = True
    learns: bool = False
    width: float = 1.0
    recipe: Recipe = field(default_factory=Recipe)
    images: int | None = None
    tested: int | None = None
    measured: int = 1000
    validation: int | None = None

    @property
    def label(self):
        """The network in a few words."""
        if self.network == "fixed scattering":
            return self.network
        family = self.network * (self.network != "learned scattering")
        terms, mixing = f"{self.terms} terms" * (self.terms != "published"), "real mixing" * (self.mixing == "real")
        words = (family, self.nonlinearity, "skip" * self.skip, "no bias" * (not self.bias))
        words += ("learned" * self.learns, terms, mixing)
        return ", ".join(filter(None, words))


# Warm-up and line as of Page (2018), How to train your ResNet; what else differs from the paper is in `Recipe`.
FAST = Recipe(
    epochs=10, rate=0.5, schedule="linear", warm_up=0.2, nesterov=True, label_smoothing=0.1, weight_decay=2e-4
)
# "ten-minutes" is a plan for one large GPU that nobody has timed.
PRESETS = {
    "smoke": Setting("textures", width=1 / 16, measured=96, recipe=Recipe(epochs=3, batch=32)),
    "small": Setting(skip=True, width=1 / 4, images=3000, tested=2000, recipe=Recipe(epochs=4, batch=32, rate_step=3)),
    "fast": Setting(skip=True, width=1 / 8, recipe=FAST),
    "ten-minutes": Setting(recipe=Recipe(epochs=150, rate_step=35, precision="bfloat16")),
    "paper": Setting(),
}


TIMES = {
    "smoke": "a minute on two cores",
    "small": "5 to 35 minutes on one core, needs CIFAR-10",
    "fast": "about 70 minutes on one core, needs CIFAR-10",
    "ten-minutes": "meant for one large GPU, not measured",
    "paper": "days on a processor, meant for a GPU",
}


def setting_of(options):
    """The preset, with what was asked for changed."""
    setting = PRESETS[options.preset]
    asked = {name: value for name, value in vars(options).items() if value is not None}
    recipe = {f.name: asked[f.name] for f in fields(Recipe) if f.name in asked}
    own = {f.name: asked[f.name] for f in fields(Setting) if f.name in asked}
    if own.get("network", setting.network) != "learned scattering":
        function = "rectifier" if own["network"] == "residual" else setting.nonlinearity
        own = {"width": 1.0, "skip": False, "nonlinearity": function} | own
    return replace(setting, **own, recipe=replace(setting.recipe, **recipe))


def completed(setting):
    """A recorded setting, with the defaults of what it did not have yet."""
    usual = asdict(Setting())
    return usual | setting | {"recipe": usual["recipe"] | setting["recipe"]}


_NUMBERS = {
    "quantile": (real(0, 1), "quantile of the amplitudes at which thresholds start under equal terms"),
    "start": (real(0, 1e6), "value at which thresholds, or gains, start under published terms"),
    "angles": (whole(1, 64), "number of angles of the wavelets"),
    "width": (real(2**-10, 4), "factor on the channels of every block"),
    "images": (whole(1, 10**7), "number of training images, the first"),
    "tested": (whole(1, 10**7), "number of test images, the first"),
    "validation": (whole(1, 10**7), "number of training images, the last, to be scored in place of the test images"),
    "epochs": (whole(1, 10**6), "number of passes over the images"),
    "batch": (whole(1, 10**6), "number of images per step"),
    "accumulation": (whole(1, 10**6), "number of parts into which the images of a step are divided"),
    "rate": (real(1e-12, 1e3), "learning rate at its highest"),
    "rate-factor": (real(0, 1e3), "factor on the learning rate under the schedule step"),
    "rate-step": (whole(1, 10**6), "number of epochs from one such factor to the next"),
    "warm-up": (real(0, 0.99), "share of the epochs over which the learning rate rises"),
    "momentum": (real(0, 0.9999), "momentum of the descent"),
    "weight-decay": (real(0, 1e3), "weight decay of all parameters"),
    "matrix-rate": (real(1e-12, 1e3), "learning rate of muon"),
    "label-smoothing": (real(0, 0.99), "share of each label that is spread over all classes"),
    "average": (real(1e-6, 1 - 1e-9), "decay of the moving average of the weights, which is then evaluated"),
    "largest-gradient": (real(1e-12, 1e12), "norm to which a longer gradient is shortened"),
    "padding": (whole(0, 10**4), "number of zeros around an image of which crops are taken"),
}
_CHOICES = {
    "data": (DATA, "images to train on"),
    "terms": (("published", "equal"), "non-linearity as the paper has it, or on channels of one root mean square"),
    "circle": (("half", "full"), "circle over which the wavelets look"),
    "mixing": (("complex", "real"), "kind of the learned matrices that mix channels"),
    "schedule": (SCHEDULES, "course of the learning rate after the warm-up"),
    "optimizer": (OPTIMIZERS, "optimiser: gradient descent, or muon for the mixing matrices beside it"),
    "flips": (FLIPS, "mirrors of the images in training"),
    "precision": (PRECISIONS, "number format of the products"),
}
_SWITCHES = {
    "skip": "pass the coefficients on beside their collapse",
    "bias": "give the normalisations of a residual network a gain and a bias",
    "learns": "let a residual network learn its thresholds",
    "nesterov": "take Nesterov's momentum",
    "drop-last": "leave out a last batch that is shorter",
}
_FAMILIES = "; residual is ResNet-20, fixed-scattering learns one mixing"
_NONE = {"angles": "4", "images": "all", "tested": "all", "start": "as published"}


def add_options(parser):
    """Add the options that choose and change a setting."""
    times = "; ".join(f"{name}: {time}" for name, time in TIMES.items())
    presets = f"setting to start from, which the other options change: {times}"
    parser.add_argument("--preset", choices=tuple(PRESETS), default="smoke", help=presets)
    named = {"type": name_of(NETWORKS), "choices": NETWORKS, "metavar": "NAME"}
    parser.add_argument("--network", help=_with_default("network", _listed("family", NETWORKS) + _FAMILIES), **named)
    named = {"type": name_of(NONLINEARITIES), "metavar": "NAME"}
    what = _listed("non-linearity", NONLINEARITIES)
    parser.add_argument("--nonlinearity", help=_with_default("nonlinearity", what), **named)
    for name, (known, what) in _CHOICES.items():
        parser.add_argument(f"--{name}", choices=known, help=_with_default(name, what))
    for name, what in _SWITCHES.items():
        switch = {"action": argparse.BooleanOptionalAction, "default": None}
        parser.add_argument(f"--{name}", help=_with_default(name, what), **switch)
    for name, (kind, what) in _NUMBERS.items():
        parser.add_argument(f"--{name}", type=kind, metavar="N", help=_with_default(name, what))
    minutes = "minutes after which to stop, with exit code 75; the same command resumes (default: never)"
    parser.add_argument("--minutes", type=real(0, 10**6), metavar="N", help=minutes)
    parser.add_argument("--device", default="cpu", help="device to train on: cpu, cuda, cuda:1")


def _listed(noun, known):
    return f"{noun}, any of {', '.join(map(slug, known))}"


def _with_default(name, what):
    """What an option does, and what it is without it: the preset's, which for the preset of the paper is this."""
    value = (asdict(Setting()) | asdict(Recipe()))[name.replace("-", "_")]
    shown = _NONE.get(name, "none") if value is None else value
    shown = ("no", "yes")[value] if isinstance(value, bool) else shown
    return f"{what} (default: the preset's; paper: {shown})"
