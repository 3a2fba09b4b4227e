"""scikit-learn's face of the package: scattering as a transformer, the separation of classes as something to score.

Only this module imports scikit-learn, and nothing of the package imports it. Rows of a table are flattened images.
NumPy arrays, lists and data frames are checked by scikit-learn; an array of torch, CuPy or another array-API library is
kept where it is, with and without scikit-learn's array_api_dispatch. An estimator keeps the parameters that it was
fitted with: `set_params` has its effect at the next `fit`.
"""

from ..extras import needing

with needing("figures"):
    from .class_separation import ClassSeparation
    from .scattering_transformer import ScatteringTransformer

__all__ = ["ClassSeparation", "ScatteringTransformer"]
