"""Fits the baseline on the clips it is given. Which clips those are is decided by the caller.

Deterministic: the same clips, settings and seed give the same weights, bit for bit, on one kind of CPU.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from training.acoustic.baseline import Baseline
from training.checkpoints import Checkpoint
from training.corpora.ravdess.clips import Clip
from undertone.labels import LABELS

Labels = NDArray[np.int64]


def labels_of(clips: Sequence[Clip]) -> Labels:
    """Return the label of each clip, int64 (clips,)."""
    return np.array([clip.label_index for clip in clips], dtype=np.int64)


def mfccs_of(clips: Sequence[Clip]) -> list[Tensor]:
    """Return the features of each clip, (n_mfcc, frames)."""
    return [torch.from_numpy(clip.mfcc.T.copy()) for clip in clips]


def pad(clips: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Stack clips (n_mfcc, frames), padded with zeros at the end; also return their frames, int64 (batch,)."""
    frames = torch.tensor([clip.shape[1] for clip in clips])
    batch = torch.zeros(len(clips), clips[0].shape[0], int(frames.max()))
    for row, clip in zip(batch, clips, strict=True):
        row[:, : clip.shape[1]] = clip
    return batch, frames


def class_weights(labels: Labels) -> Tensor:
    """Return weights that make every label count the same in the loss: clips / (3 x clips of the label)."""
    counts = np.bincount(labels, minlength=len(LABELS))
    return torch.from_numpy(len(labels) / (len(LABELS) * counts)).float()


def order(clips: int, draws: Tensor | None) -> Tensor:
    """Return the positions of one epoch, int64 (clips,): each once, or drawn as often as `draws` (clips,) says."""
    return torch.randperm(clips) if draws is None else torch.multinomial(draws, clips, replacement=True)


def epochs_left(done: int, epochs: int, name: str) -> "tqdm[int]":
    """Return the epochs after `done`, 1 being the first, as a bar of them all that is called `name`."""
    left = range(done + 1, epochs + 1)
    return tqdm(left, desc=name, unit="epoch", mininterval=5.0, initial=done, total=epochs)


def fit_baseline(
    model: Baseline,
    clips: Sequence[Clip],
    settings: Mapping[str, Any],
    name: str,
    draws: Tensor | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[tuple[int, float, nn.Module]]:
    """Fit `model` on `clips` and yield (epoch, mean training loss, network) after each epoch of the schedule.

    The network yielded is the moving average of the weights. Normalisation and class weights come from `clips` alone;
    with `draws` (`order`) labels are alike already, and nothing is weighted. With a `checkpoint` it goes on where that
    was kept.
    """
    tensors, labels = mfccs_of(clips), labels_of(clips)
    frames = torch.cat(tensors, dim=1)
    std = frames.std(dim=1)
    model.set_normalisation(frames.mean(dim=1), std)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings["averaging"]))
    loss_of = nn.CrossEntropyLoss(weight=class_weights(labels) if draws is None else None)
    targets = torch.from_numpy(labels)
    kept = checkpoint or Checkpoint(None, name)
    done = kept.resume(model=model, optimizer=optimizer, averaged=averaged)
    for epoch in epochs_left(done, settings["epochs"], name):
        model.train()
        losses = []
        for batch in order(len(tensors), draws).split(settings["batch_size"]):
            chosen = [_random_crop(tensors[i], settings["crop_frames"]) for i in batch.tolist()]
            mfcc, lengths = pad(chosen)
            loss = loss_of(model(_shifted(mfcc, settings["shift"] * std), lengths), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update_parameters(model)
            losses.append(loss.item())
        yield epoch, float(np.mean(losses)), averaged.module
        kept.save(epoch, last=epoch == settings["epochs"])


def _random_crop(clip: Tensor, frames: int) -> Tensor:
    length = min(frames, clip.shape[1])
    start = int(torch.randint(clip.shape[1] - length + 1, ()))
    return clip[:, start : start + length]


def _shifted(mfcc: Tensor, scale: Tensor) -> Tensor:
    """Add a random constant of scale (n_mfcc,) to the coefficients of each clip: another gain, microphone, voice."""
    return mfcc + torch.randn(mfcc.shape[0], mfcc.shape[1], 1) * scale.unsqueeze(1)
