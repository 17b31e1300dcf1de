"""What the encoder is given: a window that fits the utterance, and pieces of what is longer than any window."""

import numpy as np
import pytest

from undertone.audio import RATE_HZ
from undertone.words.engines.pieces import pieces
from undertone.words.engines.window import window_frames, windows_s
from undertone.words.settings import AsrSettings

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("length_s", "expected_s"),
    [(0.1, (4, 10, 15)), (2.5, (4, 10, 15)), (6, (7.5, 10, 15)), (9.5, (11, 15, 30)), (14, (15.5, 30)), (29, (30,))],
)
def test_the_first_window_is_the_utterance_and_a_margin_and_two_at_most_are_wider(length_s, expected_s):
    assert windows_s(length_s, AsrSettings()) == expected_s
    assert windows_s(length_s, AsrSettings(window="full")) == (30,)


def test_floor_and_margin_are_the_operators():
    assert windows_s(3, AsrSettings(window_floor_s=5, window_margin_s=0.5))[0] == 5
    assert windows_s(6, AsrSettings(window_floor_s=5, window_margin_s=0.5))[0] == 6.5
    assert windows_s(3, AsrSettings(window_floor_s=12)) == (12, 15, 30)


def test_a_window_is_an_even_number_of_frames():
    assert window_frames(10) == 1000
    assert {window_frames(seconds) % 2 for seconds in np.arange(10, 30, 0.013)} == {0}


def test_what_fits_is_one_piece():
    assert pieces(np.zeros(28 * RATE_HZ, dtype=np.int16)) == [(0, 28 * RATE_HZ)]
    assert pieces(np.zeros(0, dtype=np.int16)) == [(0, 0)]


def test_a_long_sound_is_cut_where_it_is_quiet():
    samples = np.full(70 * RATE_HZ, 1000, dtype=np.int16)
    for second in (23, 47):
        samples[second * RATE_HZ : second * RATE_HZ + RATE_HZ // 5] = 0
    cuts = pieces(samples)
    assert [start // RATE_HZ for start, _ in cuts] == [0, 23, 47]
    assert [end for _, end in cuts[:-1]] == [start for start, _ in cuts[1:]]
    assert (cuts[0][0], cuts[-1][1]) == (0, len(samples))


def test_no_piece_is_too_long_where_nothing_is_quiet():
    samples = np.random.default_rng(0).integers(-5000, 5000, 100 * RATE_HZ).astype(np.int16)
    assert all(0 < end - start <= 28 * RATE_HZ for start, end in pieces(samples))


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="window must be one of adaptive, full, not 'half'"):
        AsrSettings(window="half")
    with pytest.raises(ValueError, match="fallback must be one of pocketsphinx, none"):
        AsrSettings(fallback="whisper")
    with pytest.raises(ValueError, match="threads must be at least 1"):
        AsrSettings(threads=0)
