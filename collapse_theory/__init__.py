"""Phase collapse: what a modulus removes from wavelet coefficients, what it keeps, and what that separates.

Read the modules in this order, each builds on those before it:

    arrays          where an array lives: library, device, precision
    torus           periodic images: translate, deform, convolve, subsample
    wavelets        filter banks, their Littlewood-Paley sum, the transform and its inverse
    nonlinearities  phase collapses and amplitude reductions, and the laws each one obeys
    scattering      wavelets, then a non-linearity, iterated; the windowed scattering transform
    separation      class means, within-class variance, Fisher ratios; the same from a stream of batches, with intervals
    processes       synthetic classes
    datasets        real labelled images
    claims          the statements of the theory, each with its hardest instance and a broken variant
    ledger          verify a claim here and now
    testing         for your own operators: strategies for Hypothesis, and checks of the laws they obey
    estimators      scattering and separation as scikit-learn estimators
    comparison      one labelled set, several operations, layer by layer: statistics, probes, intervals, verdict
    plot            the pictures of a comparison, of layers, of learning curves, of an audit
    learned         the networks of the paper in torch, training, checkpoints, the audit of any network
    machine         the switch that gives the same bits whatever was called before

Behind them stand `arguments` and `labels` (what an argument must be), `contexts` and `transfers` (what torch and other
libraries ask for), `fourier` (which transform is used), `files` and `extras`.

Names that stay stable, with what they give (CHANGELOG.md says when one does not):

    wavelets.morlet_bank                     a FilterBank: psi_hat, lowpass_hat, scale, angle; center(), spread(),
                                             covariance(), littlewood_paley(), tight(), at()
    wavelets.paper_bank                      the banks of the paper's networks
    wavelets.wavelet_transform               (..., 1 + K, H, W) without subsampling, low-pass first
    wavelets.inverse_transform               the image of a transform by a tight bank
    nonlinearities.collapse_phase            the modulus
    nonlinearities.soft_threshold            and saturate (tanh), squash (sigmoid), unit_amplitude: amplitudes reduced
    nonlinearities.saturate                  the tanh of the amplitude
    nonlinearities.squash                    the sigmoid of the amplitude
    nonlinearities.unit_amplitude            z / |z|
    nonlinearities.NONLINEARITIES            the operations by name
    nonlinearities.named                     an operation, with its numbers
    scattering.cascade                       the representations at depths 0 to `depth`
    scattering.fitted                        layers for `cascade`, thresholds and gains chosen from images
    scattering.scatter                       the classical scattering transform
    scattering.paths                         the table of its channels
    separation.ClassMoments                  class means, variances, Fisher ratios of a stream, with intervals
    comparison.across_layers                 one labelled set, several operations, layer by layer: a Comparison
    plot.comparison                          its picture
    plot.layers                              the picture of rows of layers
    plot.learning_curve                      the picture of a training run
    plot.audit                               the picture of an audit
    datasets.textures                        brick, grass and gravel
    datasets.cifar10                         CIFAR-10 from a folder of yours
    processes.gaussian_fields                synthetic classes, and the others of `processes`
    learned.scattering_network               the network of the paper, in torch
    learned.resnet20                         and resnet18: what the paper compares it with
    learned.resnet18                         for images of 224 x 224
    learned.audit                            what each layer of any network does to the classes: an Audit
    claims.CLAIMS                            the statements, in the order of the paper
    ledger.verify                            the verification of one; `.failures` is empty if it holds
    machine.reproducible                     the context in which a call gives the same bits each time

Each is imported when it is first used, as `collapse_theory.scattering` or by an import of its own; `testing` needs
Hypothesis, `estimators` scikit-learn, `learned` torch, the functions of `plot` matplotlib. The docstring of each of
these names has an example, which needs `import numpy as np` and the modules that it names.

Conventions of the whole package. Images are periodic and occupy the last two axes (H, W), rows first; every leading
axis is carried along. Positions and shifts are in samples, as (row, column); frequencies in radians per sample; angles
in radians from the row axis towards the column axis. `_hat` is a discrete Fourier transform, unnormalised forwards. An
array comes back from the library, on the device and at the precision it went in; integers and booleans are converted
once to the default real precision of their library; half precision, NaN and infinities are refused by name.

Under torch, gradients flow through arrays and array parameters. Shifts, displacements, filters, mixings and numbers are
used on the host: a tensor there that requires gradients is refused by name. Functions give the same numbers under
torch.compile, torch.jit.trace, torch.export, torch.func, inference_mode, autocast and any default of torch's; where
values cannot be looked at, as while they are recorded or under vmap, NaN passes. torch.compile calls what NumPy makes
filters for as it is, so that fullgraph=True and torch.export.export(strict=True) end in torch's own error there.
"""

import importlib

__version__ = "0.2.0"

MODULES = (
    *("arrays", "torus", "wavelets", "nonlinearities", "scattering", "separation", "processes", "datasets"),
    *("claims", "ledger", "testing", "estimators", "comparison", "plot", "learned", "machine"),
)


def __getattr__(name):
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *MODULES]
