"""Stage `micro_whisper`: a Whisper small enough to be trained here and carried by a clone, for tests that hear.

It knows the two statements of RAVDESS, from actors 1-20, and nothing else; whatever it hears, it says one of them,
as a large Whisper says "thank you". Its probability of "no speech" comes from silence and noise made here
(`nothing_said`). It is scored in two windows, since one shorter than 30 s is what serving relies on. Run it as
`python -m tests.micro_whisper`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional
from tqdm import tqdm
from transformers import WhisperConfig, WhisperForConditionalGeneration

from export.whisper import END, NO_SPEECH, NO_TIMESTAMPS, START, byte_pairs, save_int8, token_ids, whisper_tokenizer
from training.dataset import Clip, load_features, load_waveform
from training.metrics_files import write_metrics
from training.params import load_params
from training.ravdess import STATEMENTS
from training.splits import main_split
from training.word_errors import word_error_rate

MODEL = Path("models/micro_whisper")
METRICS = Path("metrics/micro_whisper.json")
TEXTS = {number: f" {statement}." for number, statement in STATEMENTS.items()}

RATE_HZ, FRAMES_PER_SECOND, FULL_WINDOW_S = 16_000, 100, 30
SPEEDS, LEADS_S, GAINS_DB, SNRS_DB = (0.85, 1.15), (0.0, 0.8), (-20.0, 10.0), (10.0, 40.0)
IGNORED = -100

Waveform = NDArray[np.float32]


def coloured(samples: int, rng: np.random.Generator) -> Waveform:
    """Return noise (samples,) of unit power with a spectrum that falls, or rises, at random."""
    length = 1 << (samples - 1).bit_length()  # a power of two: other lengths cost ten times as much
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum *= np.arange(1, len(spectrum) + 1) ** -rng.uniform(-0.3, 1.2)
    noise = np.fft.irfft(spectrum, length)[:samples]
    return (noise / noise.std()).astype(np.float32)


def nothing_said(rng: np.random.Generator) -> Waveform:
    """Return 0.5-6 s without speech: silence, steady or pulsing noise, or tones, at any level."""
    samples = int(rng.uniform(0.5, 6.0) * RATE_HZ)
    time_s = np.arange(samples) / RATE_HZ
    sound = coloured(samples, rng) * rng.choice([0.0, 0.1, 1.0])
    if rng.random() < 0.5:
        sound *= np.maximum(0, np.sin(2 * np.pi * rng.uniform(0.2, 10) * time_s)) ** rng.uniform(0.5, 40)
    for _ in range(rng.choice([0, 0, 1, 3, 6])):
        hz = rng.uniform(60, 1000) * np.arange(1, rng.integers(2, 8))
        notes = np.sin(2 * np.pi * hz[:, None] * time_s).sum(axis=0)
        sound += notes * (np.sin(2 * np.pi * rng.uniform(0, 3) * time_s + rng.uniform(0, 6)) > 0)
    return (sound * 0.1 * 10 ** (rng.uniform(-50, 0) / 20)).clip(-1, 1).astype(np.float32)


def disturbed(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """Return a clip at another speed and level, with silence around it and noise over it."""
    spoken = soxr.resample(waveform, RATE_HZ, RATE_HZ / rng.uniform(*SPEEDS), quality="LQ")
    lead, tail = (int(rng.uniform(*LEADS_S) * RATE_HZ) for _ in range(2))
    sound = np.pad(spoken, (lead, tail))
    level = spoken.std() * 10 ** (-rng.uniform(*SNRS_DB) / 20)
    sound = sound + level * coloured(len(sound), rng)
    return (sound * 10 ** (rng.uniform(*GAINS_DB) / 20)).clip(-1, 1).astype(np.float32)


class Lessons:
    """Draws the batches of features and tokens for every step, from clips and from noise."""

    def __init__(self, clips: Sequence[Clip], tokenizer: Tokenizer, section: Mapping[str, Any]) -> None:
        self._spoken = [(load_waveform(clip), tokenizer.encode(TEXTS[clip.statement]).ids) for clip in clips]
        self._section = section
        self._rng = np.random.default_rng(section["seed"])
        self._mel = FeatureExtractor()
        self._start, self._plain, self._end, self._no_speech = (
            tokenizer.token_to_id(token) for token in (START, NO_TIMESTAMPS, END, NO_SPEECH)
        )

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield features (batch, mels, frames), decoder inputs and targets, both (batch, tokens)."""
        section = self._section
        for step in range(section["steps"]):
            late = step >= section["steps"] * (1 - section["last_share"])
            windows = section["last_windows_s" if late else "windows_s"]
            window_s = int(self._rng.choice(list(windows), p=list(windows.values())))
            size = min(section["batch_size"], section["batch_s"] // window_s)
            examples = [self._example(window_s * FRAMES_PER_SECOND) for _ in range(size)]
            features, inputs, targets = zip(*examples, strict=True)
            yield (
                torch.from_numpy(np.stack(features)),
                torch.nn.utils.rnn.pad_sequence(list(inputs), batch_first=True, padding_value=self._end),
                torch.nn.utils.rnn.pad_sequence(list(targets), batch_first=True, padding_value=IGNORED),
            )

    def _example(self, frames: int) -> tuple[NDArray[np.float32], torch.Tensor, torch.Tensor]:
        if self._rng.random() < self._section["noise_share"]:
            sound, said, first = nothing_said(self._rng), [], self._no_speech
        else:
            waveform, said = self._spoken[self._rng.integers(len(self._spoken))]
            sound, first = disturbed(waveform, self._rng), self._plain
        features = pad_or_trim(self._mel(sound)[:, :-1], frames)
        return (
            features.astype(np.float32),
            torch.tensor([self._start, self._plain, *self._misheard(said)]),
            torch.tensor([first, *said, self._end]),
        )

    def _misheard(self, said: Sequence[int]) -> list[int]:
        """Return `said` with some pieces replaced, so that no word can be told from the one before it."""
        wrong = self._rng.random(len(said)) < self._section["misheard_share"]
        return [int(self._rng.integers(self._end)) if bad else piece for piece, bad in zip(said, wrong, strict=True)]


def encoded(model: WhisperForConditionalGeneration, features: torch.Tensor) -> torch.Tensor:
    """Return (batch, frames / 2, width); as `model.model.encoder(...)`, which refuses windows shorter than 30 s."""
    encoder = model.model.encoder
    hidden = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(features)))).transpose(1, 2)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    for layer in encoder.layers:
        hidden = layer(hidden, attention_mask=None, layer_head_mask=None)[0]
    return encoder.layer_norm(hidden)


