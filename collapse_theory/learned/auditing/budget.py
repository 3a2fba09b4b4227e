"""One bound on the memory of all layers together: which layers keep all their numbers, and how many others may have."""

from .layer import Keeping, layer_bytes

__all__ = ["LARGEST", "LEAST", "ways_to_keep"]

LARGEST = 2048  # numbers of a layer whose covariance is kept: more take minutes to solve
LEAST = 16  # numbers of a sketch
_GOOD, _POOR = 256, 64  # numbers of a sketch for which more layers lose theirs; less, for class means of all numbers


def ways_to_keep(layouts, classes, *, memory, images=None):
    """{name: Keeping} of the layers that can be measured.

    layouts : {name: Layout}
    classes : K, at least about
    memory : most bytes of all layers together
    images : how many will come; None if that is not known, and then no rows are kept

    The layers that take the least keep all their numbers; the others have sketches of one size, as large as fits. If
    not even the class means fit, those of the others are of their sketches.
    Raises ValueError if not even the smallest sketches fit.
    """
    fit = {name: layout for name, layout in layouts.items() if not layout.reason}
    whole = {name: _cheapest(layout, classes, images) for name, layout in fit.items()}
    order = sorted(fit, key=lambda name: whole[name][1])
    for means, good in ((True, _GOOD), (True, _POOR), (False, _GOOD), (False, LEAST)):
        for kept in range(len(order), -1, -1):
            exact, rest = order[:kept], order[kept:]
            room = memory - sum(whole[name][1] for name in exact)
            size = _largest_sketch([fit[name] for name in rest], classes, images, means=means, room=room)
            if size >= (good if rest else LEAST):
                return {name: whole[name][0] if name in exact else Keeping(False, size, means) for name in fit}
    least = Keeping(False, LEAST, False)
    needed = sum(layer_bytes(layout.numbers, classes, least, images=images) for layout in fit.values())
    raise ValueError(
        f"memory: expected {needed:,} bytes at least for {len(fit)} layers and {classes} classes, got {memory:,.0f}; "
        "name some of the layers, or allow more"
    )


def _cheapest(layout, classes, images):
    """(Keeping, bytes) of all numbers; infinitely many bytes where it would take too long."""
    numbers, ways = layout.numbers, [Keeping(False, layout.numbers)] if layout.numbers <= LARGEST else []
    if images is not None and min(numbers, images) <= LARGEST:
        ways.append(Keeping(True, numbers))
    sizes = [(way, layer_bytes(numbers, classes, way, images=images, width=layout.width)) for way in ways]
    return min(sizes, key=lambda way: way[1], default=(None, float("inf")))


def _largest_sketch(rest, classes, images, *, means, room):
    """The most numbers of a sketch of each of the other layers; 0 if none fits, LARGEST if there are no others."""
    size = LARGEST
    while size >= LEAST:
        keeping = Keeping(False, size, means)
        if sum(layer_bytes(each.numbers, classes, keeping, images=images) for each in rest) <= room:
            return size
        size = int(size / 2**0.5)
    return 0
