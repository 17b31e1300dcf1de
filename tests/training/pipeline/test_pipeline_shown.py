"""What people see of the pipeline: its drawing, its numbers, how long it takes, what a sweep found."""

import json
import subprocess
import sys

import pytest

from training.pipeline.dag import drawing
from training.pipeline.numbers import main, table
from training.pipeline.repro import Clock, plan
from training.pipeline.stages import asked_for, read_stages, with_followers
from training.pipeline.sweep import compared, names

ENDS = ["export_text", "quantize_text"]


def test_the_drawing_fits_a_terminal_and_a_stage_stands_below_what_it_needs(repository):
    lines = list(drawing(read_stages(repository / "dvc.yaml")))
    assert max(map(len, lines)) <= 100
    order = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert order.index("download") < order.index("features") < order.index("train") < order.index("release")
    assert "features          <- download" in lines, "what is needed by way of another stage is not drawn again"


def test_what_follows_a_stage_is_old_with_it(repository):
    stages = read_stages(repository / "dvc.yaml")
    due = with_followers(stages, ["calibrate_voice"])
    assert {"export_acoustic", "train_ear", "tune_fusion", "release"} <= set(due)
    assert not {"train", "crossval", "train_text"} & set(due)


def test_only_what_is_asked_for_and_what_it_needs_is_announced(repository):
    stages = read_stages(repository / "dvc.yaml")
    assert list(asked_for(stages, ["quantize_text"])) == ["text_data", "teach_text", "train_text", *ENDS]
    assert list(asked_for(stages, ["-s", "quantize_text"])) == ["quantize_text"]
    assert asked_for(stages, ["--force"]) == stages


def test_the_numbers_stand_one_below_the_other_beside_those_of_before():
    now = {"uar": 0.81234567, "deep": {"er": {"x": 1}}, "protocol": "by actor", "ece": 0.05}
    lines = list(table(now, {**now, "uar": 0.8, "deep": {"er": {"x": 2}}}, whole=False))
    assert [line.split() for line in lines] == [
        ["uar", "0.8123", "was", "0.8"],
        ["deep.er.x", "1", "was", "2"],
        ["ece", "0.05"],
    ]
    assert len(list(table(now, now, whole=True))) == 4


def test_every_metrics_file_can_be_shown_and_a_wrong_name_says_which_there_are(repository, monkeypatch, capsys):
    monkeypatch.chdir(repository)
    main([])
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) < 120
    assert "metrics/acoustic.json" in told
    with pytest.raises(SystemExit, match=r"there are acoustic, across, corpora"):
        main(["nothing"])


def test_before_the_first_stage_it_is_said_what_it_will_take(repository):
    stages = read_stages(repository / "dvc.yaml")
    said = list(plan(stages, ["quantize_text"], {"quantize_text": 61.0, "tune_fusion": 3600.0}))
    assert said[0].startswith("4 of ")
    assert any(line.split() == ["quantize_text", "1:01", "last", "time"] for line in said)
    assert any("release" in line and "never timed on this machine" in line for line in said)
    assert said[-1] == "at most 1:01:01, without 2 that were never timed"
    assert list(plan(stages, [], {})) == ["nothing is out of date"]


def test_after_each_stage_it_is_said_how_long_it_took_against_last_time(tmp_path):
    first = Clock(tmp_path / "times.json")
    assert first.line("Running stage 'train':", 0.0) is None
    assert first.line("> python -m training.acoustic.train", 1.0) is None
    assert first.line("Running stage 'evaluate':", 90.0) == "train took 1:30"
    assert first.end(95.0) == "evaluate took 0:05"
    assert first.line("Stage 'release' didn't change, skipping", 96.0) is None
    assert first.end(99.0) is None, "a stage that is skipped is not timed"
    second = Clock(tmp_path / "times.json")
    second.line("Running stage 'train':", 0.0)
    assert second.end(60.0) == "train took 1:00, 1:30 last time"
    assert json.loads((tmp_path / "times.json").read_text()) == {"train": 60.0, "evaluate": 5.0}


def test_a_record_of_times_that_was_cut_off_is_begun_anew(tmp_path):
    (tmp_path / "times.json").write_text('{"train": 6')
    clock = Clock(tmp_path / "times.json")
    clock.line("Running stage 'train':", 0.0)
    assert clock.end(60.0) == "train took 1:00"


SHOWN = """Experiment,rev,typ,metrics/train.json:validation.uar,validation.nll.after,train.resnet.dropout,models/a.pt
,workspace,baseline,0.80,0.5,0.3,x
bulky-tit,abc,branch_commit,0.81,0.45,0.2,x
wider-net,def,branch_commit,0.84,0.41,0.4,y
"""


def test_the_best_experiment_of_a_sweep_stands_first_with_what_varied():
    lines = [line.split() for line in compared(SHOWN)]
    assert lines[0][:3] == ["experiment", "train.resnet.dropout", "validation.uar"]
    assert lines[1][:3] == ["wider-net", "0.4", "0.8400"]
    assert names(SHOWN) == ["bulky-tit", "wider-net"]
    assert "no experiment" in next(compared("Experiment,rev\n"))


def test_the_commands_of_make_run(repository):
    for module in ("dag", "numbers"):
        command = [sys.executable, "-m", f"training.pipeline.{module}"]
        assert subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout


def test_six_noise_curves_have_six_colours(repository, tmp_path):
    command = [sys.executable, "-m", "dvc", "plots", "show", "noise", "--json", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    drawn = json.loads(done.stdout)["data"]["noise"][0]
    content = json.loads(drawn["content"]) if isinstance(drawn["content"], str) else drawn["content"]
    assert content["encoding"]["color"]["field"] == "field"
    assert len({point["field"] for point in content["data"]["values"]}) == 6
