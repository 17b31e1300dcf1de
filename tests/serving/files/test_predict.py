"""`POST /predict` on the running server: a recording gets the events that its stream gets, whatever its format."""

import io
import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import pytest
import soundfile
from conftest import running_server
from material.recordings import BY_PYAV, encoded
from material.wire import receive_until, send, send_in_real_time, session, stream, without_latencies

from undertone.audio_file import read
from undertone.stream.settings import OF_SOCKETS

HOUR_S = 3600


@pytest.fixture(scope="module")
def client(server):
    """Asks the server without words, which is quick."""
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def words_client(listening_server):
    with httpx.Client(base_url=listening_server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def turn(samples):
    return samples / "06_turn.flac"


@pytest.fixture(scope="module")
def proud(samples):
    return samples / "07_proud.flac"


def events_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def heard(events):
    """What must be the same however the audio came: all but `session.created`, what was tried ahead, and latencies."""
    others, finals = without_latencies([event for event in events if event["type"] != "session.created"])
    for event in others:
        event.get("totals", {}).pop("speculations", None)
    return others, finals


def audio(format="WAV", rate_hz=16_000, channels=1, subtype=None, seconds=1.0, value=None):
    """Return the bytes of a file of noise, or of one value."""
    shape = (int(seconds * rate_hz), channels)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, shape) if value is None else np.full(shape, float(value))
    buffer = io.BytesIO()
    soundfile.write(buffer, noise, rate_hz, format=format, subtype=subtype)
    return buffer.getvalue()


def fault_of(answer):
    """Return status and code of a refusal, which is JSON with a message."""
    error = answer.json()["error"]
    assert set(error) - {"retry_after_s"} == {"code", "message"}
    assert error["message"]
    return answer.status_code, error["code"]


# What is heard.


def test_a_recording_gets_the_events_of_a_session_and_its_words(words_client, proud):
    events = events_of(words_client.post("/predict", content=proud.read_bytes()))
    kinds = [event["type"] for event in events if event["type"] != "utterance.provisional"]
    assert kinds[:2] == ["session.created", "speech.started"]
    assert kinds[-3:] == ["speech.ended", "utterance.final", "session.closed"]
    assert kinds.count("mood") >= 3
    final = next(event for event in events if event["type"] == "utterance.final")
    assert final["mode"] == "fused"
    assert "happy" in final["text"]
    assert events[-1]["reason"] == "finished"


def test_every_line_follows_the_protocol_document(client, turn, documented):
    whole, broken = turn.read_bytes(), turn.read_bytes()[:30_000]
    for event in events_of(client.post("/predict", content=whole)) + events_of(client.post("/predict", content=broken)):
        documented(event)


def test_a_form_and_a_body_are_heard_alike(client, proud):
    body = heard(events_of(client.post("/predict", content=proud.read_bytes())))
    with proud.open("rb") as file:
        assert heard(events_of(client.post("/predict", files={"file": file}))) == body


@pytest.fixture(scope="module")
def turn_heard(words_client, turn):
    return heard(events_of(words_client.post("/predict", content=turn.read_bytes())))


@pytest.mark.parametrize("chunk_bytes", [642, 4098, 32_000])
def test_a_file_and_its_stream_in_chunks_of_any_size_get_the_same_answers(
    listening_server, turn, turn_heard, chunk_bytes
):
    assert [final["mode"] for final in turn_heard[1]] == ["fused", "fused"]
    assert heard(stream(listening_server.ws_url, read(turn).tobytes(), chunk_bytes)) == turn_heard


def test_a_file_and_its_stream_of_single_samples_get_the_same_answers(
    listening_server, words_client, samples, tmp_path
):
    beginning = read(samples / "07_proud.flac")[:24_000]
    soundfile.write(tmp_path / "beginning.wav", beginning, 16_000)
    events = events_of(words_client.post("/predict", content=(tmp_path / "beginning.wav").read_bytes()))
    streamed = stream(listening_server.ws_url, beginning.tobytes(), 2)  # slower than life on a busy machine
    assert heard(without_moods(streamed)) == heard(without_moods(events))


def without_moods(events):
    """Return the rest: of a stream that is heard too late there are fewer moods."""
    return [event for event in events if event["type"] != "mood"]


def test_a_file_and_what_is_spoken_in_real_time_get_the_same_answers(listening_server, turn, turn_heard):
    pcm = read(turn).tobytes()
    with session(listening_server.ws_url) as spoken:
        send_in_real_time(spoken, pcm)
        send(spoken, "session.finish")
        events = receive_until(spoken, "session.closed")
    assert heard(events) == turn_heard


