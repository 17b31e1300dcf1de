"""The waveform-in graph: it computes what torchaudio and torch compute, and its file tells nothing of its maker."""

import json
import re
import sys
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
import soxr
import torch
from torch import Tensor, nn

from export.acoustic.convert import export_acoustic
from export.acoustic.graph import export_graph, with_features
from export.acoustic.parity import Case, ParityError, Waveform, grid, largest_differences
from export.acoustic.waveform import WaveformMfcc
from export.onnx_file import save_graph, session_of
from training.acoustic.baseline import Baseline
from training.features.mfcc import mfcc_transform
from training.params import load_params

FEATURE_TOLERANCE = 1e-3
LOGIT_TOLERANCE = 1e-4


def seeded_network() -> Baseline:
    """An untrained network with the normalisation of plausible speech."""
    torch.manual_seed(0)
    network = Baseline()
    network.set_normalisation(torch.linspace(-40.0, 2.0, 40), torch.linspace(20.0, 3.0, 40))
    return network.eval()


def buzz(samples: int, rate_hz: int = 16_000) -> Waveform:
    """A stand-in for speech that is nobody's: a buzz with a moving pitch and pauses."""
    time_s = np.arange(samples) / rate_hz
    phase = 2 * np.pi * (120 * time_s + 8 * np.sin(2 * np.pi * 1.5 * time_s))
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    return (0.1 * voice * np.clip(np.sin(2 * np.pi * 1.2 * time_s), 0, None)).astype(np.float32)


@pytest.fixture(scope="module")
def params(repository: Path) -> dict:
    return load_params(repository / "params.yaml")


@pytest.fixture(scope="module")
def network() -> Baseline:
    return seeded_network()


@pytest.fixture(scope="module")
def graph(network: Baseline, params: dict) -> onnx.ModelProto:
    torch.set_num_threads(1)
    return export_graph(network, params["features"], params["export"]["opset"])


def test_graph_equals_torch_over_a_grid_of_signals_lengths_and_batches(
    graph: onnx.ModelProto, network: Baseline, params: dict
) -> None:
    cases = grid(buzz(40_000), params["features"]["sample_rate_hz"])
    largest = largest_differences(graph, network, params["features"], cases, FEATURE_TOLERANCE, LOGIT_TOLERANCE)
    assert set(largest) == {"tone", "noise", "silence", "quiet_in_loud", "clip"}


@pytest.mark.ravdess
def test_graph_equals_torch_on_real_speech(
    graph: onnx.ModelProto, network: Baseline, params: dict, ravdess_mirror: Path
) -> None:
    pcm, rate_hz = soundfile.read(min(ravdess_mirror.rglob("03-01-05-02-01-01-21.*")), dtype="float32", always_2d=True)
    clip = soxr.resample(pcm.mean(axis=1), rate_hz, 16_000).astype(np.float32)
    cases = (case for case in grid(clip, 16_000) if case.kind == "clip")
    largest = largest_differences(graph, network, params["features"], cases, FEATURE_TOLERANCE, LOGIT_TOLERANCE)
    assert set(largest) == {"clip"}


def test_a_quiet_second_keeps_its_features_beside_loud_ones_but_for_the_common_level(
    graph: onnx.ModelProto, params: dict
) -> None:
    quiet = 0.3 * buzz(16_000)
    loud = np.random.default_rng(0).uniform(-1, 1, 16_000).astype(np.float32)
    whole = np.concatenate([loud, quiet, loud])
    leveller, mfcc = mfcc_transform(params["features"])
    at_common_level = torch.from_numpy(quiet) * (leveller.level_rms / np.sqrt(np.mean(whole**2)))
    (surrounded,) = session_of(with_features(graph)).run(["mfcc"], {"waveform": whole[None]})
    np.testing.assert_allclose(surrounded[0, :, 102:199], mfcc(at_common_level)[:, 2:99], atol=FEATURE_TOLERANCE)


def test_gain_changes_no_feature(graph: onnx.ModelProto) -> None:
    session, speech = session_of(with_features(graph)), 0.1 * buzz(16_000)
    (expected,) = session.run(["mfcc"], {"waveform": speech[None]})
    for gain in (0.1, 3.0):
        (found,) = session.run(["mfcc"], {"waveform": gain * speech[None]})
        np.testing.assert_allclose(found, expected, atol=FEATURE_TOLERANCE)


