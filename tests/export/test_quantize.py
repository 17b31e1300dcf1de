"""The int8 graph: the network is quantized, the features are not, the verdicts stay; all of it reproducible."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile
import torch

import export.acoustic.quantize as stage
from export.acoustic.graph import export_graph, feature_nodes, network_nodes
from export.acoustic.int8 import QuantizationError, check_structure, count_quantized, quantize_network
from export.acoustic.sensitivity import agreement, agreement_without, all_logits
from export.onnx_file import save_graph, session_of
from training.acoustic.baseline import Baseline
from training.corpora.ravdess.clips import Clip
from training.corpora.ravdess.names import parse_name
from training.features.mfcc import mfcc_transform
from training.files import FLOAT_GRAPH, INT8_GRAPH, QUANTIZE_METRICS, TRAIN_METRICS, existing, read_metrics
from training.params import load_params
from undertone.labels import LABELS

CODES = {"negative": "05", "neutral": "02", "positive": "03"}


def babble(label: str, seed: int) -> np.ndarray:
    """Noise in three colours, one per label: something that a network can tell apart without any speech."""
    random = np.random.default_rng(seed)
    width = {"negative": 1, "neutral": 4, "positive": 12}[label]
    noise = np.convolve(random.standard_normal(random.integers(12_000, 30_000)), np.ones(width) / width, "same")
    return (0.2 * np.clip(noise, -4, 4)).astype(np.float32)


def described(name: str, label: str, samples: int) -> Clip:
    """A row of the feature table for an untrimmed clip; the stage reads no features."""
    said = parse_name(name)
    return Clip(
        name=name,
        actor=said.actor,
        sex=said.sex,
        emotion=said.emotion,
        intensity=said.intensity,
        statement=said.statement,
        repetition=said.repetition,
        label=label,
        heard=True,
        start_sample=0,
        end_sample=samples,
        mfcc=np.zeros((0, 40), dtype=np.float32),
    )


def make_clips(folder: Path) -> list[Clip]:
    """Write two clips of each label for 24 actors in the layout of RAVDESS, and return them."""
    clips = []
    for actor in range(1, 25):
        for label in LABELS:
            for repetition in (1, 2):
                name = f"03-01-{CODES[label]}-01-01-{repetition:02d}-{actor:02d}"
                waveform = babble(label, seed=100 * actor + 10 * repetition + LABELS.index(label))
                path = folder / f"Actor_{actor:02d}" / f"{name}.flac"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, waveform, 16_000, subtype="PCM_16")
                clips.append(described(name, label, len(waveform)))
    return sorted(clips, key=lambda clip: clip.name)


@pytest.fixture(scope="module")
def params(repository: Path) -> dict:
    return load_params(repository / "params.yaml")


@pytest.fixture(scope="module")
def network(params: dict) -> Baseline:
    """The baseline, fitted for a moment to tell the three colours of noise apart."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transform, model = mfcc_transform(params["features"]), Baseline()
    noises = [babble(label, seed)[:12_000] for seed in range(8) for label in LABELS]
    mfcc = transform(torch.from_numpy(np.stack(noises)))
    model.set_normalisation(mfcc.mean(dim=(0, 2)), mfcc.std(dim=(0, 2)))
    optimizer, targets = torch.optim.Adam(model.parameters(), lr=1e-3), torch.arange(3).repeat(8)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(mfcc), targets).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="module")
def graph(network: Baseline, params: dict) -> onnx.ModelProto:
    return export_graph(network, params["features"], params["export"]["opset"])


@pytest.fixture(scope="module")
def waveforms() -> list[np.ndarray]:
    return [babble(label, seed) for seed in range(50, 60) for label in LABELS]


@pytest.fixture(scope="module")
def quantized(graph: onnx.ModelProto, waveforms: list[np.ndarray]) -> onnx.ModelProto:
    return quantize_network(graph, waveforms)


def test_all_convolutions_and_the_head_of_the_network_are_int8(quantized: onnx.ModelProto) -> None:
    assert count_quantized(quantized) == {"Conv": 2, "Gemm": 1}
    assert len(network_nodes(quantized, ["Conv", "Gemm", "MatMul"])) == 3
    kinds = {tensor.name: tensor.data_type for tensor in quantized.graph.initializer}
    weights = [name for name in kinds if name.endswith(".weight_quantized")]
    assert len(weights) == 3
    assert {kinds[name] for name in weights} == {onnx.TensorProto.INT8}


def test_weights_have_one_scale_per_channel(quantized: onnx.ModelProto) -> None:
    scales = {t.name: list(t.dims) for t in quantized.graph.initializer if t.name.endswith(".weight_scale")}
    assert sorted(scales.values()) == [[3], [64], [128]]


def test_features_stay_in_float(quantized: onnx.ModelProto) -> None:
    nodes = feature_nodes(quantized, ["Conv", "MatMul", "QuantizeLinear", "DequantizeLinear"])
    assert [node.op_type for node in nodes] == ["Conv", "MatMul", "MatMul"]


