"""Fits the residual network on the spectra it is given. Which clips those are is decided by the caller.

Deterministic: the same spectra, settings and seed give the same weights, bit for bit, on one kind of CPU.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.acoustic.augment import Augmenter, mixed_up
from training.acoustic.fitting import epochs_left, order
from training.acoustic.resnet import EMOTIONS, ResNet
from training.checkpoints import Checkpoint
from training.features.spectra import MelSpectra, Spectra
from training.precision import autocast


def fit_resnet(
    model: ResNet,
    clips: Sequence[Spectra],
    targets: Tensor,
    mel: MelSpectra,
    settings: Mapping[str, Any],
    name: str,
    draws: Tensor | None = None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[tuple[int, float, nn.Module]]:
    """Fit `model` and yield (epoch, mean training loss, averaged network) after each epoch of the whole schedule.

    `targets` (clips, 8) are the probabilities of the emotions that each clip is to be given (`targets_of`); `draws` is
    how often each is drawn (training/acoustic/fitting.py). With a `checkpoint` it goes on where that was kept.
    The learning rate warms up and falls along a cosine (Loshchilov & Hutter 2017), not to zero: the weights keep
    walking about a flat place, and what is yielded is the moving average of weights and statistics over that walk
    (Izmailov et al. 2018, "Averaging weights leads to wider optima").
    """
    augmenter = Augmenter(clips, mel, settings)
    model.set_scale(_scale(clips, mel))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    schedule = _schedule(optimizer, settings, settings["epochs"] * -(-len(clips) // settings["batch_size"]))
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings["averaging"]), use_buffers=True)
    kept = checkpoint or Checkpoint(None, name)
    done = kept.resume(model=model, optimizer=optimizer, schedule=schedule, averaged=averaged)
    for epoch in epochs_left(done, settings["epochs"], name):
        model.train()
        losses = []
        for batch in order(len(clips), draws).split(settings["batch_size"]):
            loss = _loss(model, augmenter.batch(batch.tolist()), targets[batch], settings)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            averaged.update_parameters(model)
            losses.append(loss.item())
        yield epoch, float(np.mean(losses)), averaged.module
        kept.save(epoch, last=epoch == settings["epochs"])


def targets_of(emotions: Tensor, taught: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
    """Return what clips are to be given (clips, 8): the acted `emotions` (clips,), smoothed, and what is `taught`.

    `taught` (clips, 8) has `teacher_share` of it; None: nothing.
    """
    smoothing = settings["label_smoothing"]
    acted = (1 - smoothing) * functional.one_hot(emotions, len(EMOTIONS)).float() + smoothing / len(EMOTIONS)
    if taught is None:
        return acted
    return (1 - settings["teacher_share"]) * acted + settings["teacher_share"] * taught


def _schedule(optimizer: Any, settings: Mapping[str, Any], steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        settings["learning_rate"],
        total_steps=steps,
        pct_start=max(settings["warmup"], 2 / steps),  # or its first phase has no length
        cycle_momentum=False,
        final_div_factor=1 / (25 * settings["last_learning_rate"]),  # 25: its div_factor, of the first step
    )


def _loss(model: ResNet, mfcc: Tensor, targets: Tensor, settings: Mapping[str, Any]) -> Tensor:
    mfcc, targets = mixed_up(mfcc, targets, settings["mixup"])
    with autocast(settings["precision"]):
        logits = model.emotions(mfcc)
    return functional.cross_entropy(logits.float(), targets)


def _scale(clips: Sequence[Spectra], mel: MelSpectra) -> Tensor:
    centred = [_centred(mel.cepstra(mel.levelled(clip.powers[0]))) for clip in clips]
    return torch.cat(centred, dim=1).std(dim=1)


def _centred(mfcc: Tensor) -> Tensor:
    return mfcc - mfcc.mean(dim=1, keepdim=True)
