"""Bytes of each encoding in pieces of any size become the samples that they were made of, or a clear error."""

import io
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from material.sounds.encoded import CONTAINERS, ENCODED, TELEPHONE, encoded

from undertone.audio import RATE_HZ
from undertone.encodings.decoders import DecodingError, decoder_for
from undertone.encodings.forms import form_of

pytestmark = pytest.mark.fast

TIMES_S = np.arange(2 * RATE_HZ) / RATE_HZ
TONE = np.rint(9000 * np.sin(2 * np.pi * 300 * TIMES_S) * np.sin(np.pi * TIMES_S / 2)).astype(np.int16)


def decoded(data, encoding, piece=500, channels=1):
    """Return the samples of `data`, taken in pieces."""
    decoder = decoder_for(encoding, channels)
    try:
        pieces = [made for start in range(0, len(data), piece) for made in decoder.take(data[start : start + piece])]
        return np.concatenate([*pieces, *decoder.end()])
    finally:
        decoder.close()


@pytest.mark.parametrize("encoding", ENCODED)
def test_what_was_encoded_is_heard_again(encoding):
    heard = decoded(encoded(TONE, encoding), encoding)[:, 0]
    assert abs(len(heard) - len(TONE)) < RATE_HZ // 40
    shared = min(len(heard), len(TONE))
    lags = range(-40, 41)  # an encoder may need a moment
    alike = max(np.corrcoef(np.roll(heard[:shared], lag), TONE[:shared])[0, 1] for lag in lags)
    assert alike > 0.99
    assert heard.std() == pytest.approx(TONE.std(), rel=0.05)


@pytest.mark.parametrize("encoding", CONTAINERS)
def test_what_is_missing_in_the_midst_is_counted(encoding):
    data = encoded(np.tile(TONE, 3), encoding)
    for kept, missing_s in ((data, 0), (data[: len(data) // 3] + data[2 * len(data) // 3 :], 2)):
        decoder = decoder_for(encoding)
        heard = [len(made) for made in (*decoder.take(kept), *decoder.end())]
        assert decoder.lost_s >= 0.9 * missing_s
        assert sum(heard) / RATE_HZ + decoder.lost_s == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize("encoding", ENCODED)
def test_the_pieces_carry_no_meaning(encoding):
    data = encoded(TONE, encoding)
    whole = decoded(data, encoding, len(data))
    assert np.array_equal(decoded(data, encoding, 7), whole)
    assert np.array_equal(decoded(data, encoding, 961), whole)


@pytest.mark.parametrize("encoding", ENCODED)
def test_sound_is_there_as_soon_as_its_bytes_are(encoding):
    data, decoder = encoded(TONE, encoding), decoder_for(encoding)
    heard = sum(len(made) for made in decoder.take(data[: len(data) // 2]))
    decoder.close()
    assert abs(heard - RATE_HZ) < RATE_HZ // 4


@pytest.mark.parametrize("encoding", TELEPHONE)
def test_any_bytes_of_a_telephone_are_samples(encoding):
    noise = np.random.default_rng(0).bytes(8000)
    assert len(decoded(noise, encoding)) == RATE_HZ


@pytest.mark.parametrize(("encoding", "name"), [("ogg_opus", "Ogg"), ("webm_opus", "WebM")])
def test_what_is_no_such_container_is_refused_at_its_first_bytes(encoding, name):
    with pytest.raises(DecodingError, match=f"this is no {name}: it begins with 52 49 46 46"):
        decoded(b"RIFF" + bytes(100), encoding)


def test_another_codec_in_the_container_is_named():
    vorbis = io.BytesIO()
    soundfile.write(vorbis, TONE, RATE_HZ, "VORBIS", format="OGG")
    with pytest.raises(DecodingError, match="the Ogg holds vorbis, not Opus"):
        decoded(vorbis.getvalue(), "ogg_opus")


@pytest.mark.parametrize("encoding", CONTAINERS)
def test_a_stream_that_breaks_off_is_heard_as_far_as_it_goes(encoding):
    data = encoded(TONE, encoding)
    assert len(decoded(data[: len(data) // 2], encoding)) == pytest.approx(RATE_HZ, rel=0.25)


@pytest.mark.parametrize("encoding", CONTAINERS)
def test_harmed_bytes_cost_themselves_or_end_with_an_error_and_never_hang(encoding):
    data, rng = encoded(TONE, encoding), np.random.default_rng(1)
    for _ in range(10):
        at = int(rng.integers(len(data) - 400))
        harmed = data[:at] + rng.bytes(200) + data[at + 200 :]
        with suppress(DecodingError):
            assert len(decoded(harmed, encoding)) < 4 * len(TONE)


@pytest.mark.parametrize("encoding", CONTAINERS)
def test_a_stream_without_sound_is_not_read_for_ever(encoding):
    head = encoded(TONE, encoding)[:60]
    with pytest.raises(DecodingError):
        decoded(head + bytes(2 << 20), encoding, 64 << 10)


@pytest.mark.parametrize("encoding", CONTAINERS)
def test_nothing_is_decoded_ahead_of_who_asks(encoding):
    """An hour of silence is a few bytes: it comes second by second, and whoever stops gets no more."""
    silence = encoded(np.zeros(60 * RATE_HZ, np.int16), encoding, bit_rate=6000)
    decoder = decoder_for(encoding)
    pieces = decoder.take(silence)
    assert all(len(next(pieces)) <= 1.1 * RATE_HZ for _ in range(5))
    decoder.close()


def test_closing_ends_the_thread_wherever_it_is():
    data = encoded(TONE, "ogg_opus")
    for use in (lambda decoder: None, lambda decoder: list(decoder.take(data)), lambda d: next(d.take(data))):
        decoder = decoder_for("ogg_opus")
        use(decoder)
        decoder.close()
        decoder.close()
    deadline_s = time.monotonic() + 5
    while any(thread.name == "opus" for thread in threading.enumerate()):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


@pytest.mark.parametrize("encoding", [*CONTAINERS, "pcm_s16le"])
def test_two_channels_stay_apart(encoding):
    both = np.stack([TONE, TONE[::-1] // 4], axis=1)
    data = both.astype("<i2").tobytes() if encoding == "pcm_s16le" else encoded(both, encoding, 96_000)
    left, right = decoded(data, encoding, 400, channels=2).T
    assert left.std() > 3 * right.std() > 0


def test_one_channel_where_two_were_announced_is_refused():
    with pytest.raises(DecodingError, match="the audio has 1 channel, the session has channels 2"):
        decoded(encoded(TONE, "ogg_opus"), "ogg_opus", channels=2)


def test_bytes_are_counted_as_each_encoding_has_them():
    assert form_of("pcm_s16le").units_per_s == RATE_HZ
    assert (form_of("pcm_alaw", 2).unit_bytes, form_of("pcm_alaw", 2).units_per_s) == (2, 8000)
    assert form_of("webm_opus").unit_bytes == 1
