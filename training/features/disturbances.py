"""What disturbs speech in training, where it is drawn on spectra, and in judging, where it is added to waveforms."""

import numpy as np

TELEPHONE_HZ = (300.0, 3400.0)  # ITU-T G.712
BABBLE_VOICES = 4


def pink_noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise (samples,) whose power falls as 1 / frequency, of unit standard deviation."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, samples)
    return noise / noise.std()