def test_graph_is_within_a_tenth_as_near_to_the_exact_features_as_torchaudio_is(params: dict) -> None:
    """Full-scale tones strain single precision: torchaudio itself strays from its own double-precision result."""
    ours, reference = WaveformMfcc(params["features"]), mfcc_transform(params["features"])
    exact = mfcc_transform(params["features"]).double()
    hz = torch.linspace(97.3, 7801.9, 40, dtype=torch.float64)
    tones = torch.sin(2 * torch.pi * hz[:, None] * torch.arange(16_000) / 16_000).float()
    expected = exact(tones.double())
    errors = [(features(tones) - expected).abs().amax(dim=(1, 2)).median() for features in (ours, reference)]
    assert errors[0] <= 1.1 * errors[1]
    assert errors[0] < FEATURE_TOLERANCE


def test_every_number_of_frames_gives_the_logits_of_torch(graph: onnx.ModelProto, network: Baseline) -> None:
    """The pooling rounds up: an odd number of frames is where an exporter goes wrong. Tolerance 1e-4."""
    session = session_of(with_features(graph))
    for samples, batch in product((400, 480, 640, 641, 799, 16_000, 16_159, 16_160), (1, 2, 5)):
        waveform = np.stack([buzz(samples)] * batch)
        logits, mfcc = session.run(None, {"waveform": waveform})
        assert mfcc.shape == (batch, 40, 1 + samples // 160)
        with torch.no_grad():
            expected = network(torch.from_numpy(mfcc)).numpy()
        np.testing.assert_allclose(logits, expected, atol=LOGIT_TOLERANCE)


def test_clip_gets_the_same_logits_alone_and_in_a_batch(graph: onnx.ModelProto) -> None:
    waveforms = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 8_000)).astype(np.float32)
    session = session_of(graph)
    (together,) = session.run(["logits"], {"waveform": waveforms})
    alone = [session.run(["logits"], {"waveform": waveform[None]})[0][0] for waveform in waveforms]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_inputs_and_outputs_are_the_ones_that_serving_expects(graph: onnx.ModelProto) -> None:
    session = session_of(graph)
    (waveform,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (waveform.name, waveform.type, waveform.shape) == ("waveform", "tensor(float)", ["batch", "samples"])
    assert (logits.name, logits.type, logits.shape) == ("logits", "tensor(float)", ["batch", 3])


def test_big_constants_are_computed_and_not_stored(graph: onnx.ModelProto) -> None:
    stored = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.graph.initializer}
    assert max(size for name, size in stored.items() if not name.startswith("network.")) == 40 * 64  # the DCT
    assert len(graph.SerializeToString()) < 170_000


def test_dft_basis_is_the_windowed_fourier_matrix(params: dict) -> None:
    n, k = np.arange(400), np.arange(201)[:, None]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 400)
    expected = np.concatenate([np.cos(2 * np.pi * k * n / 400), np.sin(2 * np.pi * k * n / 400)]) * window
    np.testing.assert_allclose(WaveformMfcc(params["features"]).dft_basis()[:, 0], expected, atol=1e-6)