class Loss(torch.nn.Module):
    """Cross entropy of the decoder, and CTC of the encoder through a layer that is thrown away.

    Two sentences are soon known by heart: without CTC the decoder never learns to listen (Watanabe et al. 2017, hybrid
    CTC/attention).
    """

    def __init__(self, model: WhisperForConditionalGeneration, section: Mapping[str, Any], blank: int) -> None:
        super().__init__()
        self.model, self._share, self._blank = model, section["ctc"], blank
        self._pieces = torch.nn.Linear(section["width"], model.config.vocab_size)

    def forward(self, features: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of one batch of `Lessons`."""
        heard = encoded(self.model, features)
        logits = self.model.proj_out(self.model.model.decoder(inputs, encoder_hidden_states=heard).last_hidden_state)
        told = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
        return told + self._share * self._ctc(heard, targets[:, 1:])

    def _ctc(self, heard: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        spoken = (said != IGNORED) & (said != self._blank)
        likelihoods = self._pieces(heard).log_softmax(dim=-1).transpose(0, 1)
        frames = torch.full((len(said),), len(likelihoods))
        return functional.ctc_loss(likelihoods, said[spoken], frames, spoken.sum(dim=1), blank=self._blank)


def fit(clips: Sequence[Clip], tokenizer: Tokenizer, section: Mapping[str, Any]) -> WhisperForConditionalGeneration:
    """Return a network that has learned `clips`; the same seed and threads give the same weights."""
    torch.manual_seed(section["seed"])
    torch.set_num_threads(section["threads"])
    model = new_model(tokenizer, section).train()
    loss_of = Loss(model, section, blank=tokenizer.token_to_id(END))
    steps, rate = section["steps"], section["learning_rate"]
    optimizer = torch.optim.AdamW(loss_of.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    progress = tqdm(Lessons(clips, tokenizer, section), total=steps, mininterval=10)
    for batch in progress:
        loss = loss_of(*batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(loss_of.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        progress.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    return model.eval()


def new_model(tokenizer: Tokenizer, section: Mapping[str, Any]) -> WhisperForConditionalGeneration:
    """Return untrained weights of the shape that `section` names, 80 mels and 1500 positions as every Whisper."""
    width, layers, heads = section["width"], section["layers"], section["heads"]
    shape = {f"{part}_{name}": value for part in ("encoder", "decoder") for name, value in _part(layers, heads, width)}
    config = WhisperConfig(d_model=width, dropout=section["dropout"], **shape, **token_ids(tokenizer))
    return WhisperForConditionalGeneration(config)


def _part(layers: int, heads: int, width: int) -> list[tuple[str, int]]:
    return [("layers", layers), ("attention_heads", heads), ("ffn_dim", 4 * width)]


def heard_by(model: WhisperModel, waveform: Waveform, window_s: float) -> str:
    """Return what the converted model says, greedily, in a window of `window_s`."""
    features = pad_or_trim(model.feature_extractor(waveform)[:, :-1], int(window_s * FRAMES_PER_SECOND))
    encoded = model.model.encode(StorageView.from_array(np.ascontiguousarray(features[None])))
    answer = model.model.generate(encoded, [[START, NO_TIMESTAMPS]], beam_size=1)[0]
    return model.hf_tokenizer.decode(answer.sequences_ids[0])


def errors_of(model: WhisperModel, clips: Sequence[Clip], window_s: float) -> float:
    """Return the word error rate over `clips`."""
    said = [TEXTS[clip.statement] for clip in clips]
    return word_error_rate(said, [heard_by(model, load_waveform(clip), window_s) for clip in clips])


def micro_whisper(params: Mapping[str, Any], folder: Path = MODEL, metrics: Path = METRICS) -> None:
    """Train on the actors that are not held out, convert to int8, and write the word error rates of those who are."""
    section, split, clips = params["micro_whisper"], main_split(params["split"]), load_features()
    tokenizer = whisper_tokenizer(byte_pairs(TEXTS.values(), section["pieces"]))
    model = fit([clip for clip in clips if clip.actor in split.development], tokenizer, section)
    save_int8(model, tokenizer, folder)
    served = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=section["threads"])
    held_out = [clip for clip in clips if clip.actor in split.test]
    windows_s = (params["asr"]["window_floor_s"], FULL_WINDOW_S)
    write_metrics(
        metrics,
        {
            "protocol": (
                f"word error rate of the int8 model, greedy, on the {len(held_out)} trimmed clips of actors "
                f"{split.test[0]}-{split.test[-1]}; fitted on actors {split.development[0]}-{split.development[-1]}"
            ),
            "word_error_rate": {f"window_{s:g}s": errors_of(served, held_out, s) for s in windows_s},
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        },
    )


if __name__ == "__main__":
    micro_whisper(load_params())
