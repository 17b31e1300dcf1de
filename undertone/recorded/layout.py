"""How a store of recorded sessions is laid out, and what stands in it. FORMAT goes up when older readers would err.

    asr/SESSION.jsonl               what is known of the session, then its messages and what else came, in their order
    raw/SESSION/1.wav ...           the sound of each utterance, as it was judged
    raw/SESSION/stream/00001.flac   all that was heard, sample for sample as it came, in parts

Lines of the first file are JSON objects with a `type`: `recording` (the head), the messages of the wire
(serving/asyncapi.yaml), `recording.input` (what came beside samples: commit, idle, finish, hint, and after how many
samples) and `recording.end`.
"""

import re

FORMAT = 1
HEAD, INPUT, END = "recording", "recording.input", "recording.end"
_OF_SESSION = re.compile(r"raw/(?P<raw>[^/]+)/|asr/\.?(?P<asr>[^/.]+)\.jsonl")


def events_file(session: str) -> str:
    """Return the name of the file with the events of `session`; a recording is there as long as this is."""
    return f"asr/{session}.jsonl"


def utterance_file(session: str, utterance_id: int) -> str:
    """Return the name of the file with the sound of an utterance."""
    return f"raw/{session}/{utterance_id}.wav"


def stream_file(session: str, part: int) -> str:
    """Return the name of part 1, 2, ... of all that was heard; the names sort as the parts do."""
    return f"raw/{session}/stream/{part:05}.flac"


def session_of(name: str) -> str | None:
    """Return the session that a file belongs to: `session_of("raw/ab/1.wav")` is "ab"; None: it is none of ours."""
    found = _OF_SESSION.match(name)
    return (found["raw"] or found["asr"]) if found else None
