"""What is evaluated: a CSV, folders named by label, clips of RAVDESS; and what is refused, by name."""

import pytest

from training.params import load_params
from undertone.evaluation.items import RAVDESS_LABELS, ItemsError, read_items

pytestmark = pytest.mark.fast


def planted(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_a_table_may_say_text_speaker_and_groups(tmp_path):
    planted(tmp_path, "a.wav", "deep/b.wav")
    (tmp_path / "m.csv").write_text(
        "audio,label,text,speaker,accent\na.wav,Negative,Oh no,Ann,welsh\ndeep/b.wav,neutral,,,\n"
    )
    first, second = read_items([tmp_path / "m.csv"])
    assert (first.label, first.text, first.speaker, first.groups) == ("negative", "Oh no", "Ann", {"accent": "welsh"})
    assert (second.audio, second.text, second.groups) == (tmp_path / "deep/b.wav", None, {"accent": "unknown"})


def test_a_folder_is_labelled_by_the_folders_in_it(tmp_path):
    planted(tmp_path, "negative/a.wav", "Positive/ann/b.flac", "neutral/.hidden.wav")
    assert [(item.name, item.label) for item in read_items([tmp_path])] == [
        ("Positive/ann/b.flac", "positive"),
        ("negative/a.wav", "negative"),
    ]


def test_clips_of_ravdess_are_known_by_their_names(tmp_path):
    planted(tmp_path, "Actor_22/03-01-05-02-02-01-22.flac")
    (clip,) = read_items([tmp_path])
    assert (clip.label, clip.speaker, clip.text) == ("negative", "actor 22", "Dogs are sitting by the door")
    assert clip.groups == {"emotion": "angry", "intensity": "strong", "sex": "female"}


def test_several_places_are_one_set(tmp_path):
    places = [planted(tmp_path / name, "neutral/a.wav") for name in ("ann", "bob")]
    assert [item.name for item in read_items(places)] == ["ann/neutral/a.wav", "bob/neutral/a.wav"]


def test_places_that_bear_one_name_are_told_apart_by_their_paths(tmp_path):
    places = [planted(tmp_path / name / "train", "neutral/a.wav") for name in ("ann", "bob")]
    assert [item.name for item in read_items(places)] == [f"{place.as_posix()}/neutral/a.wav" for place in places]


def test_the_innermost_folder_names_the_label_and_a_column_without_name_is_no_group(tmp_path):
    planted(tmp_path, "positive/negative/a.wav")
    assert [item.label for item in read_items([tmp_path])] == ["negative"]
    (tmp_path / "m.csv").write_text(",audio,label,accent,\n0,positive/negative/a.wav,negative,welsh,\n")
    assert read_items([tmp_path / "m.csv"])[0].groups == {"accent": "welsh"}


def test_emotions_are_grouped_as_the_trainings_group_them(repository):
    assert load_params(repository / "params.yaml")["labels"] == RAVDESS_LABELS


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("audio,label\na.wav,angry\n", "line 2.*'angry' is none of negative, neutral, positive"),
        ("audio,label\nb.wav,neutral\n", "line 2.*no file .*b.wav"),
        ("audio,label\na.wav,neutral\na.wav,neutral\n", "a.wav is named twice"),
        ("audio,label\n", "nothing to evaluate"),
        ("sound,label\na.wav,neutral\n", "audio"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named_with_its_line(rows, message, tmp_path):
    planted(tmp_path, "a.wav")
    (tmp_path / "m.csv").write_text(rows)
    with pytest.raises(ItemsError, match=message):
        read_items([tmp_path / "m.csv"])


def test_a_folder_of_recordings_without_labels_says_how_to_label_them(tmp_path):
    with pytest.raises(ItemsError, match=r"talk.wav: neither a folder above it .* write a CSV"):
        read_items([planted(tmp_path, "talk.wav")])
