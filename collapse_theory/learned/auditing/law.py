"""Whether classes separate at a constant rate: log F against depth, and a line through it.

    log F_l = a + r l,   l = 0, 1, ..

over the outputs of the activations in the order in which they are called, or over all layers if there are fewer than
four activations. F is the Fisher ratio of traces without finite-sample bias. He & Su (2022) found that their measure
of separation changes by a constant factor per layer in trained networks; they take Tr(Σ_W Σ_B⁺), of which nc1 is the
K-th part. The rate r has a 95 % interval from the deviations of the layers from the line, by Student's law.
"""

import numpy as np

__all__ = ["separation_law"]

_LEAST = 4  # points through which a line says something


def separation_law(rows):
    """The line through log F, of rows of an audit.

    Returns {"over", "layers", "depths", "rate", "rate_low", "rate_high", "intercept", "correlation", "residual",
    "log_fisher"}: "activations" or "layers"; their names and l; r and its interval, a; Pearson's correlation of log F
    with depth, the root mean square deviation from the line, and log F of each. None if fewer than four have F > 0.
    """
    activations = [row for row in rows if row["is_activation"]]
    chosen = activations if len(activations) >= _LEAST else rows
    ratios = [(depth, row["layer"], row["fisher_trace_unbiased"] or 0) for depth, row in enumerate(chosen)]
    points = [(depth, name, np.log(ratio)) for depth, name, ratio in ratios if 0 < ratio < np.inf]
    if len(points) < _LEAST:
        return None
    from scipy.special import stdtrit

    depth, names, logs = zip(*points, strict=True)
    depth, logs = np.array(depth, float), np.array(logs)
    offsets = depth - depth.mean()
    rate = offsets @ logs / (offsets @ offsets)
    residuals = logs - logs.mean() - rate * offsets
    freedom = len(logs) - 2
    reach = stdtrit(freedom, 0.975) * np.sqrt(residuals @ residuals / freedom / (offsets @ offsets))
    spread = np.std(depth) * np.std(logs)
    return {
        "over": "activations" if chosen is activations else "layers",
        "layers": list(names),
        "depths": [int(each) for each in depth],
        "rate": float(rate),
        "rate_low": float(rate - reach),
        "rate_high": float(rate + reach),
        "intercept": float(logs.mean() - rate * depth.mean()),
        "correlation": float(np.mean(offsets * (logs - logs.mean())) / spread) if spread > 0 else None,
        "residual": float(np.sqrt(np.mean(residuals**2))),
        "log_fisher": [float(each) for each in logs],
    }
