"""The numbers of a layer, of its class moments: separation, neural collapse, effective rank.

With Σ_W and Σ_B the covariances within and between classes, W and B their traces, p_y the share of class y, μ_y its
mean and μ = Σ_y p_y μ_y. All are of the empirical measure, divided by n, unless it is said that a bias is taken off.

    nc1            Tr(Σ_W Σ_B⁺) / K, the pseudo-inverse leaving out what is rounding
    nc1_svd        the same with the K − 1 largest eigenvalues of Σ_B, whatever they are
    nc1_quotient   W / B
    cdnv           the mean over pairs of classes of (V_y + V_z) / (2 |μ_y − μ_z|²),   V_y = E|x − μ_y|² in class y
    nc2_norms      standard deviation over mean of the norms |μ_y − μ|
    nc2_angles     mean over pairs of classes of |cos(μ_y − μ, μ_z − μ) + 1 / (K − 1)|
    nc2_etf        |G / |G| − E / |E||, G the Gram matrix of the μ_y − μ, E = I − 1/K that of a simplex, in the norm of
                   Frobenius
    fisher_full    Tr(Σ_W⁺ Σ_B) / K, without bias as `fisher_full` has it
    effective_rank (Tr Σ)² / Tr(Σ²), Σ = Σ_W + Σ_B

Sources: Papyan, Han & Donoho (2020); for nc1_svd Han, Papyan & Donoho (2022), for nc1_quotient Tirer, Huang &
Niles-Weed (2023), for cdnv Galanti, György & Hutter (2022), for nc2_etf Kothapalli (2023).
"""

import numpy as np

__all__ = [
    "class_distances",
    "effective_rank",
    "fisher_full",
    "nc1",
    "nc1_svd",
    "nearest_simplex",
    "pairwise_variability",
]


def nc1(moments, *, rank=None, exact=None):
    """Tr(Σ_W Σ_B⁺) / K, by the `rank` largest eigenvalues of Σ_B, or all that are not rounding.

    exact : where the moments are of a sketch, what is known of all: (G, c W), with G (K, K) the inner products of the
        rows √p_y (μ_y − μ). Then the eigenvalues and directions are those of all numbers, and what the `collisions` of
        a sketch add to the variance along each direction, c W λ_k, is taken off

    Returns None where the class means do not differ in as many directions.
    With M those rows, M Mᵀ = V Λ Vᵀ has the eigenvalues of Σ_B = Mᵀ M: Tr(Σ_W Σ_B⁺) = Σ_k v_kᵀ M Σ_W Mᵀ v_k / λ_k².
    """
    root = moments.centred
    gram, added = (root @ root.T, None) if exact is None else exact
    values, vectors = np.linalg.eigh(gram)
    order = np.argsort(values)[::-1]
    kept = values > np.finfo(float).eps * max(root.shape) * values[order[0]] if rank is None else order[:rank]
    across = vectors[:, kept].T @ root
    within = np.einsum("kd,kd->k", across @ moments.scatter, across) / moments.counts.sum()
    if added is not None:
        within = within - added * values[kept]
    if not np.all(values[kept] > 0) or not np.any(kept):
        return None
    return float(np.sum(within / values[kept] ** 2) / len(moments.counts))


def nc1_svd(moments, *, exact=None):
    """The same by the K − 1 largest eigenvalues, whatever they are."""
    return nc1(moments, rank=len(moments.counts) - 1, exact=exact)


def class_distances(inner):
    """(K, K) |μ_y − μ_z|², of inner products of class means from a common origin."""
    norms = np.diagonal(inner)
    return np.maximum(norms[:, None] + norms - 2 * inner, 0)


def pairwise_variability(variances, inner):
    """CDNV, of (K,) variances within each class and (K, K) inner products of class means."""
    y, z = np.triu_indices(len(variances), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean((variances[y] + variances[z]) / 2 / class_distances(inner)[y, z]))


def nearest_simplex(counts, inner):
    """{"nc2_norms", "nc2_angles", "nc2_etf"}, of (K,) counts and (K, K) inner products of class means."""
    classes, shares = len(counts), counts / counts.sum()
    projection = np.eye(classes) - shares
    gram = projection @ inner @ projection.T
    norms = np.sqrt(np.maximum(np.diagonal(gram), 0))
    y, z = np.triu_indices(classes, 1)
    ideal = np.eye(classes) - 1 / classes
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = gram[y, z] / (norms[y] * norms[z])
        return {
            "nc2_norms": float(np.std(norms) / np.mean(norms)),
            "nc2_angles": float(np.mean(np.abs(cosines + 1 / (classes - 1)))),
            "nc2_etf": float(np.linalg.norm(gram / np.linalg.norm(gram) - ideal / np.linalg.norm(ideal))),
        }


def fisher_full(moments):
    """Tr(Σ_W⁺ Σ_B) / K without bias, for Gaussian classes of one covariance.

        ((n − K − r − 1) / n  Tr(Σ_W⁺ Σ_B) − r (K − 1) / n) / K

    with r the rank of Σ_W. As it stands the ratio is (n − K) / (n − K − r − 1) too large, about twice at n = 2 r, and
    beyond that r (K − 1) / n: both are taken off.

    Returns None where n − K < 2 (r + 1): there the first factor exceeds 2, and the correction is as uncertain.
    """
    n, classes = moments.counts.sum(), len(moments.counts)
    varies = np.flatnonzero(np.diagonal(moments.scatter) > 0)
    if not len(varies):
        return None
    if (n - classes < 2 * (len(varies) + 1) and len(varies) > _DECOMPOSED) or n - classes < 4:
        return None
    rank, ratio = _whitened(moments.scatter[np.ix_(varies, varies)] / n, moments.centred[:, varies])
    if not rank or n - classes < 2 * (rank + 1):
        return None
    return float(((n - classes - rank - 1) / n * ratio - rank * (classes - 1) / n) / classes)


_DECOMPOSED = 128  # features whose rank is looked for where there are too few images for all of them


def _whitened(covariance, root):
    """The rank of a covariance, and Σ |Σ_W^{−1/2} r|² over the rows r, in the space where it is not 0."""
    try:
        factor = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        factor = None
    if factor is not None and np.diagonal(factor).min() ** 2 > _SMALLEST * np.diagonal(covariance).max():
        return len(covariance), np.sum(np.linalg.solve(factor, root.T) ** 2)
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _SMALLEST * values[-1]
    return int(kept.sum()), np.sum((root @ vectors[:, kept]) ** 2 / values[kept])


_SMALLEST = 1e-10  # of the largest eigenvalue: what is smaller is rounding of single precision


def effective_rank(moments, *, chance=0.0):
    """(Tr Σ)² / Tr(Σ²) of the covariance of all samples; 1 if all vary along one line, D if alike along all axes.

    chance : c, of the `collisions` of a sketch, which add c (Tr Σ)² + c Tr(Σ²): that is taken off

    It is at most n − 1, and n images of a covariance of rank R have R / (1 + R / n) of it, about: it is too small where
    it is not far below n. Returns None where a sketch is too small to tell, and nothing varies.
    """
    root = moments.centred
    total = moments.scatter / moments.counts.sum() + root.T @ root
    trace, squares = np.trace(total), np.sum(total**2)
    left = (squares - chance * trace**2) / (1 + chance)
    return float(trace**2 / left) if left > _TOLD * squares else None


_TOLD = 0.2  # of the square of a sketched covariance: what is left of less is mostly error
