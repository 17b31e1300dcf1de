"""What benchmarks/words/words_gate.py measures on: speech to keep, and sounds in which nobody said a word.

The real recordings are those of `UNDERTONE_DATA` (`ravdess/`, `real/`); the rest is generated: noises, espeak-ng and,
where hibari-tts is installed, its natural voice. Each piece belongs to one half: RAVDESS by actor (21-24 are reported),
ESC-10 by fold, so that the clips of one source stay together (2 is chosen, 1 reported), meetings and reading by clip,
foreign sentences by language, spoken phrases by turns, noises by seed.
"""

import subprocess
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from other_languages import REPORTED, SENTENCES
from scipy.signal import butter, sosfilt

from training.sounds.noises import KINDS, noise
from undertone.audio import RATE_HZ, Samples
from undertone.audio_file import read

CUT_OFF_SAMPLES = 6400
CHOSEN, REPORT = "chosen", "report"
REPORTED_MEETINGS = ("trn05", "trn06")
NOISE_SEEDS = {CHOSEN: range(1000, 1050), REPORT: range(5000, 5125)}
VOICES = ("hibari", "hibari slow", "hibari high", "en-us", "en-gb+f2", "en-us+m3", "en-029")
ANSWERS = (
    *("no", "yes", "fine", "okay", "thank you", "right", "stop it", "thanks", "sure", "really", "I see", "go on"),
    *("never", "of course", "all right", "not really", "good", "great", "hello", "goodbye", "I don't know", "maybe"),
    *("exactly", "sorry", "oh no", "come on", "why not", "no way", "yeah", "wow"),
)
REPEATED = (
    *(
        ("no", 3),
        ("stop", 3),
        ("I see", 4),
        ("leave me alone", 4),
        ("come on", 3),
        ("let it be", 6),
        ("never again", 5),
    ),
    *(("have mercy on us", 5), ("happy birthday to you", 3), ("the train is late", 4), ("holy", 6), ("thank you", 5)),
)


@dataclass(frozen=True)
class Piece:
    """A recording: of which kind and half, (n,) int16 at 16 kHz; `said` is known of answers only."""

    kind: str
    half: str
    name: str
    samples: Samples
    said: str | None = None

    def random(self) -> np.random.Generator:
        """Return randomness of its own, always the same."""
        return np.random.default_rng(zlib.crc32(f"{self.kind} {self.name}".encode()))


def ravdess(data: Path) -> Iterator[Piece]:
    """All of the reported actors, every fifth clip of the others; a tenth of both through a telephone and in noise."""
    for path in sorted((data / "ravdess").resolve().rglob("*.flac")):
        actor, draw = int(path.stem[-2:]), zlib.crc32(path.stem.encode())
        half = REPORT if actor > 20 else CHOSEN
        if half == REPORT or draw % 5 == 0:
            yield Piece("RAVDESS", half, path.stem, read(path))
        if draw % 10 == 1:
            yield Piece("RAVDESS, telephone", half, path.stem, telephone(read(path)))
        if draw % 10 == 2:
            yield Piece("RAVDESS, white noise at 10 dB", half, path.stem, noisy(read(path), 10))


def meetings(data: Path) -> Iterator[Piece]:
    """Each clip as it is, and through a telephone, 15 dB lower, from 3 s on, in white noise at 15 dB."""
    for path in sorted((data / "real" / "meetings").glob("*.flac")):
        half, sound = REPORT if path.stem in REPORTED_MEETINGS else CHOSEN, read(path)
        yield Piece("meetings", half, path.stem, sound)
        changed = (telephone(sound), louder(sound, -15), sound[3 * RATE_HZ :], noisy(sound, 15))
        for number, other in enumerate(changed):
            yield Piece("meetings, changed", half, f"{path.stem} {number}", other)


