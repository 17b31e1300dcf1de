"""`undertone listen` on a real sound server: a microphone and a speaker, and a clip played into them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import soundfile

from undertone.audio_file import read
from undertone.devices import Device, DeviceError, choose

# A speaker, and a microphone that hears what is played into a second speaker: its `room`.
MODULES = (
    "module-null-sink sink_name=speaker sink_properties=device.description=Speaker",
    "module-null-sink sink_name=room sink_properties=device.description=Room",
    "module-remap-source source_name=mic master=room.monitor source_properties=device.description=Mic",
)
HEADSET = Device("usb-1", "Headset One", is_loopback=False, is_default=True)
OTHER = Device("usb-2", "Headset Two", is_loopback=False, is_default=False)
SPEAKER = Device("hdmi.monitor", "Monitor of HDMI", is_loopback=True, is_default=True)


class SoundServer:
    """A running PulseAudio of our own; `environment` lets a program find it."""

    def __init__(self, folder):
        address = f"unix:{folder}/native"
        self.environment = {**os.environ, "PULSE_SERVER": address, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
        load = ("module-native-protocol-unix socket=" + f"{folder}/native", *MODULES)
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += [part for module in load for part in ("-L", module)]
        self.process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        ends_s = time.monotonic() + 20
        while "mic" not in self.run("pactl", "list", "short", "sources").stdout:
            assert time.monotonic() < ends_s, "the sound server does not come up"
            time.sleep(0.1)

    def run(self, *command):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)

    def recorders(self):
        """Return how many programs record something here."""
        return len(self.run("pactl", "list", "short", "source-outputs").stdout.splitlines())

    def undertone(self, *arguments):
        """Return `undertone listen` after its end."""
        return self.run(sys.executable, "-m", "serving.cli.main", "listen", *arguments)

    @contextmanager
    def listening(self, *arguments):
        """Give `undertone listen --json` that has begun."""
        command = [sys.executable, "-m", "serving.cli.main", "listen", "--json", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=self.environment, **pipes) as process:
            try:
                assert json.loads(process.stdout.readline())["type"] == "session.created"
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="module")
def clip(samples, tmp_path_factory):
    """A sentence and a second of silence as a file of 48 kHz stereo would be: paplay takes any."""
    path = tmp_path_factory.mktemp("clip") / "clip.wav"
    soundfile.write(path, read(samples / "04_sad.flac"), 16_000)
    return path


@pytest.fixture
def sound(tmp_path):
    if not shutil.which("pulseaudio") or not shutil.which("paplay"):
        pytest.skip("no pulseaudio on this machine: apt-get install pulseaudio pulseaudio-utils")
    server = SoundServer(tmp_path)
    yield server
    server.process.kill()
    server.process.wait()


def until(process, kind):
    """Return the messages up to the first of `kind`."""
    messages = []
    while not messages or messages[-1]["type"] != kind:
        messages.append(json.loads(process.stdout.readline()))
    return messages


@pytest.mark.parametrize(("place", "options"), [("room", ["--device", "mic"]), ("speaker", ["--loopback"])])
def test_what_is_said_into_a_microphone_or_played_by_a_speaker_is_judged(server, sound, clip, place, options):
    with sound.listening("--url", server.ws_url, *options) as process:
        sound.run("paplay", f"--device={place}", str(clip))
        messages = until(process, "utterance.final")
        process.send_signal(signal.SIGINT)  # the first Ctrl-C: in order
        messages += until(process, "session.closed")
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""
    finals = [message for message in messages if message["type"] == "utterance.final"]
    spoken_ms = finals[0]["end_ms"] - finals[0]["start_ms"]
    assert spoken_ms == pytest.approx(1836, abs=700)
    assert finals[0]["client_latency_ms"] > 0
    assert "mood" in {message["type"] for message in messages}


def test_devices_are_listed_and_one_that_is_not_there_is_named_with_those_that_are(sound):
    listed = sound.undertone("--list-devices")
    assert listed.returncode == 0
    assert [line.split(maxsplit=2) for line in listed.stdout.splitlines() if line.startswith("*")] == [
        ["*", "microphone", "Mic"],
        ["*", "loopback", "Monitor of Speaker"],
    ]
    assert "  loopback    Monitor of Room" in listed.stdout
    missing = sound.undertone("--device", "trumpet")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr == "undertone listen: 'trumpet' is no microphone: 'Mic'\n"


def test_it_ends_by_itself_after_the_seconds_asked_for_and_shows_the_table(server, sound):
    done = sound.undertone("--url", server.ws_url, "--seconds", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Mic: 0 utterances" in done.stdout


def test_a_microphone_is_given_back_before_anything_else_happens(sound):
    program = """if True:
        import asyncio
        from undertone.devices import Microphone, all_devices, choose

        async def hear():
            async with Microphone(choose(all_devices()), 4_000):  # pieces of 250 ms: it is in one
                print("begun", flush=True)
                input()
            print("left", flush=True)
            input()

        asyncio.run(hear())
    """
    idle = sound.recorders()  # `mic` itself records `room`
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program, "its name"], env=sound.environment, **pipes) as process:
        assert process.stdout.readline() == "begun\n"
        assert sound.recorders() == idle + 1
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "left\n"
        assert sound.recorders() == idle
        assert process.communicate("\n", timeout=20) == ("", "")
        assert process.returncode == 0


def test_a_sound_server_that_goes_away_is_said_in_one_line(server, sound):
    with sound.listening("--url", server.ws_url) as process:
        sound.process.kill()
        assert process.wait(timeout=30) == 1
        (told,) = process.stderr.read().splitlines()
    assert told.startswith("undertone listen: Mic cannot be recorded from")


def test_without_a_sound_system_that_is_said_in_one_line(tmp_path):
    environment = {**os.environ, "PULSE_SERVER": f"unix:{tmp_path}/nobody"}
    command = [sys.executable, "-m", "serving.cli.main", "listen"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    (told,) = done.stderr.splitlines()
    assert told.startswith("undertone listen: there is no sound system here")


@pytest.mark.fast
def test_a_device_is_chosen_by_a_part_of_its_name_or_by_default_and_never_a_loopback_for_a_microphone():
    devices = [HEADSET, OTHER, SPEAKER]
    assert choose(devices) is HEADSET
    assert choose(devices, "two") is OTHER
    assert choose(devices, "usb-2") is OTHER
    assert choose(devices, loopback=True) is SPEAKER
    with pytest.raises(DeviceError, match="'headset' is more than one microphone: 'Headset One', 'Headset Two'"):
        choose(devices, "headset")
    with pytest.raises(DeviceError, match="'hdmi' is no microphone"):
        choose(devices, "hdmi")
    with pytest.raises(DeviceError, match="there is no microphone; --loopback listens to what this machine plays"):
        choose([SPEAKER])
    with pytest.raises(DeviceError, match="there is no loopback"):
        choose([HEADSET], loopback=True)
