"""Open-vocabulary English with the model that the pocketsphinx wheel carries: needs no download, errs often."""

import re
from typing import Any

import pocketsphinx

from serving.asr_settings import AsrSettings
from serving.transcript import RATE_HZ, Samples, Segment, Transcript

MODEL = "en-us"
FRAMES_PER_SECOND = 100
PAUSE_S = 0.5  # a silence so long ends a segment

_FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
_VARIANT = re.compile(r"\(\d+\)$")  # "the(2)" is "the", pronounced the second way of the dictionary


class PocketsphinxRecogniser:
    """One decoder; what it answers depends on the samples alone, not on what it heard before."""

    def __init__(self, settings: AsrSettings, reason: str) -> None:
        self._settings = settings
        self._reason = reason
        # The default normalisation follows earlier utterances: the same samples would change their words.
        self._decoder = pocketsphinx.Decoder(samprate=float(RATE_HZ), cmn="batch", loglevel="FATAL")

    @property
    def description(self) -> dict[str, Any]:
        """See `Recogniser`."""
        return {"engine": "pocketsphinx", "model": MODEL, "open_vocabulary": True, "reason": self._reason}

    def transcribe(self, samples: Samples, language: str | None = None, speech_ms: int | None = None) -> Transcript:
        """See `Recogniser`; `language` does not matter, the model knows English only."""
        segments = tuple(_segments(self._decode(samples)))
        text = " ".join(segment.text for segment in segments)
        return Transcript(text, segments, "en", None if text else "no_words")

    def _decode(self, samples: Samples) -> list[Any]:
        if not len(samples):
            return []
        self._decoder.start_utt()
        self._decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        return list(self._decoder.seg() or []) if self._decoder.hyp() else []


def _segments(units: list[Any]) -> list[Segment]:
    """Join the words between pauses; fillers are left out."""
    found: list[Segment] = []
    for unit in units:
        if _FILLER.fullmatch(unit.word):
            continue
        start_s, end_s = unit.start_frame / FRAMES_PER_SECOND, (unit.end_frame + 1) / FRAMES_PER_SECOND
        word = _VARIANT.sub("", unit.word)
        if found and start_s - found[-1].end_s < PAUSE_S:
            found[-1] = Segment(found[-1].start_s, end_s, f"{found[-1].text} {word}")
        else:
            found.append(Segment(start_s, end_s, word))
    return found
