"""Open-vocabulary English with the model that the pocketsphinx wheel carries: needs no download, errs often.

The wheel is an extra of its own, imported only when this engine is asked for.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from undertone.audio import RATE_HZ, Samples
from undertone.words.engines.pieces import by_pieces
from undertone.words.languages import ENGLISH
from undertone.words.plausibility.evidence import Evidence
from undertone.words.plausibility.hallucination import gate
from undertone.words.plausibility.voicing import voicing
from undertone.words.reasons import Reason
from undertone.words.settings import AsrSettings
from undertone.words.transcript import AsrModelError, Recogniser, Segment, Sound, Transcript, Word

MODEL = "en-us"
FRAMES_PER_SECOND = 100
PAUSE_S = 0.5  # a silence so long ends a segment

SHORTEST_SAMPLES = RATE_HZ // 10

_FRAME = RATE_HZ // 40
_ZERO_LEVEL, _ZERO_SHARE, _FAINT_DB = 2.0, 0.05, -40.0
_LEAST_POSTERIOR = 1e-4
_NOISE = re.compile(r"\[.*\]|\+\+.*\+\+")
_FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
_VARIANT = re.compile(r"\(\d+\)$")  # "the(2)" is "the", pronounced the second way of the dictionary


class PocketsphinxRecogniser(Recogniser):
    """One decoder; what it answers depends on the samples alone, not on what it heard before."""

    def __init__(self, settings: AsrSettings, reason: str) -> None:
        """Load the model that comes with the wheel.

        Raises:
            AsrModelError: the wheel is not installed.
        """
        self._settings = settings
        self._reason = reason
        # The default normalisation follows earlier utterances: the same samples would change their words.
        self._decoder = _decoder_class()(samprate=float(RATE_HZ), cmn="batch", loglevel="FATAL")

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        about = {"engine": "pocketsphinx", "model": MODEL, "open_vocabulary": True, "reason": self._reason}
        return {**about, "languages": list(ENGLISH), "sha256": None}

    def transcribe_all(self, sounds: Sequence[Sound]) -> list[Transcript]:
        """See `Recogniser`; one after the other. Their language does not matter, the model knows English only."""
        return [by_pieces(sound, self._piece) for sound in sounds]

    def _piece(self, sound: Sound) -> Transcript:
        units = self._decode(sound.samples)
        words = [unit for unit in units if not _FILLER.fullmatch(unit.word)]
        segments = tuple(_segments(words))
        text = " ".join(segment.text for segment in segments)
        if not words:
            return Transcript("", language="en", rejected=Reason.NO_WORDS)
        evidence = _evidence(text, units, words, sound)
        rejected = gate(evidence) if self._settings.gates else None
        spoken = tuple(_word(unit) for unit in words) if sound.word_times else ()
        return Transcript(text, segments, "en", rejected, evidence=evidence.numbers(), words=spoken)

    def _decode(self, samples: Samples) -> list[Any]:
        if len(samples) < SHORTEST_SAMPLES:
            return []
        self._forget()
        self._decoder.start_utt()
        self._decoder.process_raw(without_digital_silence(samples).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        return list(self._decoder.seg() or []) if self._decoder.hyp() else []

    def _forget(self) -> None:
        # Its docstring calls it unnecessary, but without it the noise removal goes on from the utterance before.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self._decoder.start_stream()


def _decoder_class() -> Any:
    try:
        from pocketsphinx import Decoder
    except ImportError:
        raise AsrModelError(
            "the engine pocketsphinx is not installed: `pip install 'undertone[pocketsphinx]'`"
        ) from None
    return Decoder


def without_digital_silence(samples: Samples) -> Samples:
    """Return `samples` over faint noise, always the same, where some of them are zeros as no microphone gives them.

    The log energies of zeros dominate the normalisation: word errors on espeak-ng 69 %, with the noise 32 %.
    """
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64)
    levels = np.sqrt(np.square(frames).mean(axis=1))
    if np.mean(levels < _ZERO_LEVEL) < _ZERO_SHARE:
        return samples
    faint = np.quantile(levels, 0.9) * 10 ** (_FAINT_DB / 20)
    noise = np.random.default_rng(0).normal(0.0, faint, len(samples))
    return np.rint(samples + noise).clip(-32768, 32767).astype(np.int16)


def _evidence(text: str, units: list[Any], words: list[Any], sound: Sound) -> Evidence:
    spoken = sum(word.end_frame - word.start_frame + 1 for word in words)
    return Evidence(
        text=text,
        length_s=len(sound.samples) / RATE_HZ,
        speech_ms=sound.speech_ms,
        speech_prob=sound.speech_prob,
        word_logprob=float(np.mean([np.log(max(word.prob, _LEAST_POSTERIOR)) for word in words])),
        word_s=spoken / len(words) / FRAMES_PER_SECOND,
        share_of_words=spoken / max(1, units[-1].end_frame + 1),
        noises=sum(_NOISE.fullmatch(unit.word) is not None for unit in units),
        **asdict(voicing(sound.samples)),
    )


def _segments(words: list[Any]) -> list[Segment]:
    """Join the words between pauses."""
    found: list[Segment] = []
    for word in map(_word, words):
        if found and word.start_s - found[-1].end_s < PAUSE_S:
            found[-1] = Segment(found[-1].start_s, word.end_s, f"{found[-1].text} {word.text}")
        else:
            found.append(Segment(word.start_s, word.end_s, word.text))
    return found


def _word(unit: Any) -> Word:
    start_s, end_s = unit.start_frame / FRAMES_PER_SECOND, (unit.end_frame + 1) / FRAMES_PER_SECOND
    return Word(start_s, end_s, _VARIANT.sub("", unit.word), min(1.0, max(0.0, float(unit.prob))))
