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
from collapse_theory.wavelets import filterbank, morlet, padded_shape, transform

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


def scale_constant(factor):
    """The bound of an inequality, one side of an identity, or every number of a witness, times a factor."""

    def mutate(patch, claim, met):
        name = {"inequality": "bound", "identity": "sides", "witness": "certificate"}[ledger.kind_of(claim)]
        right = getattr(claim, name)

        def wrong(x, **parameters):
            met()
            value = right(x, **parameters)
            if name == "sides":
                return value[0], factor * value[1]
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
    "constant doubled": scale_constant(2.0),
    "modulus replaced by real part": take_real_part,
    "square root dropped": drop_square_root,
    "mean correction removed": keep_the_mean,
    "low-pass left out": leave_out_the_lowpass,
    "phase sign flipped": flip_the_phase,
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
            MUTANTS[mutant](patch, claim, lambda: met.append(mutant))
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