def test_runtime_fuses_every_quantized_node_into_an_integer_kernel(quantized: onnx.ModelProto, tmp_path: Path) -> None:
    save_graph(quantized, tmp_path / "int8.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    onnxruntime.InferenceSession(tmp_path / "int8.onnx", options, providers=["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "fused.onnx").graph.node]
    assert kinds.count("QLinearConv") == 2
    assert kinds.count("QGemm") == 1
    assert kinds.count("Conv") == 1  # the DFT


def test_int8_names_the_labels_that_float_names(
    graph: onnx.ModelProto, quantized: onnx.ModelProto, waveforms: list[np.ndarray]
) -> None:
    expected = all_logits(graph, waveforms)
    assert (expected.argmax(axis=1) == np.tile([0, 1, 2], 10)).mean() > 0.9  # the network has something to lose
    assert agreement(expected, all_logits(quantized, waveforms)) >= 0.98


def test_int8_file_is_small_and_the_same_every_time(
    graph: onnx.ModelProto, quantized: onnx.ModelProto, waveforms: list[np.ndarray], tmp_path: Path
) -> None:
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    save_graph(quantized, first)
    save_graph(quantize_network(graph, waveforms), second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < 100_000


def test_quantizing_leaves_the_float_graph_as_it_was(graph: onnx.ModelProto, waveforms: list[np.ndarray]) -> None:
    before = graph.SerializeToString(deterministic=True)
    quantize_network(graph, waveforms[:1])
    assert graph.SerializeToString(deterministic=True) == before


def test_graph_with_a_node_left_in_float_is_refused_by_name(graph: onnx.ModelProto) -> None:
    names = [node.name for node in network_nodes(graph, ["Conv", "Gemm"])]
    with pytest.raises(QuantizationError, match=rf"3 weighted nodes .*{names[0]}.* stayed in float"):
        check_structure(graph)


def test_graph_that_does_not_say_where_features_end_is_refused() -> None:
    graph = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["" : 18]> g (float[n] x) => (float[n] y) {y = Abs(x)}'
    )
    with pytest.raises(ValueError, match="no tensor 'mfcc'"):
        check_structure(graph)


def test_cost_of_each_layer_can_be_told(graph: onnx.ModelProto, waveforms: list[np.ndarray]) -> None:
    costs = agreement_without(graph, waveforms[:3], waveforms[:6])
    assert set(costs) == {"network.conv1", "network.conv2", "network.head"}


@pytest.fixture
def workplace(tmp_path: Path, graph: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> list[Clip]:
    """A folder with the float graph and clips, in which the stage runs; returns the clips."""
    monkeypatch.chdir(tmp_path)
    save_graph(graph, FLOAT_GRAPH)
    return make_clips(Path("ravdess"))


def test_stage_writes_the_graph_and_what_it_costs(workplace: list[Clip], graph: onnx.ModelProto, params: dict) -> None:
    few = {**params, "quantize": {**params["quantize"], "calibration_clips": 20}}
    stage.quantize(few, graph, workplace, temperature=1.5)
    report = json.loads(QUANTIZE_METRICS.read_text())
    assert report["agreement"] >= params["quantize"]["min_agreement"]
    assert report["quantized_nodes"] == {"Conv": 2, "Gemm": 1}
    assert report["bytes"] == {"fp32": FLOAT_GRAPH.stat().st_size, "int8": INT8_GRAPH.stat().st_size}
    assert report["temperature"] == 1.5
    assert report["protocol"].startswith("24 trimmed clips of actors 21, 22, 23, 24")
    assert set(report["fp32"]) == set(report["int8"]) == {"uar", "nll", "ece"}
    assert session_of(INT8_GRAPH).get_outputs()[0].shape == ["batch", 3]


def test_stage_names_the_layer_that_costs_most_and_leaves_nothing(
    workplace: list[Clip], graph: onnx.ModelProto, params: dict
) -> None:
    impossible = {**params, "quantize": {"calibration_clips": 5, "seed": 0, "min_agreement": 1.01}}
    INT8_GRAPH.write_bytes(b"of an earlier run")
    with pytest.raises(SystemExit, match=r"quantize.min_agreement is 101.00%; the layer that costs most is network\."):
        stage.quantize(impossible, graph, workplace, temperature=1.0)
    assert not INT8_GRAPH.exists()
    assert not QUANTIZE_METRICS.exists()


def test_calibration_draws_seeded_clips_of_development_actors_only(tmp_path: Path) -> None:
    clips = make_clips(tmp_path)
    drawn = stage.calibration_clips(clips, range(1, 21), 30, seed=0)
    assert drawn == stage.calibration_clips(clips, range(1, 21), 30, seed=0)
    assert drawn != stage.calibration_clips(clips, range(1, 21), 30, seed=1)
    assert len({clip.name for clip in drawn}) == 30
    assert max(clip.actor for clip in drawn) <= 20
    with pytest.raises(SystemExit, match=r"calibration_clips is 121; the development actors have 120 clips"):
        stage.calibration_clips(clips, range(1, 21), 121, seed=0)


@pytest.mark.fast
def test_missing_float_graph_or_temperature_names_the_stage_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"acoustic.fp32.onnx not found: it is made by `dvc repro export_acoustic`"):
        existing(FLOAT_GRAPH)
    with pytest.raises(SystemExit, match=r"train.json not found: it is made by `dvc repro train`"):
        read_metrics(TRAIN_METRICS)
