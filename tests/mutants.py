"""Mutants: the mistakes that a proof or a program makes most easily, made on purpose in the whole library at once.

A mutant is a function of a `pytest.MonkeyPatch`, a claim, and a callable that it calls whenever a mistake is met: so it
is known whether a claim that stands has met it at all.
"""

import math
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from collapse_theory import arrays, ledger, nonlinearities, torus
from collapse_theory.scattering import cascades
from collapse_theory.torus import padded_shape
from collapse_theory.wavelets import filterbank, morlet, transform

REDUCTIONS = ("soft_threshold", "saturate", "squash", "unit_amplitude", "compress")


class Altered:
    """A module in which some functions are others."""

    def __init__(self, module, **functions):
        self._module = module
        vars(self).update(functions)

    def __getattr__(self, name):
        return getattr(self._module, name)


def modules(package="collapse_theory"):
    return [module for name, module in sys.modules.items() if name == package or name.startswith(package + ".")]


def replace_everywhere(patch, function, mutant):
    """Put `mutant` for `function` under every name, and in every table, of every module that holds it."""
    for module in modules():
        for name, value in list(vars(module).items()):
            if value is function:
                patch.setattr(module, name, mutant)
            elif isinstance(value, dict) and name.isupper():
                for key in [key for key, entry in value.items() if entry is function]:
                    patch.setitem(value, key, mutant)


def alter_namespace_in_claims(patch, name, mutate):
    """Put `mutate(function)` for one function of every array namespace that a claim asks for."""

    def array_namespace(*arguments):
        xp = arrays.array_namespace(*arguments)
        return Altered(xp, **{name: mutate(getattr(xp, name))})

    for module in modules("collapse_theory.claims"):
        if hasattr(module, "array_namespace"):
            patch.setattr(module, "array_namespace", array_namespace)


def scale_constant(factor, row=None):
    """The bound of an inequality, one side of an identity, or every number of a witness, times a factor.

    row : of a bound that has rows, the only one to scale; None for all of them
    """

    def mutate(patch, claim, met):
        rows = getattr(claim, "SHARPNESS", None)
        if row is not None and row >= (len(rows) if isinstance(rows, list) else 1):
            return
        name = {"inequality": "bound", "identity": "sides", "witness": "certificate"}[ledger.kind_of(claim)]
        right = getattr(claim, name)

        def wrong(x, **parameters):
            met()
            value = right(x, **parameters)
            if name == "sides":
                return value[0], factor * value[1]
            if row is not None and isinstance(rows, list):
                xp = arrays.array_namespace(value)
                return xp.stack([factor * part if n == row else part for n, part in enumerate(value)])
            return {key: factor * number for key, number in value.items()} if name == "certificate" else factor * value

        patch.setattr(claim, name, wrong)

    return mutate


def take_real_part(patch, claim, met):
    """|z| becomes Re z: in the library's phase collapse, and wherever a claim takes a modulus."""

    def real_part(modulus):
        def mutant(z):
            if not arrays.is_complex(z):
                return modulus(z)
            met()
            return arrays.array_namespace(z).real(z)

        return mutant

    replace_everywhere(patch, nonlinearities.collapse_phase, real_part(nonlinearities.collapse_phase))
    alter_namespace_in_claims(patch, "abs", real_part)


def replace_the_modulus(by):
    """|z| becomes by(z, |z|) in the phase collapse alone: reductions and measurements keep their moduli."""

    def mutate(patch, claim, met):
        modulus = nonlinearities.collapse_phase

        def mutant(z):
            met()
            return by(z, modulus(z))

        replace_everywhere(patch, modulus, mutant)
        patch.setattr(nonlinearities, "collapse_phase", modulus)

    return mutate


def threshold_relative(z, amplitude):
    """A soft threshold at 0.3 of the root mean square."""
    level = 0.3 * float(np.sqrt(np.mean(arrays.to_host(amplitude) ** 2)))
    return nonlinearities.soft_threshold(z, level)


def drop_square_root(patch, claim, met):
    """√a becomes a: in every claim, in the spread of a wavelet and in the division of a bank by √LP."""

    def without(_root):
        def mutant(value):
            met()
            return 1.0 * value

        return mutant

    for module in modules("collapse_theory.claims"):
        for name, library in (("np", np), ("math", math)):
            if hasattr(module, name):
                patch.setattr(module, name, Altered(library, sqrt=without(library.sqrt)))
    alter_namespace_in_claims(patch, "sqrt", without)
    patch.setattr(filterbank, "np", Altered(np, sqrt=without(np.sqrt)))


