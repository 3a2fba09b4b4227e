"""Products of rows with the matrix of a mixing, without the blocks of zeros that a real one has for complex answers.

A real matrix takes the real parts of what it mixes, and what is real, to the real parts of the answers, and imaginary
parts to imaginary ones: half of the multiplications.
"""

import torch

from .products import chunks, gradient_of_matrix, multiply_rows

__all__ = ["Halves", "Whole"]


class Whole:
    """Products with the matrix as it is.

    half : round what is multiplied to bfloat16
    """

    def __init__(self, half):
        self.half = half

    def multiply(self, rows, matrix):
        """rows matrixᵀ: (N, n), (k, n) -> (N, k)."""
        return multiply_rows(rows, matrix, half=self.half)

    def go_back(self, mixed, matrix):
        """mixed matrix: (N, k), (k, n) -> (N, n)."""
        return multiply_rows(mixed, matrix.T.contiguous(), half=self.half)

    def gradient(self, mixed, rows):
        """mixedᵀ rows: (N, k), (N, n) -> (k, n), of the matrix."""
        return gradient_of_matrix(mixed, rows, half=self.half)


class Halves(Whole):
    """As `Whole`, without the blocks of zeros.

    parts : as in `passes.Settings`
    """

    def __init__(self, parts, half):
        super().__init__(half)
        self.columns, start = ([], []), 0
        for count, complex in parts:
            for part in range(1 + complex):
                self.columns[part].append(slice(start, start := start + count))

    def multiply(self, rows, matrix):
        """As of `Whole`."""
        answers = zip(matrix.chunk(2), self.columns, strict=True)
        return torch.cat([super(Halves, self).multiply(_pick(rows, c), _pick(m, c)) for m, c in answers], 1)

    def go_back(self, mixed, matrix):
        """As of `Whole`."""
        answer = mixed.new_empty((len(mixed), matrix.shape[1]))
        for some, each, columns in zip(mixed.chunk(2, 1), matrix.chunk(2), self.columns, strict=True):
            _put(super().go_back(some.contiguous(), _pick(each, columns)), answer, columns)
        return answer

    def gradient(self, mixed, rows):
        """As of `Whole`; the gradient of a zero that stays one is 0."""
        answer = mixed.new_zeros((mixed.shape[1], rows.shape[1]))
        for part in chunks(-(-len(rows) // 16), 16, rows.shape[1]):  # so that no copy of all rows is made
            some = slice(16 * part.start, 16 * part.stop)
            for to, each, columns in zip(answer.chunk(2), mixed[some].chunk(2, 1), self.columns, strict=True):
                found = super().gradient(each.contiguous(), _pick(rows[some], columns))
                _put(found + _pick(to, columns), to, columns)
        return answer


def _pick(values, columns):
    return torch.cat([values[:, each] for each in columns], 1)


def _put(values, to, columns):
    for piece, each in zip(values.split([c.stop - c.start for c in columns], 1), columns, strict=True):
        to[:, each] = piece
