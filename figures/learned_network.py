"""The learned scattering network of the paper for CIFAR-10, as it is built.

A square is the maps that leave a block, with their number of complex channels, their side in samples, and above the
arrow the channels that the learned matrix P of the block mixes. Below is one block: wavelets W and their low-pass are
fixed, the modulus ρ acts on the wavelets alone, each channel is standardised over the batch, P is learned, and N
divides the channels at each place by their norm. Sizes and numbers of parameters were read off the network;
`data(network)` reads them off another one.
"""

from matplotlib.patches import FancyBboxPatch, Rectangle

from . import style

# (name, channels that are mixed, channels, side, parameters): what `rows_of` reads off `learned.scattering_network()`.
RECORDED = (
    ("images", 0, 3, 32, 0),
    ("block 0", 15, 64, 32, 1_920),
    ("block 1", 320, 128, 16, 81_920),
    ("block 2", 640, 256, 16, 327_680),
    ("block 3", 1280, 512, 8, 1_310_720),
    ("block 4", 2560, 512, 8, 2_621_440),
    ("block 5", 2560, 512, 4, 2_621_440),
    ("block 6", 2560, 512, 4, 2_621_440),
    ("block 7", 2560, 512, 2, 2_621_440),
    ("classifier", 4096, 10, 1, 43_018),
)
PARTS = (  # of a block: what stands in the box, what it is, and its colour
    ("W", "wavelets\nand low-pass", "fixed"),
    ("ρ = |·|", "phase\ncollapse", "phase collapse"),
    ("Std", "mean 0,\nvariance 1", "fixed"),
    ("P", "learned\nmatrix", "learned"),
    ("N", "divide by\nthe norm", "fixed"),
)
COLOUR = {
    "fixed": style.COLOUR["identity"],
    "phase collapse": style.COLOUR["phase collapse"],
    "learned": style.COLOUR["soft threshold"],
}


def data(network=None):
    """Rows as RECORDED. network : one of `learned.scattering_network`; None: the paper's, which takes no torch."""
    return RECORDED if network is None else rows_of(network)


def rows_of(network):
    """Rows as RECORDED of a ScatteringNetwork."""
    made, sides = network.architecture, network.architecture.sides()
    rows = [("images", 0, made.colors, sides[0], 0)]
    for number, (block, side) in enumerate(zip(network.blocks, sides[1:], strict=True)):
        outputs, mixed = block.mixing.weight.shape[:2]
        rows.append((f"block {number}", mixed, outputs, side, _parameters(block)))
    numbers = 2 * rows[-1][2] * sides[-1] ** 2  # real ones
    return (*rows, ("classifier", numbers, made.classes, 1, _parameters(network.classifier)))


def _parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def draw(data):
    wide, per_row = (8.6, 5) if style.narrow() else (17.8, len(data))
    rows = -(-len(data) // per_row)
    tall = 3.5 * rows + 3.9
    figure = style.figure(height_cm=tall)
    ax = figure.subplots()
    ax.set(xlim=(0, wide), ylim=(0.35, tall - 0.9), aspect="equal")
    ax.set_axis_off()
    ax.set_title(f"phase collapse, without skip: {sum(row[-1] for row in data):,} parameters")
    step = wide / per_row
    for number, row in enumerate(data):
        line, place = divmod(number, per_row)
        _draw_maps(ax, row, step * (place + 0.5), tall - 2.6 - 3.5 * line, step, first=number == 0)
    _draw_block(ax, wide)
    return figure


def _draw_maps(ax, row, x, y, step, first):
    name, mixed, channels, side, parameters = row
    size, colour = 0.3 + 0.16 * side.bit_length(), "black" if side > 1 else COLOUR["learned"]
    for offset in (0.16, 0.08, 0.0):
        corner = (x - size / 2 + offset, y - size / 2 + offset)
        ax.add_patch(Rectangle(corner, size, size, facecolor="white", edgecolor=colour, linewidth=0.7))
    ax.text(x, y, f"{side}²" if side > 1 else "", ha="center", va="center", fontsize=6.5)
    unit = "colours" if first else "classes" if side == 1 else "channels"
    ax.text(x, y - 0.85, f"{channels}\n{unit}", ha="center", va="top", fontsize=6.5, linespacing=1.2)
    ax.text(
        x,
        y - 1.65,
        "parameters" if first else _short(parameters),
        ha="center",
        va="top",
        fontsize=6,
        color=COLOUR["learned"],
    )
    ax.text(x, y + 1.15, name, ha="center", va="bottom", fontsize=6.5)
    if not first:
        arrow = {"arrowstyle": "->", "linewidth": 0.8, "color": style.BOUND, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x - size / 2 - 0.06, y), (x - step / 2 - 0.22, y), arrowprops=arrow)
        ax.text(x - step / 2 + 0.05, y + 0.8, f"{mixed:,}", ha="center", va="bottom", fontsize=6, color=style.BOUND)


def _short(parameters):
    """A number of parameters in a few characters."""
    return f"{parameters / 1e6:.2f} M" if parameters >= 1e6 else f"{parameters / 1e3:.1f} k"


def _draw_block(ax, wide):
    step = wide / len(PARTS)
    for number, (symbol, says, kind) in enumerate(PARTS):
        x, colour = step * (number + 0.5), COLOUR[kind]
        box = FancyBboxPatch((x - 0.55, 1.35), 1.1, 0.8, boxstyle="round,pad=0.04", facecolor="white", edgecolor=colour)
        ax.add_patch(box)
        ax.text(x, 1.75, symbol, ha="center", va="center", color=colour, fontsize=8)
        ax.text(x, 1.1, says, ha="center", va="top", fontsize=6.5)
        if number:
            arrow = {"arrowstyle": "->", "linewidth": 0.8, "color": style.BOUND, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x - 0.62, 1.75), (x - step + 0.62, 1.75), arrowprops=arrow)
    ax.text(0.1, 2.45, "one block", fontsize=7, va="bottom")