def keep_the_mean(patch, claim, met):
    """κ = 0: a wavelet keeps the mean of its envelope."""

    def morlet_hat(*design):
        met()
        return morlet.without_tail(morlet.gaussian_hat(*design))

    patch.setattr(filterbank, "morlet_hat", morlet_hat)


def leave_out_the_lowpass(patch, claim, met):
    """The low-pass channel of the transform and of each layer of a cascade is zero; the Littlewood-Paley sum has it."""

    def without(bank):
        met()
        return replace(bank, filters_hat=np.concatenate([0 * bank.filters_hat[:1], bank.filters_hat[1:]]))

    def layer_without(x, layer, number=0):
        grid = arrays.shape(x)[-2:]
        grid = grid if layer.boundary == "periodic" else padded_shape(grid)
        return right_layer(x, replace(layer, bank=without(layer.bank.at(grid))), number)

    right_layer, right_transform = cascades._apply, transform.wavelet_transform
    replace_everywhere(patch, right_layer, layer_without)
    replace_everywhere(patch, right_transform, lambda x, bank: right_transform(x, without(bank)))


def flip_the_phase(patch, claim, met):
    """e^{−iω·τ} becomes e^{iω·τ} in each translation and deformation, and e^{iα} becomes e^{−iα} in each reduction."""

    def backwards(move):
        def mutant(x, shift):
            met()
            return move(x, -np.asarray(shift))

        return mutant

    def conjugated(reduction):
        def mutant(z, *arguments, **parameters):
            value = reduction(z, *arguments, **parameters)
            if not arrays.is_complex(value):
                return value
            met()
            return arrays.array_namespace(value).conj(value)

        return mutant

    for move in (torus.translate, torus.roll, torus.deform):
        replace_everywhere(patch, move, backwards(move))
    for name in REDUCTIONS:
        replace_everywhere(patch, getattr(nonlinearities, name), conjugated(getattr(nonlinearities, name)))


MUTANTS = {
    "constant halved": scale_constant(0.5),
    "constant doubled": scale_constant(2.0, row=0),
    "constant of the other side doubled": scale_constant(2.0, row=1),
    "modulus replaced by real part": take_real_part,
    "square root dropped": drop_square_root,
    "mean correction removed": keep_the_mean,
    "low-pass left out": leave_out_the_lowpass,
    "phase sign flipped": flip_the_phase,
}


NO_MODULI = {
    "z": replace_the_modulus(lambda z, amplitude: z),
    "0": replace_the_modulus(lambda z, amplitude: 0 * amplitude),
    "0.3 |z|": replace_the_modulus(lambda z, amplitude: 0.3 * amplitude),
    "a soft threshold": replace_the_modulus(threshold_relative),
}


@contextmanager
def mutated(mutant, claim):
    """The library with a mutant in it; yields a list that grows whenever the mistake is met.

    Banks made before are forgotten, and those made inside are forgotten afterwards.
    """
    met = []
    filterbank.designed_bank.cache_clear()
    try:
        with pytest.MonkeyPatch.context() as patch:
            (MUTANTS | NO_MODULI)[mutant](patch, claim, lambda: met.append(mutant))
            yield met
    finally:
        filterbank.designed_bank.cache_clear()


def verdict(mutant, claim, examples):
    """What the verification of a claim says with a mutant in the library, and whether it met the mutant.

    Returns the first failure, or None if the claim stands, and a bool. A refusal, ValueError or ArithmeticError, is a
    failure. The hardest instance is tried first, alone.
    """
    with mutated(mutant, claim) as met, np.errstate(all="ignore"):
        for instances in (0, examples):
            try:
                failures = ledger.verify(claim, examples=instances).failures
            except (ValueError, ArithmeticError) as error:
                failures = [f"{type(error).__name__}: {error}"]
            if failures:
                return failures[0], bool(met)
        return None, bool(met)


def violations(mutant, claim, examples):
    """How often a claim is violated with a mutant in the library, by its hardest and some random instances.

    Returns the number of violations, that of the instances that were measured, and whether the mutant was met. A
    refusal is neither.
    """
    violated, measured = 0, 0
    measure, limit = ledger.measure_of(claim)
    instances = [ledger.lawful(claim)]
    if ledger.kind_of(claim) != "witness":
        instances += [claim.instance(np.random.default_rng(seed)) for seed in range(examples)]
    with mutated(mutant, claim) as met, np.errstate(all="ignore"):
        for x, parameters in instances:
            try:
                violated += not measure(claim, np.asarray, x, parameters) <= limit
                measured += 1
            except (ValueError, TypeError, ArithmeticError):
                continue
    return violated, measured, bool(met)