def reading(data: Path) -> Iterator[Piece]:
    """Sentences read aloud, by turns in both halves; each as it is, and overdriven by 18 and 24 dB."""
    for number, path in enumerate(sorted((data / "real" / "reading").glob("*.flac"))):
        half, sound = (CHOSEN, REPORT)[number % 2], read(path)
        yield Piece("reading", half, path.stem, sound)
        for gain_db in (18, 24):
            yield Piece("reading, overdriven", half, f"{path.stem} {gain_db}", louder(sound, gain_db))


def answers(data: Path) -> Iterator[Piece]:
    """Short answers in several voices; as they are, through a telephone, 15 dB lower or in a little noise."""
    for number, text in enumerate(ANSWERS):
        for voice in VOICES:
            sound = say(text, voice)
            if sound is not None:
                piece = Piece("short answers", (CHOSEN, REPORT)[number % 2], f"{text} {voice}", sound, text)
                yield _placed(piece, changed=True)


def repeated(data: Path) -> Iterator[Piece]:
    """What is really said over and over, and the same said once; the same sentence by one actor of RAVDESS."""
    for number, (text, times) in enumerate(REPEATED):
        for voice in ("hibari", "en-us", "en-gb-scotland+f2"):
            for kind, said in (("said once", text), ("said over and over", ", ".join([text] * times))):
                sound = say(said, voice)
                if sound is not None:
                    yield _placed(Piece(kind, (CHOSEN, REPORT)[number % 2], f"{said} {voice}", sound))
    yield from _acted_again(data)


def _acted_again(data: Path) -> Iterator[Piece]:
    """Sentences of RAVDESS said two to four times in one emotion: as loud as normal, and louder."""
    clips = defaultdict[tuple[str, str, str], list[Path]](list)
    for path in sorted((data / "ravdess").resolve().rglob("*.flac")):
        _, _, emotion, _, statement, _, actor = path.stem.split("-")
        clips[actor, statement, emotion].append(path)
    for number, ((actor, statement, emotion), paths) in enumerate(clips.items()):
        if number % 8 == 0:
            half = REPORT if int(actor) > 20 else CHOSEN
            sound = np.concatenate([_loud_part(read(path)) for path in paths])
            yield Piece("acted over and over", half, f"{actor} {statement} {emotion}", sound)