def test_two_exports_give_the_same_bytes_and_tell_nothing_of_the_machine(
    graph: onnx.ModelProto, network: Baseline, params: dict, repository: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    save_graph(graph, first)
    save_graph(export_graph(network, params["features"], params["export"]["opset"]), second)
    content = first.read_bytes()
    assert content == second.read_bytes()
    for trace in (repository, Path.home(), Path(sys.prefix), Path(torch.__file__).parent, tmp_path):
        assert str(trace).encode() not in content
    assert not re.search(rb"\.py\b|site-packages|[/\\](home|root|usr|tmp|Users)[/\\]|[A-Za-z]:\\", content)
    assert torch.__version__.encode() not in content


class Larger(nn.Module):
    """Another network of the same shape contract: residual, with batch normalisation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(40, 96, 5, padding=2), nn.BatchNorm1d(96), nn.ReLU())
        self.block = nn.Sequential(nn.Conv1d(96, 96, 3, padding=1), nn.BatchNorm1d(96), nn.ReLU())
        self.head = nn.Linear(192, 3)

    def forward(self, mfcc: Tensor) -> Tensor:
        """Return logits (batch, 3) from mean and standard deviation over the frames."""
        hidden = self.stem(mfcc)
        hidden = hidden + self.block(hidden)
        return self.head(torch.cat([hidden.mean(dim=2), hidden.std(dim=2, correction=0)], dim=1))


def test_larger_network_goes_through_the_same_path(params: dict) -> None:
    torch.manual_seed(0)
    network = Larger().eval()
    model = export_graph(network, params["features"], params["export"]["opset"])
    cases = [Case("buzz", np.stack([buzz(samples)] * 2)) for samples in (400, 16_000, 20_001)]
    largest_differences(model, network, params["features"], iter(cases), FEATURE_TOLERANCE, LOGIT_TOLERANCE)


class Deciding(nn.Module):
    """A network that decides by the length of its input, which an export fixes silently at one length."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(40, 3)

    def forward(self, mfcc: Tensor) -> Tensor:
        """Return logits (batch, 3)."""
        return self.head(mfcc.mean(dim=2) if mfcc.shape[2] == 101 else mfcc.amax(dim=2))


def test_network_whose_graph_was_fixed_at_one_length_fails_parity(params: dict) -> None:
    torch.manual_seed(0)
    network = Deciding().eval()
    model = export_graph(network, params["features"], params["export"]["opset"])
    cases = [Case("buzz", buzz(samples)[None]) for samples in (16_000, 8_000)]
    with pytest.raises(ParityError, match="logits of buzz, 8000 samples, batch 1 differ"):
        largest_differences(model, network, params["features"], iter(cases), FEATURE_TOLERANCE, LOGIT_TOLERANCE)


def test_stage_writes_graph_and_largest_differences(network: Baseline, params: dict, tmp_path: Path) -> None:
    graph, metrics = tmp_path / "acoustic.fp32.onnx", tmp_path / "export.json"
    export_acoustic(network, buzz(40_000), params, graph, metrics)
    report = json.loads(metrics.read_text())
    assert report["bytes"] == graph.stat().st_size
    for kind in ("tone", "noise", "silence", "quiet_in_loud", "clip"):
        assert 0 <= report["largest_difference"][kind]["features"] <= FEATURE_TOLERANCE
        assert 0 <= report["largest_difference"][kind]["logits"] <= LOGIT_TOLERANCE


@pytest.mark.parametrize(("key", "what"), [("feature_tolerance", "features"), ("logit_tolerance", "logits")])
def test_stage_names_the_case_that_fails_parity_and_leaves_nothing(
    key: str, what: str, network: Baseline, params: dict, tmp_path: Path
) -> None:
    strict = {**params, "export": {**params["export"], key: 1e-12}}
    graph, metrics = tmp_path / "onnx" / "acoustic.fp32.onnx", tmp_path / "metrics" / "export.json"
    for stale in (graph, metrics):
        stale.parent.mkdir()
        stale.write_text("of an earlier run")
    with pytest.raises(SystemExit, match=rf"{what} of \w+, 400 samples, batch 1 differ from torch by .* 1e-12"):
        export_acoustic(network, buzz(40_000), strict, graph, metrics)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_logits_that_are_not_numbers_fail_parity(graph: onnx.ModelProto, params: dict) -> None:
    broken = seeded_network()
    broken.set_normalisation(torch.full((40,), torch.nan), torch.ones(40))
    case = Case("silence", np.zeros((1, 400), dtype=np.float32))
    with pytest.raises(ParityError, match="logits of silence"):
        largest_differences(graph, broken, params["features"], iter([case]), FEATURE_TOLERANCE, LOGIT_TOLERANCE)


@pytest.mark.fast
def test_window_size_without_a_quarter_period_is_refused(params: dict) -> None:
    with pytest.raises(ValueError, match=r"features\.n_fft is 402"):
        WaveformMfcc({**params["features"], "n_fft": 402})
