"""Pictures that are lists: lines with names at their left, in groups with headings over them, from the top down."""

from matplotlib.transforms import blended_transform_factory

WIDE = 13  # cm, from which panels stand side by side


def places(groups, names):
    """Where the lines go: (height of each, {group: height of its heading}, height of all), downwards, in lines.

    groups, names : of each line, as they are printed, also in several lines; the lines of a group follow one another
    """
    heights, headings, at = [], {}, 0.0
    for group, name in zip(groups, names, strict=True):
        if group not in headings:
            more = 0.9 * group.count("\n")
            headings[group] = at + 0.7 + more / 2
            at += 1.2 + more
        height = 1 + 0.9 * name.count("\n")
        heights.append(at + height / 2)
        at += height
    return heights, headings, at


def draw_names(ax, groups, names, *, named=True):
    """Set up the axis of a list, with its names and headings, or without where they stand on axes beside.

    Returns the heights of the lines.
    """
    heights, headings, total = places(groups, names)
    size = size_of(ax.figure)
    ax.set_ylim(total + 0.2, 0)
    ax.set_yticks(heights, names if named else [""] * len(names))
    ax.tick_params(labelsize=size)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.patch.set_visible(False)  # which would hide the headings of the axes beside
    across = blended_transform_factory(ax.figure.transFigure, ax.transData)
    look = {"fontsize": size, "fontweight": "bold", "va": "center", "in_layout": False, "transform": across}
    for group, height in headings.items() if named else ():
        ax.text(0.01, height, group, **look)
    return heights


def size_of(figure):
    """The size of letters in a list, in points."""
    return 7 if 2.54 * figure.get_figwidth() >= WIDE else 6


def line_height(width):
    """The height of one line in a picture `width` cm wide, in cm."""
    return 0.46 if width >= WIDE else 0.29