@pytest.mark.parametrize(
    ("format", "rate_hz", "channels", "subtype"),
    [
        ("WAV", 8_000, 1, "PCM_16"),
        ("WAV", 44_100, 2, "PCM_16"),
        ("WAV", 48_000, 1, "PCM_24"),
        ("WAV", 22_050, 2, "FLOAT"),
        ("FLAC", 44_100, 2, "PCM_24"),
        ("OGG", 48_000, 1, "VORBIS"),
        ("AIFF", 32_000, 1, "PCM_16"),
        ("MP3", 44_100, 1, "MPEG_LAYER_III"),
    ],
)
def test_any_format_is_heard_as_its_stream(server, client, samples, tmp_path, format, rate_hz, channels, subtype):
    if format not in soundfile.available_formats():
        pytest.skip(f"this libsndfile has no {format}")
    speech = read(samples / "04_sad.flac") / 32_768
    resampled = np.interp(np.arange(0, len(speech), 16_000 / rate_hz), np.arange(len(speech)), speech)
    path = tmp_path / "clip"
    soundfile.write(path, np.repeat(resampled[:, None], channels, axis=1), rate_hz, format=format, subtype=subtype)
    events = events_of(client.post("/predict", content=path.read_bytes()))
    assert [event["type"] for event in events].count("utterance.final") == 1
    assert heard(events) == heard(stream(server.ws_url, read(path).tobytes(), 32_000))


def test_settings_of_the_query_are_those_of_session_update(words_client, turn):
    query = "?endpoint_silence_ms=2000&alpha=0.25&redact_text=true&mood_interval_ms=1000&language=en&partials=false"
    events = events_of(words_client.post("/predict" + query, content=turn.read_bytes()))
    settings = events[0]["settings"]
    assert (settings["endpoint_silence_ms"], settings["alpha"], settings["redact_text"]) == (2000, 0.25, True)
    finals = [event for event in events if event["type"] == "utterance.final"]
    assert len(finals) == 1  # the pause within the clip is shorter than that
    assert finals[0]["text"] is None


