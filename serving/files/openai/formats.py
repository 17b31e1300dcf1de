"""What was heard of a recording, in each of OpenAI's formats; a segment is an utterance, with its verdict beside."""

import math
from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from serving.files.openai.fields import Format

_VERDICT = ("fused_sentiment", "fused_score", "text_sentiment", "audio_sentiment", "agreement", "abstain")


def segment(number: int, final: dict[str, Any]) -> dict[str, Any]:
    """Return the segment of an `utterance.final` with words."""
    start, end = (final[name] / 1000 for name in ("start_ms", "end_ms"))
    verdict = {name: final[name] for name in _VERDICT}
    return {"id": number, "start": start, "end": end, "text": final["text"], "sentiment": verdict}


def word(spoken: dict[str, Any]) -> dict[str, Any]:
    """Return a word of an `utterance.final`."""
    return {"word": spoken["text"], "start": spoken["start_ms"] / 1000, "end": spoken["end_ms"] / 1000}


def joined(segments: Sequence[dict[str, Any]]) -> str:
    """Return all words."""
    return " ".join(segment["text"] for segment in segments)


def usage(duration_s: float) -> dict[str, Any]:
    """Return what OpenAI bills: whole seconds."""
    return {"type": "duration", "seconds": math.ceil(duration_s)}


def answer(
    format: Format,
    segments: Sequence[dict[str, Any]],
    language: str | None,
    duration_s: float,
    words: Sequence[dict[str, Any]] | None = None,
) -> Response:
    """Return the response; `duration_s` is the length of the recording, `words` are told where they are given."""
    text = joined(segments)
    if format == "json":
        return JSONResponse({"text": text, "usage": usage(duration_s)})
    if format == "verbose_json":
        about = {"task": "transcribe", "language": language, "duration": round(duration_s, 3), "text": text}
        timed = {} if words is None else {"words": list(words)}
        return JSONResponse({**about, "segments": list(segments), **timed, "usage": usage(duration_s)})
    if format == "srt":
        return PlainTextResponse(_srt(segments))
    if format == "vtt":
        return PlainTextResponse(_vtt(segments), media_type="text/vtt")
    return PlainTextResponse(f"{text}\n")


def _srt(segments: Sequence[dict[str, Any]]) -> str:
    return "".join(f"{number}\n{_cue(segment, ',')}" for number, segment in enumerate(segments, 1))


def _vtt(segments: Sequence[dict[str, Any]]) -> str:
    return "WEBVTT\n\n" + "".join(_cue(segment, ".") for segment in segments)


def _cue(segment: dict[str, Any], point: str) -> str:
    start, end = (_time(segment[name], point) for name in ("start", "end"))
    return f"{start} --> {end}\n{segment['text'].replace('-->', '->')}\n\n"


def _time(seconds: float, point: str) -> str:
    whole, ms = divmod(round(1000 * seconds), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{ms:03}"
