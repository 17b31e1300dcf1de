"""`undertone labeled-set meld`: a generated folder of MELD's published layout becomes a labelled set."""

import csv
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from serving.cli.main import main
from training.corpora.labeled.labeled_set import load_recordings
from training.corpora.labeled.recordings import read_recording
from undertone.corpora.meld import repaired

pytestmark = pytest.mark.fast

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
TRAIN = f"""{HEADER}
1,also I was the person on my company\x92s transition,Chandler,neutral,neutral,0,0,8,21,"00:16:16,059","00:16:21,731"
2,"Oh my God, he\u2019s lost it.",Phoebe,sadness,negative,0,1,4,7,"00:20:57,256","00:21:00,049"
3,No sound in this one,Ross,anger,negative,0,2,4,7,"00:20:57,256","00:21:00,049"
4,Nobody published this one,Ross,anger,negative,125,3,4,7,"00:20:57,256","00:21:00,049"
5,The download of this one broke,Ross,anger,negative,0,3,4,7,"00:20:57,256","00:21:00,049"
"""
TEST = f"""{HEADER}
1,Itâ€™s great!,Rachel,joy,positive,0,0,1,1,"00:00:01,000","00:00:02,000"
2,Why do all you're coffee mugs have numbers on the bottom?,Mark,surprise,positive,0,1,1,1,"00:00:02,000","00:00:03,000"
"""


def make_clip(path: Path, hertz: float | None) -> None:
    """Write a clip as MELD's are, a film with stereo sound in AAC, or without sound where `hertz` is None."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        sound = container.add_stream("aac", rate=44_100, layout="stereo") if hertz else None
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound:
            wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(44_100) / 44_100).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            frame.sample_rate = 44_100
            container.mux(sound.encode(frame))
            container.mux(sound.encode())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "MELD.Raw"
    train, dev, test = (folder / n for n in ("train_splits", "dev_splits_complete", "output_repeated_splits_test"))
    for part in (train, dev, test):
        part.mkdir(parents=True)
    (folder / "train_sent_emo.csv").write_text(TRAIN, encoding="utf-8")
    (folder / "test_sent_emo.csv").write_text(TEST, encoding="utf-8")
    last = '7,Yeah… I don’t think so,Joey,neutral,neutral,3,1,2,2,"00:00:01,000","00:00:02,000"\n'
    (folder / "dev_sent_emo.csv").write_bytes(f"{HEADER}\n{last}".encode("cp1252"))
    make_clip(train / "dia0_utt0.mp4", 300)
    make_clip(train / "dia0_utt1.mp4", 500)
    make_clip(train / "dia0_utt2.mp4", None)
    (train / "dia0_utt3.mp4").write_bytes(b"\0" * 100)
    make_clip(test / "dia0_utt0.mp4", 700)
    make_clip(test / "dia0_utt1.mp4", 800)
    (test / "._dia0_utt1.mp4").write_bytes(b"of another system")
    make_clip(test / "final_videos_testdia0_utt1.mp4", 900)
    soundfile.write(dev / "dia3_utt1.wav", np.zeros(16_000, np.int16), 16_000)
    return folder


@pytest.fixture(scope="module")
def listed(published: Path) -> Path:
    output = published.parent / "meld.csv"
    assert main(["labeled-set", "meld", str(published), str(output)]) == 0
    return output


def test_every_utterance_with_sound_is_listed_with_the_sentiment_as_label(listed: Path) -> None:
    recordings = load_recordings(listed)
    assert [(r.half, r.speaker, r.label) for r in recordings] == [
        ("tuning", "Chandler", "neutral"),
        ("tuning", "Phoebe", "negative"),
        ("tuning", "Joey", "neutral"),
        ("test", "Rachel", "positive"),
        ("test", "Mark", "positive"),
    ]


def test_the_apostrophes_of_the_published_files_are_repaired(listed: Path) -> None:
    texts = [recording.text for recording in load_recordings(listed)]
    assert texts[0] == "also I was the person on my company’s transition"
    assert texts[1:4] == ["Oh my God, he’s lost it.", "Yeah… I don’t think so", "It’s great!"]


def test_the_clips_are_read_from_their_films(listed: Path) -> None:
    waveform = read_recording(load_recordings(listed)[1].audio)
    assert len(waveform) / 16_000 == pytest.approx(1.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(waveform))
    assert spectrum.argmax() * 16_000 / len(waveform) == pytest.approx(500, abs=5)


def test_utterances_of_the_same_number_in_other_splits_are_not_mixed_up(listed: Path) -> None:
    with listed.open(encoding="utf-8", newline="") as file:
        found = [row["audio"] for row in csv.DictReader(file)]
    assert found[0] == "MELD.Raw/train_splits/dia0_utt0.mp4"
    assert found[3] == "MELD.Raw/output_repeated_splits_test/dia0_utt0.mp4"


def test_what_is_left_out_is_counted_and_named(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["labeled-set", "meld", str(published), str(tmp_path / "meld.csv")])
    printed = capsys.readouterr()
    assert printed.out.startswith("5 utterances in ")
    assert printed.err.splitlines() == [
        "3 utterances were left out:",
        "  train dia0_utt2: no sound",
        "  train dia125_utt3: no file",
        "  train dia0_utt3: broken file",
    ]


def test_extracted_copies_are_preferred_to_the_films(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "MELD.Raw"
    (folder / "train_wav").mkdir(parents=True)
    (folder / "train_splits").symlink_to(published / "train_splits")
    (folder / "train_sent_emo.csv").write_text(TRAIN, encoding="utf-8")
    soundfile.write(folder / "train_wav" / "dia0_utt0.wav", np.zeros(16_000, np.int16), 16_000)
    main(["labeled-set", "meld", str(folder), str(tmp_path / "meld.csv")])
    assert load_recordings(tmp_path / "meld.csv")[0].audio.suffix == ".wav"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.csv", "", "no train_sent_emo.csv"),
        ("dev_sent_emo.csv", "Utterance,Speaker\n", r"dev_sent_emo\.csv line 1: no column Sentiment, Dialogue_ID"),
        ("dev_sent_emo.csv", f"{HEADER}\n1,Hi,Ross,joy,glad,0,0,1,1,0,0\n", r"dev_sent_emo\.csv line 2.*glad"),
        ("dev_sent_emo.csv", f"{HEADER}\n1,Hi,Ross,joy,positive,zero,0,1,1,0,0\n", r"dev_sent_emo\.csv line 2.*zero"),
        ("dev_sent_emo.csv", f"{HEADER}\n1,Hi,Ross,joy,positive,0,0,1,1,0,0\n", "none of 1 utterances has a clip"),
    ],
)
def test_a_folder_that_is_not_meld_is_refused_by_name(name: str, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit, match=said):
        main(["labeled-set", "meld", str(tmp_path), str(tmp_path / "out.csv")])
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("published", "meant"),
    [
        ("it\x92s", "it’s"),
        ("itâ€™s", "it’s"),
        ("\x93so\x94\x85", "“so”…"),
        ("â€œsoâ€\x9d", "“so”"),
        ("cafÃ©", "café"),
        ("plain café’s", "plain café’s"),
    ],
)
def test_punctuation_of_windows_is_understood(published: str, meant: str) -> None:
    assert repaired(published) == meant
