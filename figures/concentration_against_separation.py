"""Concentration by a soft threshold, separation by a modulus: what each does to two classes.

Above, the classes vary by noise that is added to sparse means; below, by random phases, so that all their means are
0. From left to right stand the function, the class means and images in one or two coefficients before and after, and
bar codes with an image per row and a coefficient per column, red above 0 and blue below. Titles give V, the
within-class variance, and D, the squared distance of the class means, both per coefficient: here the threshold lowers
both, V the more, and the modulus raises D from 0.
"""

import numpy as np

from collapse_theory.nonlinearities import collapse_phase, soft_threshold

from . import style

CLASSES = ("first class", "second class")
KINDS = {"soft threshold": "additive noise", "phase collapse": "random phases"}
DOTS, SHOWN = 400, 10  # images per class in a cloud, and in a bar code


def data(count=2000, coefficients=32, threshold=2.0, seed=0):
    """By operation, coefficients of the classes (2, count, coefficients) before and after."""
    rng = np.random.default_rng(seed)
    means = np.zeros((2, 1, coefficients))
    means[0, 0, ::4] = means[1, 0, 2::4] = 6.0
    noisy = means + rng.normal(size=(2, count, coefficients))
    first = np.arange(coefficients) % 2 == 0
    amplitudes = np.where([first, ~first], 3.0, 1.0)[:, None] + 0.15 * rng.normal(size=(2, count, coefficients))
    turned = amplitudes * np.exp(1j * rng.uniform(-np.pi, np.pi, amplitudes.shape))
    return {
        "threshold": threshold,
        "soft threshold": (noisy, soft_threshold(noisy, threshold)),
        "phase collapse": (turned, collapse_phase(turned)),
    }


def spread(z):
    """V and D of classes (2, n, coefficients), per coefficient, without the bias of a finite sample."""
    means, count = z.mean(axis=1), z.shape[1]
    variance = np.mean(np.abs(z - means[:, None]) ** 2) * count / (count - 1)
    return variance, np.mean(np.abs(means[0] - means[1]) ** 2) - 2 * variance / count


def draw(data):
    if style.narrow():
        figure = style.figure(height_cm=22.0)
        axes = figure.subplots(5, 2)
        places = {name: [axes[0, k], *axes[2 * k + 1 : 2 * k + 3].flat] for k, name in enumerate(KINDS)}
    else:
        figure = style.figure(height_cm=9.6)
        places = dict(zip(KINDS, figure.subplots(2, 5), strict=True))
    for operation, (curve, *clouds_and_codes) in places.items():
        _draw_function(curve, operation, data["threshold"])
        _draw_classes(clouds_and_codes, operation, *data[operation])
    handles, labels = places["soft threshold"][1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_classes(axes, operation, before, after):
    for number, (z, when) in enumerate(((before, KINDS[operation]), (after, f"after {operation}"))):
        cloud, code = axes[number], axes[2 + number]
        _draw_cloud(cloud, z, before)
        variance, distance = (round(float(value), 2) + 0.0 for value in spread(z))
        cloud.set_title(f"{when}\nV = {variance:.2f}, D = {distance:.2f}")
        _draw_code(code, z, before)
        code.set_title("before" if number == 0 else "after")
    axes[2].set(ylabel="images of a class")


def _draw_function(ax, operation, threshold):
    a = np.linspace(-6, 6, 121)
    values = soft_threshold(a, threshold) if operation == "soft threshold" else collapse_phase(a)
    ax.plot(a, values, color=style.COLOUR[operation], linestyle=style.LOOK[operation]["linestyle"])
    ax.axhline(0, color=style.BOUND, linewidth=0.5)
    ax.axvline(0, color=style.BOUND, linewidth=0.5)
    ax.set(xlabel="in (no unit)", ylabel="out (no unit)", title=operation, ylim=(-6.3, 6.3))


def _draw_cloud(ax, z, before):
    """Two real coefficients, or one complex one."""
    complex_ones = np.iscomplexobj(before)
    for values, look, name in zip(z, style.CLASS_LOOK, CLASSES, strict=False):
        first, second = (values[:, 0].real, values[:, 0].imag) if complex_ones else (values[:, 0], values[:, 2])
        ax.plot(first[:DOTS], second[:DOTS], look["marker"], color=look["color"], markersize=1.4, alpha=0.6, label=name)
    first, second = (z[..., 0].real, z[..., 0].imag) if complex_ones else (z[..., 0], z[..., 2])
    ax.plot(first.mean(axis=1), second.mean(axis=1), "k+", markersize=8, zorder=3, label="mean of a class")
    reach = (-4, 4) if complex_ones else (-4, 10)
    ax.set(xlim=reach, ylim=reach, aspect="equal")
    ax.set(xlabel="Re z (no unit)" if complex_ones else "coefficient 0 (no unit)")
    ax.set(ylabel="Im z (no unit)" if complex_ones else "coefficient 2 (no unit)")


def _draw_code(ax, z, before):
    rows, largest = z[:, :SHOWN].real.reshape(-1, z.shape[-1]), np.abs(before[:, :SHOWN]).max()
    ax.imshow(rows, cmap=style.SIGNED, vmin=-largest, vmax=largest, aspect="auto")
    ax.axhline(SHOWN - 0.5, color="black", linewidth=0.8)
    ax.set_yticks([SHOWN / 2 - 0.5, 1.5 * SHOWN - 0.5], ["first", "second"], rotation=90, va="center")
    ax.set(xlabel="coefficient")
    ax.tick_params(axis="y", length=0)