def _loud_part(sound: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() / 15)
    return sound[max(0, loud[0] - RATE_HZ // 10) : loud[-1] + RATE_HZ // 10]


def sounds(data: Path) -> Iterator[Piece]:
    """ESC-10; each clip as it is, and through a telephone, 12 dB lower, at 1.2 times the speed and at 1 / 1.2."""
    for path in sorted((data / "real" / "sounds").glob("*.ogg")):
        kind, fold, _ = path.stem.split("-", 2)
        half, sound = CHOSEN if fold == "2" else REPORT, read(path)
        yield Piece(kind, half, path.stem, sound)
        for number, other in enumerate(
            (telephone(sound), louder(sound, -12), faster(sound, 1.2), faster(sound, 1 / 1.2))
        ):
            yield Piece(f"{kind}, changed", half, f"{path.stem} {number}", other)


def noises(data: Path) -> Iterator[Piece]:
    """Generated noise, ten seconds each."""
    for half, seeds in NOISE_SEEDS.items():
        for kind in KINDS:
            for seed in seeds:
                yield Piece("generated noise", half, f"{kind} {seed}", noise(kind, seed))


def foreign(data: Path) -> Iterator[Piece]:
    """Sentences of other languages, three draws of espeak-ng's voice, pace and level each; a voice may come again."""
    for language, sentences in SENTENCES.items():
        half = REPORT if language in REPORTED else CHOSEN
        for number, text in enumerate(sentences):
            for again in ("", " again", " once more"):
                name = f"{language} {number}{again}"
                random = np.random.default_rng(zlib.crc32(name.encode()))
                voice = language + random.choice(["", "+f2", "+m3", "+f4", "+m1"])
                sound = louder(espeak(text, voice, int(random.integers(130, 180))), random.uniform(-15, 0))
                yield _placed(Piece("other languages", half, name, sound))


def babble(data: Path) -> Iterator[Piece]:
    """Six voices at once: there are words, but nobody could say which."""
    clips = [piece for piece in ravdess(data) if piece.kind == "RAVDESS"]
    for half in (CHOSEN, REPORT):
        own = [piece.samples for piece in clips if piece.half == half][::7]
        for number in range(12):
            voices = [own[(number * 6 + place) % len(own)].astype(np.float64) for place in range(6)]
            length = min(map(len, voices))
            mixed = sum(voice[:length] / np.abs(voice).max() for voice in voices)
            yield Piece("babble", half, str(number), _int16(5000 * mixed))


def cut_off(data: Path) -> Iterator[Piece]:
    """The first or the last 0.4 s of a sentence of RAVDESS: parts of words."""
    for piece in ravdess(data):
        if piece.kind == "RAVDESS" and zlib.crc32(piece.name.encode()) % 6 == 0:
            loud = np.flatnonzero(np.abs(piece.samples) > np.abs(piece.samples).max() / 10)
            part = (
                piece.samples[loud[0] : loud[0] + 6400] if len(loud) % 2 else piece.samples[loud[-1] - 6400 : loud[-1]]
            )
            yield _placed(Piece("cut-off words", piece.half, piece.name, part))


SPOKEN = (ravdess, meetings, reading, answers, repeated)
WORDLESS = (sounds, noises)
OTHERS = (foreign, babble, cut_off)


def telephone(sound: Samples) -> Samples:
    """Return 300 to 3400 Hz of `sound`."""
    return _int16(sosfilt(butter(4, [300, 3400], "bandpass", fs=RATE_HZ, output="sos"), sound.astype(np.float64)))


def louder(sound: Samples, gain_db: float) -> Samples:
    """Return `sound` with `gain_db`."""
    return _int16(sound * 10 ** (gain_db / 20))


def noisy(sound: Samples, snr_db: float) -> Samples:
    """Return `sound` in white noise."""
    level = np.sqrt(np.square(sound.astype(np.float64)).mean()) * 10 ** (-snr_db / 20)
    return _int16(sound + np.random.default_rng(len(sound)).normal(0.0, level, len(sound)))


def faster(sound: Samples, factor: float) -> Samples:
    """Return `sound` as a tape would give it, `factor` times as fast and as high."""
    return _int16(soxr.resample(sound.astype(np.float32), RATE_HZ * factor, RATE_HZ))


def say(text: str, voice: str) -> Samples | None:
    """Return `text` spoken by a voice of `VOICES`; None for hibari's where it is not installed."""
    name, _, change = voice.partition(" ")
    if name != "hibari":
        return espeak(text, voice, 160)
    natural = _hibari()
    if natural is None:
        return None
    sound = _int16(32767 * soxr.resample(natural(f"{text[0].upper()}{text[1:]}."), natural.sample_rate, RATE_HZ))
    return faster(sound, {"": 1.0, "slow": 1 / 1.15, "high": 1.12}[change])


def espeak(text: str, voice: str, words_per_minute: int) -> Samples:
    """Return `text` spoken by espeak-ng."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", path, text], check=True)
        return read(path)


@cache
def _hibari() -> Any:
    try:
        from hibari import Hibari
    except ModuleNotFoundError:
        return None
    return Hibari()


def _placed(piece: Piece, changed: bool = False) -> Piece:
    """Return `piece` with silence around it, digital or faint noise; with `changed`, also sent through something."""
    random, sound = piece.random(), piece.samples
    if changed:
        sound = (sound, telephone(sound), louder(sound, -15), noisy(sound, 25))[random.integers(4)]
    before, after = (int(random.uniform(*span) * RATE_HZ) for span in ((0.4, 1.0), (0.7, 1.2)))
    padded = np.pad(sound.astype(np.float64), (before, after))
    faint = random.normal(0.0, random.uniform(1, 20), len(padded)) if random.random() < 0.5 else 0.0
    return Piece(piece.kind, piece.half, piece.name, _int16(padded + faint), piece.said)


def _int16(sound: Any) -> Samples:
    return np.rint(sound).clip(-32768, 32767).astype(np.int16)
