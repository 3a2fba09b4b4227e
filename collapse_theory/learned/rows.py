"""What is mixed, as rows of numbers, a group of images at a time: what the ways to make them have in common."""

from .adjoints import adjoint_pair
from .products import scratch
from .statistics_of_rows import Statistics

__all__ = ["Rows"]

# Numbers of the wavelets of a block that are kept for the way back, and channels of its maps; of more, memory is worth
# more than to compute them again, which takes a twelfth of the time of a wide block.
_WORTH_KEEPING, _WIDE = 2**23, 512


class Rows:
    """Wavelets, then a non-linearity: maps (G, P, M, M, b, C) to rows (G, M' M' b, n C), a group at a time.

    Columns, C of each:  φx in P parts | with skip: the real parts of ψx, their imaginary parts, ρ(φx) | ρ(ψx)

    layer : WaveletLayer
    settings : `passes.Settings`; if `kept`, what is needed of ψx is, unless it is too much, for the way back
    source : the maps, or (features, kept) of one that was made before
    answers : parts of ρ(φx), and of ρ(ψx)
    """

    def __init__(self, layer, settings, source, *, answers):
        skip = settings.skip
        self.layer, self.skip, self.statistics = layer, skip, None
        self.squares, self.scales, self.of_numbers = [], [], []
        self.wavelets = adjoint_pair(layer, settings.half)
        self.parts, self.waves = 1 + layer.complex, layer.angles
        self.linear = self.parts + skip * 2 * self.waves  # columns before ρ(φx) and ρ(ψx)
        if isinstance(source, tuple):
            self.features, self.kept = source
        else:
            groups, images, channels = len(source), *source.shape[-2:]
            pixels, acted_on = (groups, layer.after, layer.after, images), skip * answers[0] + answers[1] * self.waves
            self.features = source.new_empty((*pixels, self.linear + acted_on, channels))
            few = channels < _WIDE and 2 * self.waves * self.features[..., 0, :].numel() <= _WORTH_KEEPING
            self.kept = source.new_empty((groups, *self._shape())) if settings.kept and few else None
        self.rows = self.features.flatten(4).flatten(1, 3)

    def room_for_maps(self):
        """An empty tensor for the gradient of the maps."""
        groups, _, _, images, _, channels = self.features.shape
        return self.features.new_empty((groups, self.parts, self.layer.side, self.layer.side, images, channels))

    def prepare(self, x):
        """What `make` needs of all groups of maps."""

    def finish(self, x, out):
        """Write into `out` the gradients of all maps, if those of one group are not known without the others."""

    def make(self, x, number, *, measured):
        """The rows of one group, (P, M, M, b, C); if `measured`, their statistics are taken up."""
        self._write(x, number, self.features[number].permute(0, 3, 1, 2, 4))
        if measured:
            self.statistics = self.statistics or Statistics(self.rows)
            self.statistics.add(self.rows[number])

    def _transform(self, x, low, waves):
        """The wavelets of one group of maps, written into `low` and `waves`."""
        self.wavelets.forward(x, low, waves.split(self.wavelets.counts, 1))

    def _transform_back(self, low, waves, out):
        """The adjoint of `_transform`, written into `out`."""
        self.wavelets.backward(low, waves.split(self.wavelets.counts, 1), out)

    def _shape(self):
        """Of the wavelets of a group: (M', 2 L, M', b, C), real and imaginary part in turn."""
        _, after, _, images, _, channels = self.features.shape
        return after, 2 * self.waves, after, images, channels

    def _spare(self, name):
        return scratch(name, self._shape(), self.features)

    def _low(self, x):
        after = self.layer.after
        return scratch("low", (after, self.parts, after, *x.shape[-2:]), x)
