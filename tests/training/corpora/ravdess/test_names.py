"""What a RAVDESS file name says, and which names are refused."""

from pathlib import Path

import pytest

from training.corpora.ravdess.names import RavdessError, check_complete, clips_in_folder, expected_names, parse_name
from undertone.labels import RAVDESS_EMOTIONS

pytestmark = pytest.mark.fast


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def test_a_name_tells_emotion_intensity_statement_repetition_actor_and_sex():
    clip = parse_name("03-01-05-02-01-02-08")
    assert (clip.emotion, clip.intensity, clip.statement, clip.repetition) == ("angry", "strong", 1, 2)
    assert (clip.actor, clip.sex, clip.folder) == (8, "female", "Actor_08")


@pytest.mark.parametrize(
    "name",
    [
        "03-01-00-01-01-01-01",  # no such emotion
        "03-01-09-01-01-01-01",
        "03-01-01-02-01-01-01",  # strong neutral
        "03-01-05-03-01-01-01",
        "03-01-05-01-03-01-01",
        "03-01-05-01-01-03-01",
        "03-01-05-01-01-01-00",  # no such actor
        "03-01-05-01-01-01-25",
        "03-02-05-01-01-01-01",  # song
        "01-01-05-01-01-01-01",  # video
        "03-01-05-01-01-01-1",
        "03-01-05-01-01-01-011",
        "03-01-05-01-01-01-01 copy",
        "03-01-05-01-01-01-01\n",
        "",
    ],
)
def test_a_name_outside_the_grammar_is_refused_and_quoted(name):
    with pytest.raises(RavdessError, match=r"is not a RAVDESS speech name|strong neutral"):
        parse_name(name)


def test_ravdess_has_24_actors_with_60_clips_each_and_all_names_parse():
    clips = [parse_name(name) for name in expected_names()]
    assert len(clips) == 1440
    assert all(sum(clip.actor == actor for clip in clips) == 60 for actor in range(1, 25))
    assert {clip.emotion for clip in clips} == set(RAVDESS_EMOTIONS.values())


def test_clips_are_found_at_any_depth_and_other_files_are_left_alone(tmp_path):
    folder = touch(
        tmp_path, "a/Actor_01/03-01-05-01-01-01-01.wav", "03-01-05-01-01-01-10.FLAC", "README.md", "03-02-01.wav"
    )
    assert set(clips_in_folder(folder)) == {"03-01-05-01-01-01-01", "03-01-05-01-01-01-10"}


def test_misnamed_clips_are_all_named(tmp_path):
    folder = touch(tmp_path, "03-01-09-01-01-01-01.wav", "03-01-05-01-01-01-99.wav")
    with pytest.raises(RavdessError, match=r"2 misnamed.*03-01-05-01-01-01-99\.wav.*03-01-09-01-01-01-01\.wav"):
        clips_in_folder(folder)


@pytest.mark.parametrize("actor_folder", ["Actor_1", "Actor_01", "Actor_11", "actor_10", "Actor_10x"])
def test_a_clip_in_the_folder_of_another_actor_is_refused(tmp_path, actor_folder):
    folder = touch(tmp_path, f"{actor_folder}/03-01-05-01-01-01-10.wav")
    with pytest.raises(RavdessError, match="belongs in Actor_10"):
        clips_in_folder(folder)


def test_a_repeated_name_is_refused(tmp_path):
    folder = touch(tmp_path, "Actor_01/03-01-05-01-01-01-01.wav", "more/03-01-05-01-01-01-01.flac")
    with pytest.raises(RavdessError, match=r"a second file of this name"):
        clips_in_folder(folder)


def test_missing_and_extra_clips_are_listed_by_name():
    expected = expected_names([1])
    gone, extra = sorted(expected)[0], "03-01-05-01-01-01-02"
    with pytest.raises(RavdessError, match=f"1 missing: {gone}; 1 extra: {extra}"):
        check_complete((expected - {gone}) | {extra}, expected)
