"""What a clip goes through before the network sees it in training: another moment, voice, level, room and line.

Everything is drawn from torch's generator, so a seed fixes it. Nothing here is used to measure: the conditions that a
network is judged under are made of waveforms, in training/sounds/conditions.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.features.disturbances import BABBLE_VOICES, TELEPHONE_HZ, pink_noise
from training.features.spectra import MelSpectra, Spectra

NOISE_S = 20.0  # of each noise, which crops are taken from
SILENCE = 1e-30  # a clip of digital silence adds nothing to babble


class Augmenter:
    """Draws batches of augmented MFCC from the spectra of the clips that it was made with."""

    def __init__(self, clips: Sequence[Spectra], mel: MelSpectra, settings: Mapping[str, Any]) -> None:
        self.clips, self.mel, self.settings = clips, mel, settings
        self.noises = [mel.power(noise) for noise in _noises(mel.rate_hz)]
        self.telephone = mel.band(*TELEPHONE_HZ)

    def batch(self, chosen: Sequence[int]) -> Tensor:
        """Return MFCC (batch, n_mfcc, frames) of the clips at the positions `chosen`."""
        shortest, longest = self.settings["crop_frames"]
        frames = _integer(longest - shortest + 1) + shortest
        power = torch.stack([self._crop(self.clips[i], frames) for i in chosen])
        power = self._with_noise(power)
        power = self._through_telephone(power)
        low, high = self.settings["gain_db"]
        power = self.mel.levelled(power) * 10 ** ((low + (high - low) * torch.rand(len(power), 1, 1)) / 10)
        return self._masked(self.mel.cepstra(power))

    def _crop(self, clip: Spectra, frames: int) -> Tensor:
        return _stretch(clip.powers[_integer(len(clip.powers))], frames)

    def _with_noise(self, power: Tensor) -> Tensor:
        low, high = self.settings["snr_db"]
        kinds = torch.randint(len(self.noises) + 1, (len(power),)).tolist()  # the last one is babble
        noise = torch.stack([self._noise(kind, power) for kind in kinds])
        snr_db = low + (high - low) * torch.rand(len(power), 1, 1)
        wanted = _level(power) / _level(noise) * 10 ** (-snr_db / 10)
        return power + noise * wanted * _coins(len(power), self.settings["noise_share"])

    def _noise(self, kind: int, power: Tensor) -> Tensor:
        return self._babble(power) if kind == len(self.noises) else _stretch(self.noises[kind], power.shape[2])

    def _babble(self, power: Tensor) -> Tensor:
        voices = torch.randint(len(self.clips), (BABBLE_VOICES,)).tolist()
        crops = [_stretch(self.clips[i].powers[0], power.shape[2]) for i in voices]
        return torch.stack([crop / crop.mean().clamp(min=SILENCE) for crop in crops]).sum(dim=0)

    def _through_telephone(self, power: Tensor) -> Tensor:
        through = _coins(len(power), self.settings["telephone_share"])
        return power * (1 - through) + power * self.telephone * through

    def _masked(self, mfcc: Tensor) -> Tensor:
        """Set stretches of time and of coefficients to the clip's mean (Park et al. 2019, SpecAugment)."""
        mean = mfcc.mean(dim=2, keepdim=True)
        keep = torch.ones(len(mfcc), mfcc.shape[1], mfcc.shape[2], dtype=torch.bool)
        for axis, largest in ((2, self.settings["mask_frames"]), (1, self.settings["mask_coefficients"])):
            for _ in range(self.settings["masks"]):
                keep &= ~_stripe(len(mfcc), mfcc.shape[axis], largest, axis)
        return torch.where(keep, mfcc, mean)


def mixed_up(mfcc: Tensor, targets: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Return each clip mixed with another of the batch, MFCC and targets (batch, classes) (Zhang et al. 2018)."""
    share = float(np.random.default_rng(_integer(2**31)).beta(alpha, alpha))
    order = torch.randperm(len(mfcc))
    return share * mfcc + (1 - share) * mfcc[order], share * targets + (1 - share) * targets[order]


def _noises(rate_hz: int) -> list[np.ndarray]:
    rng = np.random.default_rng(_integer(2**31))
    samples = int(NOISE_S * rate_hz)
    return [(0.1 * noise).astype(np.float32) for noise in (rng.standard_normal(samples), pink_noise(samples, rng))]


def _stretch(power: Tensor, frames: int) -> Tensor:
    """Return `frames` frames of `power` (n_mels, frames) from a random place; what is too short is repeated."""
    if power.shape[1] < frames:
        power = power.repeat(1, -(-frames // power.shape[1]))
    start = _integer(power.shape[1] - frames + 1)
    return power[:, start : start + frames]


def _stripe(batch: int, length: int, largest: int, axis: int) -> Tensor:
    width = (torch.rand(batch, 1) * min(largest, length // 4 + 1)).long()
    start = (torch.rand(batch, 1) * (length - width)).long()
    positions = torch.arange(length).unsqueeze(0)
    inside = (positions >= start) & (positions < start + width)
    return inside.unsqueeze(1) if axis == 2 else inside.unsqueeze(2)


def _level(power: Tensor) -> Tensor:
    return power.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)


def _coins(count: int, share: float) -> Tensor:
    return (torch.rand(count, 1, 1) < share).float()


def _integer(below: int) -> int:
    return int(torch.randint(below, ()))
