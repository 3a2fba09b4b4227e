"""How many images a linear classifier gets right, with an interval."""

import numpy as np

ROUNDING = 1e-5  # a deviation below this share of the largest is rounding, not a feature, in single precision
_PENALTIES = np.logspace(-2, 4, 7)


def held_out_accuracy(train, test):
    """Share of the test images that a ridge classifier, fitted on the train images, puts in their class.

    train, test : (features (N, D) real or complex, labels (N,)); complex features count as real and imaginary parts

    Returns [share, low, high], a 95 % Wilson interval: over images, for this one fit. Features are standardised on the
    train images, after those that deviate there by rounding alone are set to 0: standardised, they would count as much
    as any other. The penalty is chosen there too, by leave-one-out.
    """
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=_PENALTIES))
    fitted, tried = real_features(train[0]), real_features(test[0])
    deviation = fitted.std(axis=0)
    kept = deviation > ROUNDING * deviation.max(initial=0)
    classifier.fit(fitted * kept, train[1])
    right = int(np.sum(classifier.predict(tried * kept) == test[1]))
    return share_with_interval(right, len(test[1]))


def share_with_interval(right, total):
    """[share, low, high] of right answers, with a 95 % Wilson interval: over images, for one classifier."""
    from scipy.stats import binomtest

    interval = binomtest(right, total).proportion_ci(method="wilson")
    return [right / total, float(interval.low), float(interval.high)]


def real_features(features):
    """(N, D) complex -> (N, 2 D) real and imaginary parts; real features as they are, both in float64."""
    parts = (features.real, features.imag) if np.iscomplexobj(features) else (features,)
    return np.concatenate(parts, axis=1, dtype=np.float64)
