"""The library: hears speech and says how the speaker feels, from the words and from the voice, on a CPU.

    import undertone

    release = undertone.open_release("models/promoted")
    for utterance in release.analyze("talk.wav"):
        print(utterance.start_ms, utterance.verdict.label, utterance.text)

    with undertone.Client("ws://127.0.0.1:8000/ws/analyze") as session:  # the same from a server
        for utterance in session.transcribe("talk.wav"):
            print(utterance.start_ms, utterance.verdict.label, utterance.text)

The public names are those of `__all__`; they are loaded when they are first used, so that `import undertone` costs
nothing. Their types are in `__init__.pyi`.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "open_release": "undertone.release",
    "Release": "undertone.release",
    "Stream": "undertone.stream.analysis",
    "SpeechStarted": "undertone.stream.events",
    "Mood": "undertone.stream.events",
    "Partial": "undertone.stream.events",
    "SpeechEnded": "undertone.stream.events",
    "Final": "undertone.stream.events",
    "Provisional": "undertone.stream.events",
    "Verdict": "undertone.verdict",
    "JudgedLane": "undertone.verdict",
    "AudioFileError": "undertone.audio_file",
    "ReleaseError": "undertone.manifest",
    "SettingError": "undertone.stream.settings",
    "Client": "undertone.client.sync_client",
    "AsyncClient": "undertone.client.async_client",
    "Refusal": "undertone.client.events",
    "SessionClosed": "undertone.client.events",
    "StreamError": "undertone.client.connection",
    "ServerUnreachableError": "undertone.client.connection",
    "SessionRefusedError": "undertone.client.connection",
    "ConnectionLostError": "undertone.client.connection",
    "LABELS": "undertone.labels",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'undertone' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