def test_events_come_while_the_rest_is_still_being_heard_also_compressed(client, long_file):
    minutes = long_file[: len(long_file) // 10]
    began_s = time.monotonic()
    with client.stream("POST", "/predict", content=minutes, headers={"Accept-Encoding": "gzip"}) as answer:
        lines = answer.iter_lines()
        next(lines)
        first_s = time.monotonic() - began_s
        assert json.loads(list(lines)[-1])["type"] == "session.closed"
    assert answer.headers["content-encoding"] == "gzip"
    assert first_s < 0.5 * (time.monotonic() - began_s)


def test_a_file_that_ends_early_is_answered_up_to_there_and_the_last_line_says_so(client, samples):
    speech = read(samples / "04_sad.flac")
    content = recorded("FLAC", np.concatenate([speech, speech, speech]))
    events = events_of(client.post("/predict", content=content[: 3 * len(content) // 5]))
    finals = [event["utterance_id"] for event in events if event["type"] == "utterance.final"]
    started = [event["utterance_id"] for event in events if event["type"] == "speech.started"]
    assert finals == started
    assert len(finals) >= 1
    assert (events[-1]["type"], events[-1]["reason"]) == ("session.closed", "finished")
    (note,) = events[-1]["notes"]
    assert note["code"] == "ended_early"
    assert note["at_ms"] == pytest.approx(events[-1]["totals"]["audio_ms"], abs=2)
    assert 0.5 < note["at_ms"] / (3 * len(speech) / 16) < 0.62


def recorded(format, samples, subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 16_000, format=format, subtype=subtype)
    return buffer.getvalue()


def test_what_was_done_to_a_file_is_said_and_what_needed_nothing_has_no_notes(client, samples):
    speech = read(samples / "04_sad.flac")
    wav = recorded("WAV", speech)
    assert "notes" not in events_of(client.post("/predict", content=wav))[-1]
    crashed = wav[:40] + bytes(4) + wav[44:]
    large = recorded("WAV", speech.astype(np.float32), "FLOAT")
    for content, code in ((crashed, "header_repaired"), (large, "level_scaled")):
        *events, closed = events_of(client.post("/predict", content=content))
        assert [note["code"] for note in closed["notes"]] == [code]
        assert heard(events) == heard(events_of(client.post("/predict", content=wav))[:-1])


@pytest.mark.parametrize("kind", ["m4a", "webm", "3gp"])
def test_what_phones_and_browsers_record_is_heard(kind, client, samples):
    _, codec, rate_hz = BY_PYAV[kind]
    speech = read(samples / "04_sad.flac") / 32_768
    resampled = np.interp(np.arange(0, len(speech), 16_000 / rate_hz), np.arange(len(speech)), speech)
    content = encoded(resampled, rate_hz, BY_PYAV[kind][0], codec)
    events = events_of(client.post("/predict", content=content))
    assert [event["type"] for event in events].count("utterance.final") == 1
    assert "notes" not in events[-1]


# What is refused.


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", (400, "empty_upload")),
        (b"Dear Sir, this is a letter and not a recording.\n" * 50, (415, "not_audio")),
        (audio("FLAC")[:20], (415, "not_audio")),
        (audio(seconds=0), (422, "empty_audio")),
        (audio("FLAC", seconds=3)[:5000], (422, "damaged_audio")),
        (audio(subtype="FLOAT", value=np.nan), (422, "damaged_audio")),
        (audio(subtype="FLOAT", value=np.inf), (422, "damaged_audio")),
        (audio("WAV", 1000, subtype="PCM_U8", seconds=HOUR_S + 1, value=0), (413, "audio_too_long")),
    ],
    ids=[
        "nothing",
        "a letter",
        "a header cut short",
        "no samples",
        "a first second cut short",
        "NaN",
        "inf",
        "an hour",
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/api/transcribe"])
def test_a_bad_upload_is_refused_with_json_that_names_the_fault(words_client, path, content, fault):
    assert fault_of(words_client.post(path, content=content)) == fault
    answer = words_client.post(path, files={"file": ("my recording.wav", content)})
    assert fault_of(answer) == fault
    if content:
        assert "my recording.wav" in answer.json()["error"]["message"]


def test_a_form_without_one_file_is_refused_naming_what_it_holds(client, turn):
    recording = turn.read_bytes()
    answer = client.post("/predict", files={"audio": recording})
    assert fault_of(answer) == (400, "invalid_form")
    assert "'file'" in answer.json()["error"]["message"]
    assert "'audio'" in answer.json()["error"]["message"]
    assert fault_of(client.post("/predict", files=[("file", recording), ("file", recording)])) == (400, "invalid_form")
    assert fault_of(client.post("/predict", files={"file": (None, "text")})) == (400, "invalid_form")
    torn = {"content-type": "multipart/form-data; boundary=torn"}
    for body in (b"", b"--torn\r\nnonsense", b"something else"):
        assert fault_of(client.post("/predict", content=body, headers=torn)) == (400, "invalid_form")
    headless = {"content-type": "multipart/form-data"}
    assert fault_of(client.post("/predict", content=recording, headers=headless)) == (400, "invalid_form")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("volume=11", "volume"),
        ("alpha=2", "alpha"),
        ("alpha=nan", "alpha"),
        ("alpha=", "alpha"),
        ("endpoint_silence_ms=5", "endpoint_silence_ms"),
        ("endpoint_silence_ms=300.5", "endpoint_silence_ms"),
        ("max_utterance_ms=" + "9" * 5000, "max_utterance_ms"),
        ("partials=maybe", "partials"),
        ("language=", "language"),
        ("alpha=0.1&alpha=0.2", "alpha"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(client, turn, query, name):
    answer = client.post(f"/predict?{query}", content=turn.read_bytes())
    assert fault_of(answer) == (422, "invalid_setting")
    assert name in answer.json()["error"]["message"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/predict", "/api/transcribe"])
def test_another_method_is_refused(client, path, method):
    answer = client.request(method, path)
    assert fault_of(answer) == (405, "wrong_method")
    assert answer.headers["allow"] == "POST"


def test_a_huge_upload_is_refused_by_its_declared_length_before_any_of_it_came(server):
    head = f"POST /predict HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\nContent-Length: 1000000000000\r\n\r\n"
    with open_socket(server) as plain:
        plain.sendall(head.encode())
        answer = ""
        while "}" not in answer:
            answer += plain.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert '"upload_too_large"' in answer


def test_both_routes_are_described(client):
    document = client.get("/openapi.json").json()
    for path in ("/predict", "/api/transcribe"):
        operation = document["paths"][path]
        assert list(operation) == ["post"]
        assert set(operation["post"]["responses"]) >= {"200", "400", "405", "408", "413", "415", "422", "503"}
        assert {"multipart/form-data"} <= set(operation["post"]["requestBody"]["content"])
    described = {
        parameter["name"]: parameter["schema"] for parameter in document["paths"]["/predict"]["post"]["parameters"]
    }
    created = events_of(client.post("/predict", content=audio()))[0]
    assert set(described) == set(created["settings"]) - set(OF_SOCKETS)
    assert described["endpoint_silence_ms"]["maximum"] == 2000


# Slots, and clients that leave.


def open_socket(running):
    return socket.create_connection(("127.0.0.1", running.port), timeout=20)


@pytest.fixture(scope="module")
def one_slot(tmp_path_factory, tiny_release):
    """A server with one slot and without words; the last test of this file stops it."""
    log = tmp_path_factory.mktemp("narrow") / "server.log"
    with running_server(tiny_release, log, "--max-uploads", "1", "--asr-model", "none") as running:
        yield running


@pytest.fixture
def narrow(one_slot):
    wait_for_a_slot(one_slot)
    return one_slot


@pytest.fixture(scope="module")
def long_file(samples):
    """Minutes of speech, which take the server a while."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.tile(read(samples / "04_sad.flac"), 400), 16_000, format="WAV")
    return buffer.getvalue()


def test_a_recording_takes_a_slot_and_one_without_a_slot_is_told_when_to_come_back(narrow, long_file):
    with httpx.stream("POST", narrow.url + "/predict", content=long_file, timeout=60, trust_env=False) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines))["type"] == "session.created"
        refused = httpx.post(narrow.url + "/predict", content=audio(), trust_env=False)
        assert fault_of(refused) == (503, "server_full")
        assert int(refused.headers["retry-after"]) > 0
    wait_for_a_slot(narrow)


def test_a_client_that_hangs_up_in_its_upload_frees_its_slot_and_its_temporary_file(narrow, long_file):
    head = f"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: {len(long_file)}\r\n\r\n"
    with open_socket(narrow) as plain:
        plain.sendall(head.encode() + long_file[:3_000_000])
        wait_until(lambda: deleted_files(narrow), "the upload was never stored")
        answer = httpx.post(narrow.url + "/predict", content=audio(), trust_env=False)
        assert fault_of(answer) == (503, "server_full")
    wait_for_a_slot(narrow)
    assert not deleted_files(narrow)


def test_a_client_that_hangs_up_in_the_answer_frees_its_slot_at_once_whenever_it_does(narrow, long_file):
    for heard_lines in range(1, 9):
        with httpx.stream("POST", narrow.url + "/predict", content=long_file, timeout=60, trust_env=False) as answer:
            lines = answer.iter_lines()
            for _ in range(heard_lines):
                next(lines)
        wait_for_a_slot(narrow)
    assert not deleted_files(narrow)


def deleted_files(running):
    """Return the files of more than a megabyte without a name that the server's processes have open."""
    processes = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    links = [link for process in processes for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    return [link for link in links if link.exists() and is_deleted(link) and link.stat().st_size > 1_000_000]


def is_deleted(link):
    try:
        return str(link.readlink()).endswith("(deleted)") and "/dev/shm" not in str(link.readlink())
    except OSError:
        return False


def wait_for_a_slot(running):
    def admitted():
        return httpx.post(running.url + "/predict", content=audio(), trust_env=False).status_code == 200

    wait_until(admitted, "the slot was not freed", within_s=5.0)  # the whole of the long file takes longer


def wait_until(condition, complaint, within_s=20.0):
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, complaint
        time.sleep(0.05)


def test_a_server_that_goes_down_answers_what_it_heard_and_says_so_in_the_last_lines(narrow, long_file):
    with httpx.stream("POST", narrow.url + "/predict", content=long_file, timeout=60, trust_env=False) as answer:
        lines = answer.iter_lines()
        events = [json.loads(next(lines)) for _ in range(5)]
        narrow.process.terminate()
        events += [json.loads(line) for line in lines]
    assert [event["type"] for event in events[-2:]] == ["error", "session.closed"]
    assert events[-2]["code"] == events[-1]["reason"] == "server_draining"
    started = [event["utterance_id"] for event in events if event["type"] == "speech.started"]
    assert started == [event["utterance_id"] for event in events if event["type"] == "utterance.final"]
