"""Folders generated in the layout that each corpus is published in: whose voice and which emotion is read from them."""

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serving.cli.main import main
from undertone.corpora import crema_d, emodb, esd, savee, tess
from undertone.corpora.emotions import EMOTIONS, label_of, learnt
from undertone.corpora.known import CORPORA, corpus_named
from undertone.corpora.recording import Contents, CorpusError
from undertone.evaluation.items import RAVDESS_LABELS
from undertone.labels import LABELS

pytestmark = pytest.mark.fast


def touch(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def tone(path: Path, seconds: float = 0.5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.sin(np.arange(int(seconds * 16_000)) / 10), 16_000)
    return path


def read(name: str, folder: Path) -> Contents:
    return CORPORA[name].read(folder)


def said(contents: Contents) -> set[tuple[str, str]]:
    return {(recording.speaker, recording.emotion) for recording in contents.recordings}


def crema_d_names() -> list[str]:
    """The 82 names of each of two of the 91 actors."""
    names = []
    for actor in (1001, 1091):
        for sentence, emotion in product(crema_d.SENTENCES, crema_d.EMOTIONS):
            levels = ("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",)
            names += [f"AudioWAV/{actor}_{sentence}_{emotion}_{level}.wav" for level in levels]
    return names


def tess_names() -> list[str]:
    words = [f"word{letter}" for letter in "abcdefghij"]
    names = [f"{s}_{e}/{s}_{w}_{e}.wav" for s, e, w in product(("OAF", "YAF"), tess.EMOTIONS, words)]
    return [name.replace("OAF_worda_neutral", "OA_worda_neutral") for name in names]


def savee_names(between: str) -> list[str]:
    takes = {emotion: 30 if emotion == "n" else 15 for emotion in savee.EMOTIONS}
    return [
        f"AudioData/{speaker}{between}{emotion}{take:02d}.wav"
        for speaker in ("DC", "JE", "JK", "KL")
        for emotion, most in takes.items()
        for take in range(1, most + 1)
    ]


def test_crema_d_names_actor_sentence_emotion_and_level(tmp_path):
    names = crema_d_names()
    contents = read("crema_d", touch(tmp_path, [*names, "AudioWAV/1040_ITH_SAD_X.wav", "AudioWAV/2001_DFA_ANG_XX.wav"]))
    assert len(contents.recordings) == len(names) + 1
    assert contents.unnamed == ["AudioWAV/2001_DFA_ANG_XX.wav"]
    assert {recording.speaker for recording in contents.recordings} == {"1001", "1040", "1091"}
    one = next(r for r in contents.recordings if r.name == "AudioWAV/1001_IEO_HAP_LO.wav")
    assert (one.speaker, one.emotion, one.text) == ("1001", "happiness", "It's eleven o'clock")
    assert one.groups == {"level": "low"}


def test_tess_has_two_actresses_and_one_file_of_the_older_one_lacks_a_letter(tmp_path):
    contents = read("tess", touch(tmp_path / "one", tess_names()))
    assert len(contents.recordings) == 2 * 7 * 10
    assert {recording.speaker for recording in contents.recordings} == {"OAF", "YAF"}
    assert {r.emotion for r in contents.recordings if "_ps" in r.name} == {"surprise"}


def test_the_second_copy_in_the_archive_of_tess_is_not_read_twice(tmp_path):
    names = tess_names()[:4]
    contents = read("tess", touch(tmp_path, [*names, *(f"TESS Toronto emotional speech set data/{n}" for n in names)]))
    assert (len(contents.recordings), len(contents.repeated)) == (4, 4)


@pytest.mark.parametrize("between", ["/", "_"])
def test_savee_is_read_in_folders_by_speaker_and_in_one_folder(between, tmp_path):
    contents = read("savee", touch(tmp_path, savee_names(between)))
    assert len(contents.recordings) == CORPORA["savee"].recordings
    assert said(contents) == set(product(("DC", "JE", "JK", "KL"), savee.EMOTIONS.values()))


def test_emodb_says_who_spoke_which_sentence_and_boredom_has_no_label(tmp_path):
    contents = read(
        "emodb", touch(tmp_path, ["wav/03a01Fa.wav", "wav/16b10Lb.wav", "wav/08a02Wc.wav", "wav/07a01Fa.wav"])
    )
    assert said(contents) == {("03", "happiness"), ("16", "boredom"), ("08", "anger")}
    assert contents.unnamed == ["wav/07a01Fa.wav"]
    labels = {r.emotion: label_of(r, RAVDESS_LABELS) for r in contents.recordings}
    assert labels == {"happiness": "positive", "boredom": "", "anger": "negative"}
    assert {r.text for r in contents.recordings} <= set(emodb.SENTENCES.values())


@pytest.mark.parametrize("part", ["", "train/"])
def test_esd_takes_the_emotion_of_the_folder_and_the_english_half(part, tmp_path):
    names = [
        f"{s}/{e}/{part}{s}_{n:06d}.wav" for s in ("0003", "0011") for e, n in (("Angry", 351), ("Surprise", 1401))
    ]
    folder = touch(tmp_path, names)
    (folder / "0011/0011.txt").write_bytes("0011_000351\tThe nine the eggs, I keep.\t生气\n".encode("gbk"))
    contents = read("esd", folder)
    assert said(contents) == {("0011", "anger"), ("0011", "surprise")}
    assert {r.text for r in contents.recordings} == {"The nine the eggs, I keep.", ""}
    assert set(esd.EMOTIONS.values()) <= set(EMOTIONS) | {"neutral"}


def test_ravdess_is_read_by_its_names_and_has_no_strong_neutral(tmp_path):
    contents = read(
        "ravdess", touch(tmp_path, ["Actor_01/03-01-05-02-01-01-01.wav", "Actor_02/03-01-01-02-01-01-02.wav"])
    )
    assert said(contents) == {("01", "angry")}
    assert contents.unnamed == ["Actor_02/03-01-01-02-01-01-02.wav"]


def test_a_table_of_your_own_names_files_labels_or_emotions_and_speakers(tmp_path):
    tone(tmp_path / "a.wav")
    (tmp_path / "mine.csv").write_text("audio;label;speaker;room\na.wav;Negative;ann;hall\nb.wav;joy;bob;hall\n")
    with pytest.raises(CorpusError, match=r"line 3: 'joy' is no label and no emotion; known are negative, neutral"):
        read("plain", tmp_path / "mine.csv")
    (tmp_path / "mine.csv").write_text("audio;label;speaker;room\na.wav;Negative;ann;hall\nb.wav;happy;bob;hall\n")
    contents = read("plain", tmp_path / "mine.csv")
    assert [(r.name, r.label, r.speaker, dict(r.groups)) for r in contents.recordings] == [
        ("a.wav", "negative", "ann", {"room": "hall"})
    ]
    assert contents.absent == [f"{tmp_path / 'mine.csv'} line 3: b.wav"]


def test_an_audio_folder_of_datasets_is_read_with_its_metadata_and_without(tmp_path):
    for name, label in (("train/x.wav", "happy"), ("train/y.wav", "sad")):
        tone(tmp_path / name)
        new = not (tmp_path / "train/metadata.csv").exists()
        with (tmp_path / "train/metadata.csv").open("a") as file:
            csv.writer(file).writerows(
                ([["file_name", "emotion", "speaker_id"]] if new else []) + [[name[6:], label, "s"]]
            )
    assert said(read("plain", tmp_path)) == {("s", "happy"), ("s", "sad")}
    (tmp_path / "train/metadata.csv").unlink()
    for label in ("neutral", "negative"):
        tone(tmp_path / label / "z.wav")
    contents = read("plain", tmp_path)
    assert [(r.name, r.label, r.emotion) for r in contents.recordings] == [
        ("negative/z.wav", "negative", ""),
        ("neutral/z.wav", "neutral", ""),
    ]
    assert contents.unnamed == ["train/x.wav", "train/y.wav"]


def test_every_published_emotion_is_one_of_the_eight_or_none_of_them():
    published = {e for module in (crema_d, tess, savee, emodb, esd) for e in module.EMOTIONS.values()}
    for emotion in published:
        assert EMOTIONS.get(emotion, emotion) in {"", *RAVDESS_LABELS}
    assert set(RAVDESS_LABELS.values()) == set(LABELS)


def test_a_name_that_nobody_published_is_a_corpus_of_your_own():
    assert corpus_named("our_calls") is CORPORA["plain"]
    with pytest.raises(CorpusError, match="known are ravdess, crema_d"):
        corpus_named("../x")


def test_the_check_says_what_is_there_missing_and_broken(tmp_path, capsys):
    tone(tmp_path / "wav/03a01Fa.wav", seconds=30)
    tone(tmp_path / "wav/08a02Na.wav", seconds=60)
    (tmp_path / "wav/08a04Na.wav").write_bytes(b"RIFF")
    soundfile.write(tmp_path / "wav/08a05Na.wav", np.zeros(16_000), 16_000)
    tone(tmp_path / "wav/notes.wav")
    assert main(["corpus", "check", "emodb", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "2 recordings can be used, 1.5 min" in told
    assert "neutral      1.0 min" in told
    assert "08     1.0 min" in told
    assert "4 recordings are there, 535 were published" in told
    assert "wav/08a04Na.wav: cannot be read" in told
    assert "wav/08a05Na.wav: holds no sound" in told
    assert "wav/notes.wav: the name is not one of EmoDB" in told


def test_what_is_broken_in_every_copy_is_a_remark_and_a_whole_corpus_of_your_own_passes(tmp_path, capsys):
    soundfile.write(tone(tmp_path / "AudioWAV/1076_MTI_SAD_XX.wav"), np.zeros(8000), 16_000)
    main(["corpus", "check", "crema_d", str(tmp_path)])
    assert "1076_MTI_SAD_XX.wav: holds no sound, as in every copy" in capsys.readouterr().out
    tone(tmp_path / "positive/a.wav")
    (tmp_path / "AudioWAV/1076_MTI_SAD_XX.wav").unlink()
    assert main(["corpus", "check", "mine", str(tmp_path)]) == 0
    assert "nobody can be held out" in capsys.readouterr().out


def test_a_folder_without_the_corpus_is_refused_with_the_layout_that_is_expected(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["corpus", "check", "crema_d", str(tmp_path)])
    assert "holds nothing of CREMA-D" in capsys.readouterr().err
    assert main(["corpus", "list"]) == 0
    told = capsys.readouterr().out
    assert all(f"licence: {corpus.licence}" in told for corpus in CORPORA.values())


def test_the_shown_emotion_is_the_one_that_the_network_learns(tmp_path):
    touch(tmp_path, ["wav/03a01Fa.wav"])
    (one,) = read("emodb", tmp_path).recordings
    assert learnt(one) == "happy"
    assert learnt(one, {"happiness": None}) == ""
