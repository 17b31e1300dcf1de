"""The stage `features`: what is kept of a clip, and the table of MFCC frames."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from training.corpora.ravdess.clips import load_features, load_waveform
from training.corpora.ravdess.download import download
from training.corpora.ravdess.names import parse_name
from training.features.extract import extract
from training.features.mfcc import mfcc_transform
from training.features.trim import energy_bounds, speech_bounds
from training.params import load_params
from undertone.audio import RATE_HZ

UNHEARD = "03-01-06-02-02-02-06"
NAMES = ("03-01-01-01-01-01-06", "03-01-05-02-01-01-07", "03-01-08-01-02-02-21", UNHEARD)


@pytest.fixture(scope="module")
def params(repository: Path) -> dict:
    return load_params(repository / "params.yaml")


def write_silent_clip(folder: Path, name: str) -> None:
    path = folder / parse_name(name).folder / f"{name}.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(RATE_HZ, dtype=np.int16), RATE_HZ, subtype="PCM_16")


@pytest.fixture(scope="module")
def table(ravdess_mirror: Path, params: dict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("features")
    (root / "few" / "ravdess").mkdir(parents=True)
    for path in ravdess_mirror.rglob("*.flac"):
        if path.stem in NAMES:
            shutil.copy(path, root / "few" / "ravdess" / path.name)
    download(params, root / "few", root / "ravdess", root / "ravdess.json", root / "cache", set(NAMES))
    extract(params, root / "ravdess", root / "features.arrow", root / "features.json")
    return root


@pytest.mark.fast
def test_energy_keeps_the_loud_part_and_its_padding():
    waveform = np.zeros(5 * RATE_HZ, dtype=np.float32)
    waveform[2 * RATE_HZ : 3 * RATE_HZ] = 0.5
    start, end = energy_bounds(waveform, 35, 4800)
    assert 2 * RATE_HZ - 4800 - 512 < start <= 2 * RATE_HZ - 4800
    assert 3 * RATE_HZ + 4800 <= end < 3 * RATE_HZ + 4800 + 512


@pytest.mark.fast
@pytest.mark.parametrize("samples", [1, 511, 512, 513, 16000])
def test_energy_keeps_a_clip_of_silence_whole(samples):
    assert energy_bounds(np.zeros(samples, dtype=np.float32), 35, 4800) == (0, samples)


@pytest.mark.fast
def test_a_clip_without_speech_is_trimmed_by_energy_and_says_so(params):
    bounds = speech_bounds(np.zeros(RATE_HZ, dtype=np.float32), params["vad"])
    assert (bounds.start, bounds.end, bounds.heard) == (0, RATE_HZ, False)


@pytest.mark.fast
def test_without_clips_the_stage_names_the_one_to_run(params, tmp_path):
    with pytest.raises(SystemExit, match="dvc repro download"):
        extract(params, tmp_path / "ravdess", tmp_path / "features.arrow", tmp_path / "features.json")
    with pytest.raises(SystemExit, match="dvc repro features"):
        load_features(tmp_path / "features.arrow")


def test_no_clip_is_dropped_and_the_same_clips_give_the_same_bytes(params, tmp_path):
    names = ["03-01-05-01-01-01-02", "03-01-01-01-01-01-01"]
    for name in names:
        write_silent_clip(tmp_path / "ravdess", name)
    digests = []
    for run in ("first", "second"):
        extract(params, tmp_path / "ravdess", tmp_path / f"{run}.arrow", tmp_path / f"{run}.json")
        digests.append(hashlib.md5((tmp_path / f"{run}.arrow").read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    summary = json.loads((tmp_path / "first.json").read_text())
    assert summary["unheard_clips"] == summary["unheard_by_silero_alone"] == sorted(names)
    assert summary["heard"]["angry"] == {"normal": {"clips": 1, "gate": 0, "silero_alone": 0}}
    assert summary["clips_per_label"] == {"negative": 1, "neutral": 1, "positive": 0}
    assert [clip.name for clip in load_features(tmp_path / "first.arrow")] == sorted(names)


@pytest.mark.ravdess
def test_rows_say_what_the_names_say(table):
    clips = {clip.name: clip for clip in load_features(table / "features.arrow")}
    assert sorted(clips) == sorted(NAMES)
    clip = clips["03-01-05-02-01-01-07"]
    assert (clip.actor, clip.sex, clip.emotion, clip.intensity) == (7, "male", "angry", "strong")
    assert (clip.statement, clip.repetition, clip.label, clip.label_index) == (1, 1, "negative", 0)
    assert clips["03-01-08-01-02-02-21"].label == "positive"


@pytest.mark.ravdess
def test_frames_are_the_mfcc_of_the_trimmed_waveform(table, params):
    transform = mfcc_transform(params["features"])
    for clip in load_features(table / "features.arrow"):
        waveform = load_waveform(clip, table / "ravdess")
        assert len(waveform) == clip.end_sample - clip.start_sample
        assert np.abs(waveform).max() <= 1
        assert clip.mfcc.shape == (1 + len(waveform) // 160, 40)
        expected = transform(torch.from_numpy(waveform)).T.numpy()
        np.testing.assert_allclose(clip.mfcc, expected, atol=1e-4)


@pytest.mark.ravdess
def test_silence_around_the_speech_is_cut_also_where_the_gate_hears_nothing(table):
    clips = load_features(table / "features.arrow")
    assert [clip.name for clip in clips if not clip.heard] == [UNHEARD]
    summary = json.loads((table / "features.json").read_text())
    assert summary["unheard_clips"] == [UNHEARD]
    assert summary["heard"]["angry"] == {"strong": {"clips": 1, "gate": 1, "silero_alone": 1}}
    for clip in clips:
        assert clip.start_sample > 0.2 * RATE_HZ
        assert 0.5 * RATE_HZ < clip.end_sample - clip.start_sample < 4 * RATE_HZ
