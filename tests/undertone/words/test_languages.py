"""Which languages can be asked for, by code, with or without a region."""

import pytest

from undertone.words.languages import base_code, refusal

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("code", "language"), [("en", "en"), ("en-US", "en"), ("EN_gb", "en"), ("yue", "yue"), ("pt-br", "pt")]
)
def test_a_region_does_not_matter(code, language):
    assert base_code(code) == language


@pytest.mark.parametrize("nonsense", ["", "e", "english", "en-", "en-!", "12", "en us", "ен"])
def test_nonsense_is_no_code_and_no_language(nonsense):
    assert base_code(nonsense) is None
    assert "is not among the languages" in refusal(nonsense, ["en", "de"])


def test_what_is_not_asked_for_is_not_refused():
    assert refusal(None, ["en"]) is None
    assert refusal("de", ["de", "en"]) is None
    assert refusal("de", ["en"]) == "'de' is not among the languages of this recogniser: en"
