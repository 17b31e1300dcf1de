"""What the operator sets for speech recognition; picklable, since it crosses into a spawned worker."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AsrSettings:
    """How utterances become words; times in seconds.

    `model` is a name of the hub ("tiny.en", "small.en", "distil-small.en", "owner/name") or a folder of a CTranslate2
    Whisper. `fallback` ("pocketsphinx" or "none") runs where the hub cannot give it within `hub_wait_s`. `language`
    None: as the model says (".en") or detected. `window` "adaptive" encodes what an utterance needs, "full" always
    30 s. `gates` False takes what is decoded first for what was said; `max_new_tokens` is the most of an utterance,
    None: by its length. Both are for measurements.
    """

    model: str = "tiny.en"
    fallback: str = "none"
    language: str | None = None
    threads: int = 1
    window: str = "adaptive"
    window_floor_s: float = 4.0
    window_margin_s: float = 1.5
    hub_wait_s: float = 20.0
    max_new_tokens: int | None = None
    gates: bool = True

    def __post_init__(self) -> None:
        for name, known in (("fallback", FALLBACKS), ("window", WINDOWS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")


FALLBACKS = ("pocketsphinx", "none")
WINDOWS = ("adaptive", "full")
WEIGHTS = "model.bin"  # in the folder of a CTranslate2 model


def names_a_folder(model: str) -> bool:
    """Return whether `model` can only be meant as a folder: the hub's names are "name" or "owner/name"."""
    return model.startswith((".", "/", "~")) or model.count("/") > 1
