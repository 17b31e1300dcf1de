"""Sets of recordings listed in a CSV file: what is read, and what is refused with file and line."""

from pathlib import Path

import pytest
import soundfile

from training.corpora.labeled.labeled_set import LabeledSetError, load_recordings, load_sentences
from training.corpora.labeled.recordings import Transcriber, read_recording, read_speech
from undertone.audio_file import read
from undertone.words.engines import hub
from undertone.words.engines.recogniser import AsrSettings, load_recogniser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, [0.0] * 16_000, 16_000)
    return tmp_path


def listed(folder: Path, content: str) -> Path:
    path = folder / "set.csv"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.fast
def test_three_columns_are_enough(folder: Path) -> None:
    first, second = load_recordings(listed(folder, 'audio,text,label\na.wav,"Yes, it is.",positive\nb.wav,,negative\n'))
    assert (first.audio, first.text, first.label) == (folder / "a.wav", "Yes, it is.", "positive")
    assert (first.speaker, first.half, second.text) == ("", None, "")


@pytest.mark.fast
def test_speakers_and_halves_may_be_named_and_other_columns_are_left_alone(folder: Path) -> None:
    content = "label,split,audio,take,text,speaker\npositive,test,a.wav,7,yes,Ann\nneutral,tuning,b.wav,8,no,Bob\n"
    recordings = load_recordings(listed(folder, content))
    assert [(r.half, r.speaker) for r in recordings] == [("test", "Ann"), ("tuning", "Bob")]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("audio,text\na.wav,positive\n", r"set\.csv line 1: no column label"),
        ("audio,text,label\n", r"set\.csv has no rows"),
        ("audio,text,label\na.wav,yes,positive\nb.wav,no,sad\n", r"set\.csv line 3: label is 'sad'"),
        ("audio,text,label\na.wav,yes,positive\nc.wav,no,negative\n", r"set\.csv line 3: .*c\.wav"),
        ("audio,text,label\n,yes,positive\n", r"set\.csv line 2: .*\(empty\)"),
        ("audio,text,label\na.wav,yes\n", r"set\.csv line 2: 3 fields"),
        ("audio,text,label\na.wav,yes,positive,more\n", r"set\.csv line 2: 3 fields"),
        ("audio,text,label,split\na.wav,yes,positive,train\n", r"set\.csv line 2: split is 'train'"),
        ("audio,text,label,split\na.wav,yes,positive,test\nb.wav,no,negative,\n", r"set\.csv line 3: split is empty"),
        ('audio,text,label\na.wav,"two\nlines",positive\nb.wav,no,bad\n', r"set\.csv line 4: label is 'bad'"),
    ],
)
def test_a_bad_row_is_refused_with_file_and_line(content: str, said: str, folder: Path) -> None:
    with pytest.raises(LabeledSetError, match=said):
        load_recordings(listed(folder, content))


@pytest.mark.fast
def test_a_missing_file_is_refused_with_what_names_it(tmp_path: Path) -> None:
    with pytest.raises(LabeledSetError, match=r"none\.csv not found: fusion\.labeled_set of params\.yaml"):
        load_recordings(tmp_path / "none.csv")
    with pytest.raises(LabeledSetError, match="dvc pull"):
        load_sentences(tmp_path / "none.csv")


@pytest.mark.fast
def test_what_holds_no_sound_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("this is text")
    with pytest.raises(LabeledSetError, match=r"text\.wav"):
        read_recording(tmp_path / "text.wav")


def test_a_recording_is_cut_to_its_speech(samples: Path, repository: Path) -> None:
    from training.params import load_params

    vad, clip = load_params(repository / "params.yaml")["vad"], samples / "01_glad.flac"
    assert 0 < len(read_speech(clip, vad)) < len(read_recording(clip))


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber("tiny.en")


def test_what_has_no_text_is_written_down_as_the_service_hears_it(transcriber: Transcriber, samples: Path) -> None:
    clip = samples / "03_plain.flac"
    assert transcriber(clip) == load_recogniser(AsrSettings()).transcribe(read(clip)).text
    assert "meeting" in transcriber(clip)


def test_where_nothing_is_said_nothing_is_written_down(transcriber: Transcriber, folder: Path) -> None:
    assert transcriber(folder / "a.wav") == ""


MISSING = [("./no-such-model", "there is no folder"), ("small", "could not be fetched")]


@pytest.mark.parametrize(("model", "why"), MISSING)
def test_without_a_model_that_writes_down_the_missing_text_it_is_said_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, model: str, why: str
) -> None:
    monkeypatch.setattr(hub, "cached", lambda name: None)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(LabeledSetError, match=rf"a\.wav has no text.*{model}.*{why}.*fusion\.asr_model"):
        Transcriber(model)(folder / "a.wav")
