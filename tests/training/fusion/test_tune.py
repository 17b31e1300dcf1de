"""Tuning the fusion: what is chosen on known cases, its scores and intervals, and the stage on the int8 graphs."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.files import FUSION_CURVE, FUSION_METRICS, FUSION_PAIRS, TEXT_QUANTIZE_METRICS, VOICE_METRICS
from training.fusion.answers import Graphs, load_networks
from training.fusion.choice import FloorError, abstention_floor, best_adaptive, best_fixed, chosen, loss, tempered
from training.fusion.kinds import pair_rows
from training.fusion.pairs import KINDS, Pair
from training.fusion.report import curve, degenerate, report, tuned
from training.fusion.scores import (
    Half,
    agreement,
    better_alone,
    gain,
    kept,
    log_loss,
    pooled,
    reliability,
    uars,
)
from training.fusion.tune import curve_by_percent, tune
from training.metrics_files import write_metrics, write_rows
from training.params import load_params
from training.tracking import log_training, open_store
from undertone.fusion import agree, fused_many
from undertone.labels import LABELS
from undertone.manifest import ACOUSTIC_FILE, EAR_FILE, TEXT_FILE, TOKENIZER_FILE
from undertone.probabilities import softmax
from undertone.scoring.intervals import interval, resamples
from undertone.scoring.scores import expected_calibration_error, uar
from undertone.weighting import FusionSettings, fusion_settings

SECTION = {
    "alpha_step": 0.1,
    "sharpness": [0, 1],
    "polarity": [0, 1],
    "contradiction": [0, 2],
    "kept_accuracy": 0.9,
    "bootstrap_samples": 200,
    "seed": 0,
    "compared": {"seed": {"alpha": 0.7}},
}


def half(text: float | np.ndarray = 1.5, audio: float | np.ndarray = 1.5, sentences: int = 200, seed: int = 0) -> Half:
    """Sentences said by four speakers; the numbers say how much each network knows (0: nothing), honestly."""
    random = np.random.default_rng(seed)
    actual = np.repeat(np.arange(sentences) % 3, 4)
    answers = [_honest(actual, strength, random) for strength in (text, audio)]
    return Half(*answers, actual, np.repeat(np.arange(sentences), 4), np.tile(np.arange(4), sentences))


def _honest(actual, strength, random):
    """Return the posterior of an observation of `actual` in noise: calibrated by construction."""
    strength = np.broadcast_to(np.asarray(strength, dtype=float), actual.shape)[:, None]
    seen = strength * np.eye(3)[actual] + random.normal(size=(len(actual), 3))
    return softmax(strength * seen)


def one(**known) -> dict[str, Half]:
    """Pairs of a single kind."""
    return {"recordings": half(**known)}


def life(seed: int = 0, sentences: int = 100) -> dict[str, Half]:
    """The kinds of life: words that are always neutral, a voice that says nothing, both that know, both halves true."""
    silent = half(text=0.0, audio=2.0, sentences=sentences, seed=seed)
    neutral = replace(silent, text=np.tile([0.06, 0.88, 0.06], (len(silent.actual), 1)))
    return {
        "words_say_nothing": neutral,
        "voice_says_nothing": half(text=2.0, audio=0.0, sentences=sentences, seed=seed + 10),
        "both_say_it": half(sentences=sentences, seed=seed + 20),
        "they_contradict": contradicting(seed + 30, sentences),
    }


def contradicting(seed: int, sentences: int) -> Half:
    """Words of one pole with a voice of the other; every pair twice, once with each label."""
    known = half(text=2.5, audio=2.5, sentences=sentences, seed=seed)
    poles = np.flatnonzero(known.actual != 1)
    flipped = known.audio[:, ::-1][poles]
    words, actual = known.text[poles], known.actual[poles]
    both = np.concatenate([actual, 2 - actual])
    places = [np.tile(of[poles], 2) for of in (known.sentence, known.speaker)]
    return Half(np.tile(words, (2, 1)), np.tile(flipped, (2, 1)), both, *places)


def sometimes(seed: int, sentences: int = 200) -> np.ndarray:
    """A network that knows much of half of the utterances and nothing of the others."""
    return 3.0 * (np.random.default_rng(seed).random(4 * sentences) < 0.5)


@pytest.mark.fast
def test_words_that_say_nothing_are_left_out() -> None:
    assert best_fixed(one(text=0.0), 0.1).alpha == pytest.approx(0.0, abs=0.11)


@pytest.mark.fast
def test_sentences_that_are_always_neutral_get_no_weight() -> None:
    known = half(audio=2.0)
    neutral = replace(known, text=np.tile([0.08, 0.84, 0.08], (len(known.actual), 1)))
    found = degenerate(neutral, 0.1)
    assert found["alpha"] == 0.0
    assert found["log_loss"] < found["log_loss_at_half"]
    assert found["text_uar"] == pytest.approx(1 / 3)


@pytest.mark.fast
def test_the_better_informed_gets_the_larger_weight() -> None:
    wordy, vocal = one(text=2.5, audio=1.0), one(text=1.0, audio=2.5)
    assert best_fixed(wordy, 0.1).alpha > 0.55 > 0.45 > best_fixed(vocal, 0.1).alpha


@pytest.mark.fast
def test_adaptive_weights_win_where_either_is_at_times_ignorant() -> None:
    known = one(text=sometimes(1), audio=sometimes(2))
    fixed, adaptive = best_fixed(known, 0.1), best_adaptive(known, 0.1, [0.5, 1, 2], [0], [0])
    released = chosen(known, fixed, adaptive)
    assert released.adaptive
    assert loss(known, released) < loss(known, fixed)
    assert (released.alpha, released.sharpness) == (fixed.alpha, adaptive.sharpness)


def test_where_neutral_words_hide_a_feeling_voice_the_weight_follows_what_the_words_say() -> None:
    known, unseen = life(), life(seed=100)
    entropies = best_adaptive(known, 0.1, [0, 0.5, 1], [0], [0])
    followed = best_adaptive(known, 0.1, [0, 0.5, 1], [0, 0.5, 1], [0])
    assert followed.polarity > 0
    assert loss(unseen, followed) < loss(unseen, entropies)
    hidden = unseen["words_say_nothing"]
    alone, fused = hidden.audio, fused_many(hidden.text, hidden.audio, followed)
    right = [float((p.argmax(axis=1) == hidden.actual).mean()) for p in (alone, fused)]
    assert right[1] > right[0] - 0.03


@pytest.mark.fast
def test_every_kind_counts_alike_however_many_pairs_it_has() -> None:
    known = {"many": half(text=0.0, sentences=300), "few": half(text=0.0, sentences=30, seed=1)}
    whole = pooled(known)
    assert len(whole.actual) == 2 * len(known["many"].actual)
    settings = FusionSettings()
    assert loss(known, settings) == pytest.approx(
        np.mean([log_loss(h.actual, fused_many(h.text, h.audio, settings)) for h in known.values()])
    )


@pytest.mark.fast
def test_the_temperature_makes_the_sum_of_two_honest_vectors_honest_again() -> None:
    known, unseen = one(), half(seed=1, sentences=2000)
    plain, fitted = FusionSettings(), tempered(known, FusionSettings())
    errors = [
        expected_calibration_error(unseen.actual, fused_many(unseen.text, unseen.audio, settings))
        for settings in (plain, fitted)
    ]
    assert fitted.temperature < 1.0
    assert errors[1] < 0.05 < errors[0]


@pytest.mark.fast
def test_the_floor_is_the_smallest_that_keeps_what_is_right_often_enough() -> None:
    known, settings = half(), tempered(one(), FusionSettings())
    fused = fused_many(known.text, known.audio, settings)
    floor, agreed = abstention_floor(one(), settings, 0.95), agreement(known)
    accuracy = [
        kept(known, fused, agreed & (fused.max(axis=1) >= limit))["accuracy_of_kept"] for limit in (floor, floor - 0.01)
    ]
    assert accuracy[0] >= 0.95 > accuracy[1]
    assert abstention_floor(one(), settings, 0.5) == 0.01


@pytest.mark.fast
def test_a_floor_that_cannot_be_had_is_an_error_that_names_the_parameter() -> None:
    with pytest.raises(FloorError, match=r"fusion\.kept_accuracy"):
        abstention_floor(one(text=0.0, audio=0.0), FusionSettings(), 0.99)


@pytest.mark.fast
def test_intervals_are_drawn_over_sentences_and_speakers() -> None:
    known = half(sentences=100)
    drawn = resamples(known.clusters, 400, seed=0)
    assert drawn.shape == (400, 400)
    assert drawn.sum() / drawn.size == pytest.approx(1.0, abs=0.05)
    by_pair = drawn.reshape(400, 100, 4)
    assert all(np.linalg.matrix_rank(sample) <= 1 for sample in by_pair)  # times of a sentence by times of a speaker
    one_voice = replace(known, audio=np.where(known.speaker[:, None] == 0, known.audio, np.eye(3)[known.actual]))
    wide, narrow = (
        interval(uars(one_voice, one_voice.audio, resamples(replace(one_voice, speaker=speaker).clusters, 400, seed=0)))
        for speaker in (known.speaker, np.zeros_like(known.speaker))
    )
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


@pytest.mark.fast
def test_a_label_that_a_sample_does_not_hold_is_not_counted_as_missed() -> None:
    known = half(text=9.0)
    some = resamples(known.clusters, 20, seed=0) * (known.actual != 1)
    assert uars(known, known.text, some).tolist() == [1.0] * 20


@pytest.mark.fast
def test_the_gain_is_over_one_alone_and_drawn_together() -> None:
    known = half(text=1.0, audio=2.0)
    assert better_alone(known) == "audio"
    found = gain(known, known.audio, resamples(known.clusters, 100, seed=0), "audio")
    assert found == {"over": "audio", "gain": 0.0, "gain_interval": {"low": 0.0, "high": 0.0}}


def test_the_report_tells_each_kind_of_the_test_half_by_itself() -> None:
    halves = {"tuning": life(), "test": life(seed=100)}
    released, rules = tuned(halves["tuning"], SECTION)
    found = report(halves, released, rules, SECTION)
    assert fusion_settings(found["settings"]) == released
    assert list(found["kinds"]) == list(halves["test"])
    against = {name: kind.get("over") for name, kind in found["kinds"].items()}
    assert against["words_say_nothing"] == "audio"
    assert against["voice_says_nothing"] == "text"
    assert against["they_contradict"] is None
    for name, kind in found["kinds"].items():
        for scores in kind["test"].values():
            assert scores["uar_interval"]["low"] <= scores["uar"] <= scores["uar_interval"]["high"]
        if kind.get("over"):
            alone = kind["test"][kind["over"]]["uar"]
            assert kind["gain"] == pytest.approx(kind["test"]["fused"]["uar"] - alone)
            assert {"fixed", "adaptive", "seed"} <= set(kind["gain_of_other_rules"])
        assert found["pairs"]["test"][name]["pairs"] == len(halves["test"][name].actual)
    assert found["kinds"]["they_contradict"]["disagreement"] > 0.8
    assert found["kinds"]["they_contradict"]["test"]["fused"]["accuracy"] == pytest.approx(0.5, abs=0.02)


def test_nothing_is_chosen_on_the_test_half() -> None:
    tuning = one()
    outcomes = [
        report({"tuning": tuning, "test": one(seed=seed)}, *tuned(tuning, SECTION), SECTION)["settings"]
        for seed in (1, 2)
    ]
    assert outcomes[0] == outcomes[1]


@pytest.mark.fast
def test_the_curve_begins_with_the_voice_alone_and_ends_with_the_words_alone() -> None:
    test = half(seed=1)
    rows = list(curve({"tuning": one(), "test": {"recordings": test}}, FusionSettings(adaptive=True), SECTION))
    assert [row["alpha"] for row in rows] == pytest.approx(np.arange(11) / 10)
    for end, alone in ((rows[0], test.audio), (rows[-1], test.text)):
        for rule in ("fixed", "adaptive"):
            assert end[f"{rule}_recordings_uar"] == uar(test.actual, alone.argmax(axis=1))
            assert end[f"{rule}_log_loss"] == pytest.approx(log_loss(test.actual, alone))


def test_the_test_half_is_written_pair_by_pair_and_the_run_is_logged(tmp_path: Path) -> None:
    halves = {"tuning": one(), "test": one(seed=1, sentences=9)}
    pairs = [Pair("test", f"s{i // 4}", f"{21 + i % 4}", LABELS[i // 4 % 3], "heard", tmp_path) for i in range(36)]
    released, rules = tuned(halves["tuning"], SECTION)
    write_metrics(tmp_path / FUSION_METRICS, report(halves, released, rules, SECTION))
    write_rows(tmp_path / FUSION_CURVE, curve(halves, rules["adaptive"], SECTION))
    write_rows(tmp_path / FUSION_PAIRS, pair_rows(pairs, halves["test"]["recordings"], released))
    with (tmp_path / FUSION_PAIRS).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["sentence"], row["speaker"]) for row in rows[:2]] == [("s0", "21"), ("s0", "22")]
    for row in rows:
        vector = [float(row[f"fused_{label}"]) for label in LABELS]
        assert row["predicted"] == LABELS[int(np.argmax(vector))]
        words, voice = ([float(row[f"{judge}_{label}"]) for label in LABELS] for judge in ("text", "audio"))
        assert int(row["abstains"]) == (max(vector) < released.abstain_below or not agree(words, voice))
    curves = curve_by_percent(tmp_path / FUSION_CURVE, tmp_path)
    run = log_training(
        {"fusion": SECTION},
        {"fusion": tmp_path / FUSION_METRICS},
        curves,
        tmp_path / FUSION_PAIRS,
        tmp_path / "mlflow",
        "fusion",
    )
    logged = open_store(tmp_path / "mlflow")
    history = logged.get_metric_history(run, "fixed_recordings_uar")
    assert [point.step for point in history] == list(range(0, 101, 10))
    assert logged.get_run(run).data.metrics["fusion.ece"] == pytest.approx(
        json.loads((tmp_path / FUSION_METRICS).read_text())["ece"]
    )


@pytest.mark.fast
def test_reliability_has_a_bin_for_every_confidence_that_occurs() -> None:
    known = half()
    rows = reliability(known, known.text)
    assert sum(row["pairs"] for row in rows) == len(known.actual)
    assert all(abs(row["confidence"] - row["accuracy"]) < 0.15 for row in rows if row["pairs"] > 50)


@pytest.mark.fast
def test_a_missing_graph_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = load_params()
    monkeypatch.chdir(tmp_path)
    for path, content in ((VOICE_METRICS, '{"temperature": 1.0}'), (TEXT_QUANTIZE_METRICS, '{"temperature": 1.0}')):
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"validation\.int8\.onnx not found: .*dvc repro validation_graph"):
        load_networks(params, Graphs(), own=True)


@pytest.fixture
def promoted(promoted_release: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Graphs:
    """The promoted graphs: the voice knows the tuning actors, so that what comes out is no result, only a run."""
    needed = {"features": "features/ravdess.arrow", "spoken": "spoken", "download": "ravdess"}
    for stage, path in {**needed, "encoder_features": "features/encodings.arrow"}.items():
        if not (repository / path).exists():
            pytest.skip(f"{path} is not there: `dvc repro {stage}` makes it")
    monkeypatch.chdir(repository)
    voice, ear = promoted_release / ACOUSTIC_FILE, promoted_release / EAR_FILE
    return Graphs(voice, voice, ear, ear, promoted_release / TEXT_FILE, promoted_release / TOKENIZER_FILE)


@pytest.mark.ravdess
def test_the_stage_writes_the_same_bytes_for_the_same_inputs(promoted: Graphs, tmp_path: Path) -> None:
    params = load_params()
    params["fusion"] |= {
        "bootstrap_samples": 50,
        "alpha_step": 0.25,
        "sharpness": [0.5],
        "polarity": [0, 1],
        "contradiction": [0, 2],
    }
    written = []
    for name in ("first", "second"):
        tune(params, promoted, tmp_path / name)
        written.append([(tmp_path / name / path).read_bytes() for path in (FUSION_METRICS, FUSION_CURVE, FUSION_PAIRS)])
    assert written[0] == written[1]
    found = json.loads(written[0][0])
    assert found["synthetic"]
    assert list(found["kinds"]) == list(KINDS)
    assert found["pairs"]["test"]["both_say_it"]["speakers"] == 4
    with (tmp_path / "first" / FUSION_PAIRS).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "both_say_it"]
    assert {row["speaker"] for row in rows} == {"21", "22", "23", "24"}


@pytest.mark.ravdess
def test_the_stage_takes_a_set_of_recordings(promoted: Graphs, samples: Path, tmp_path: Path) -> None:
    spoken = (("01_glad", "positive"), ("02_upset", "negative"), ("03_plain", "neutral"))
    rows = [
        f"{samples / name}.flac,what {name} says in the {split} half,{label},Ann,{split}"
        for split in ("tuning", "test")
        for name, label in spoken
    ]
    (tmp_path / "mine.csv").write_text("\n".join(["audio,text,label,speaker,split", *rows]) + "\n", encoding="utf-8")
    params = load_params()
    params["fusion"] |= {"labeled_set": str(tmp_path / "mine.csv"), "kept_accuracy": 0.0, "bootstrap_samples": 20}
    params["fusion"]["least_pairs"] = 1
    tune(params, promoted, tmp_path)
    found = json.loads((tmp_path / FUSION_METRICS).read_text())
    assert not found["synthetic"]
    assert found["protocol"].startswith("recordings of mine.csv")
    assert found["pairs"]["test"]["recordings"] == {
        "pairs": 3,
        "sentences": 3,
        "speakers": 1,
        "pairs_per_label": {"negative": 1, "neutral": 1, "positive": 1},
    }
