"""What a rebuild reads from outside is asked for in seconds, before anything begins."""

import pytest

from training.corpora import availability
from training.corpora.texts import hub

pytestmark = pytest.mark.fast
PARAMS = {"download": {"url": "https://nowhere.invalid/records/clips.zip"}}


@pytest.fixture(autouse=True)
def no_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERTONE_DATA", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(hub, "HUB_HOST", "hub.invalid")
    monkeypatch.setattr(availability, "load_params", lambda: PARAMS)


def test_without_mirror_and_network_both_sets_are_named_with_what_to_set(capsys):
    with pytest.raises(SystemExit, match=r"set UNDERTONE_DATA to a folder with ravdess/"):
        availability.main()
    said = capsys.readouterr().err
    assert "RAVDESS: nowhere.invalid cannot be reached" in said
    assert "texts: hub.invalid cannot be reached" in said


def test_a_mirror_that_lacks_them_is_named(tmp_path):
    clips, texts = availability.lacking(PARAMS, tmp_path / "mirror")
    assert "mirror holds neither ravdess/ with the clips nor clips.zip" in clips
    assert "labels.txt" in texts


def test_what_stages_have_left_here_is_not_asked_for(tmp_path):
    (tmp_path / "ravdess").mkdir()
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "text.arrow").touch()
    assert availability.lacking(PARAMS, None) == []
    availability.main()
