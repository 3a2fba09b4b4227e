"""Banks of oriented wavelets; the wavelet transform, its inverse, amplitude and local phase."""

from .banks import STEPS, directions, morlet_bank, paper_bank
from .filterbank import FilterBank
from .transform import amplitude_and_phase, inverse_transform, wavelet_transform

__all__ = [
    "STEPS",
    "FilterBank",
    "amplitude_and_phase",
    "directions",
    "inverse_transform",
    "morlet_bank",
    "paper_bank",
    "wavelet_transform",
]
