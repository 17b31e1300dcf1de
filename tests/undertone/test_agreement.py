"""What a verdict says of words and voice together."""

import pytest

from undertone.fusion import lanes_agreement, lanes_of

pytestmark = pytest.mark.fast

NEUTRAL, ANGRY, GLAD, TORN = [0.1, 0.8, 0.1], [0.9, 0.1, 0.0], [0.0, 0.2, 0.8], [0.44, 0.08, 0.48]


@pytest.mark.parametrize(
    ("text", "audio", "said"),
    [
        (ANGRY, ANGRY, True),
        (NEUTRAL, NEUTRAL, True),
        (GLAD, ANGRY, False),
        ([0.4, 0.6, 0.0], GLAD, False),
        (NEUTRAL, ANGRY, None),
        (GLAD, NEUTRAL, None),
        ([0.3, 0.6, 0.1], ANGRY, None),
        (TORN, ANGRY, None),
        (None, ANGRY, None),
    ],
)
def test_words_and_voice_agree_only_where_both_say_the_same(text, audio, said):
    assert lanes_agreement(lanes_of(text, audio)) is said
