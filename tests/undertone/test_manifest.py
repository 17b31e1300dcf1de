"""The release manifest: what is refused, and that the refusal names the culprit."""

import json
import shutil

import pytest
from material.tiny_ear import SETTINGS, add_ear
from material.tiny_release import make_release

from undertone.manifest import (
    EAR_FILE,
    MANIFEST_NAME,
    SERVED_FILES,
    VAD_FILE,
    FileMismatchError,
    ManifestError,
    load,
    save,
)
from undertone.release import open_release

pytestmark = pytest.mark.fast


@pytest.fixture
def release(tiny_release, tmp_path):
    return shutil.copytree(tiny_release, tmp_path / "release")


def change(release, **entries):
    path = release / MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def test_what_was_saved_is_loaded_again(release):
    manifest = load(release)
    before = (release / MANIFEST_NAME).read_bytes()
    save(manifest, release)
    assert (release / MANIFEST_NAME).read_bytes() == before


@pytest.mark.parametrize("name", SERVED_FILES)
def test_a_changed_byte_is_refused_with_the_name_of_the_file(release, name):
    content = bytearray((release / name).read_bytes())
    content[100] ^= 1
    (release / name).write_bytes(content)
    with pytest.raises(FileMismatchError, match=name):
        open_release(release)


def test_a_truncated_file_is_refused_with_both_sizes(release):
    path = release / VAD_FILE
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileMismatchError, match=f"{size - 1} bytes, the manifest says {size}"):
        load(release)


def test_a_missing_file_is_refused_by_name(release):
    (release / VAD_FILE).unlink()
    with pytest.raises(FileMismatchError, match=r"silero_vad\.onnx"):
        load(release)


def test_another_schema_version_is_refused(release):
    change(release, schema_version=99)
    with pytest.raises(ManifestError, match="schema_version is 99"):
        load(release)


@pytest.mark.parametrize("labels", [["negative", "positive"], ["positive", "neutral", "negative"]])
def test_another_label_count_or_order_is_refused(release, labels):
    change(release, labels=labels)
    with pytest.raises(ManifestError, match="labels are"):
        load(release)


def test_a_graph_with_another_number_of_logits_is_refused(tmp_path):
    release = make_release(tmp_path / "two", outputs="zero, power")
    with pytest.raises(ManifestError, match=r"acoustic\.int8\.onnx gives logits of shape \(2,\)"):
        open_release(release)


def test_a_file_name_that_leaves_the_folder_is_refused(release):
    change(release, files={"../secret": {"bytes": 1, "sha256": "0" * 64}})
    with pytest.raises(ManifestError, match="plain file name"):
        load(release)


def test_a_release_without_a_needed_model_is_refused(release):
    files = json.loads((release / MANIFEST_NAME).read_text())["files"]
    change(release, files={name: entry for name, entry in files.items() if "vad" not in name})
    with pytest.raises(ManifestError, match=r"no silero_vad\.onnx"):
        open_release(release)


def test_an_empty_folder_is_no_release(tmp_path):
    with pytest.raises(ManifestError, match="not a release folder"):
        load(tmp_path)


def test_a_manifest_that_is_no_json_or_lacks_a_section_is_refused(release):
    for section in ("vad", "text"):
        whole = json.loads((release / MANIFEST_NAME).read_text())[section]
        change(release, **{section: {"threshold": 0.5}})
        with pytest.raises(ManifestError, match="does not follow schema"):
            load(release)
        change(release, **{section: whole})
    (release / MANIFEST_NAME).write_text("{")
    with pytest.raises(ManifestError, match="not valid JSON"):
        load(release)


def test_a_release_may_have_an_ear_and_without_one_its_manifest_does_not_name_it(release):
    assert "ear" not in json.loads((release / MANIFEST_NAME).read_text())
    assert load(release).ear is None
    assert load(add_ear(release)).ear == SETTINGS
    opened = open_release(release)
    assert opened.ear.settings == SETTINGS


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"weight": 1.5}, "the weight of the ear must lie in"),
        ({"temperature": 0.0}, "the temperature of the ear must be above 0"),
        ({"prior": -1.0}, "the prior of the ear must be above 0"),
        ({"weight": "much"}, "does not follow schema"),
        ({"colour": "red"}, "does not follow schema 2: .*colour"),
    ],
)
def test_settings_of_an_ear_that_are_unknown_or_out_of_range_are_refused(release, wrong, said):
    settings = json.loads((add_ear(release) / MANIFEST_NAME).read_text())["ear"]
    change(release, ear={**settings, **wrong})
    with pytest.raises(ManifestError, match=said):
        load(release)


def test_an_ear_without_its_settings_and_settings_without_an_ear_are_refused(release):
    whole = json.loads((add_ear(release) / MANIFEST_NAME).read_text())
    files = {name: entry for name, entry in whole["files"].items() if name != EAR_FILE}
    for wrong in ({"ear": None}, {"files": files}):
        change(release, **{**whole, **wrong})
        with pytest.raises(ManifestError, match=r"must release ear\.onnx together with the settings `ear`, or neither"):
            open_release(release)
